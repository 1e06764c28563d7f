"""Requesting a job once more, with the very script it had."""

from dataclasses import dataclass, field

from deepsquare._client.quoting import Quote, quote
from deepsquare._client.session import Session
from deepsquare._client.spending import Balance, check_amount, check_balance, read_balance
from deepsquare._client.status import JobState
from deepsquare._client.submission import Submitted, amount_to_lock, submitted_by, with_permit
from deepsquare.amounts import Wei
from deepsquare.errors import Broken
from deepsquare.hashing import batch_location_hash
from deepsquare.identifiers import BatchLocationHash


@dataclass(frozen=True, slots=True)
class RerunPlan:
    """A repetition that was checked: everything fits, nothing was sent."""

    state: JobState
    locked_wei: Wei
    quote: Quote
    balance: Balance = field(repr=False)


async def check_rerun(
    session: Session, state: JobState, *, locked_wei: Wei | None, minutes: int | None
) -> RerunPlan:
    """Check all that a submission checks, and that the sbatch API still has the script.

    Raises `NotFound` when the script is gone: scripts are kept for a day after their last job.
    """
    grid, definition = await session.grid(), state.job.definition
    offers = await quote(grid, definition, minutes=minutes)
    locked = amount_to_lock(offers, locked_wei=locked_wei, minutes=minutes)
    check_amount(offers, locked)
    balance = await read_balance(grid, session.account)
    check_balance(balance, locked, signs_permit=True)
    script_hash = BatchLocationHash(definition.batch_location_hash)
    script = await (await session.api()).fetch_script(script_hash)
    if batch_location_hash(script) != script_hash:
        raise Broken(f"the sbatch API answered another script than {script_hash}")
    return RerunPlan(state, locked, offers, balance)


async def rerun(session: Session, plan: RerunPlan) -> Submitted:
    """Lock the credits and request the job in one transaction; each call makes a new job."""
    grid, job = await session.grid(), plan.state.job
    request = grid.meta_scheduler.request_new_job(
        job.definition,
        plan.locked_wei,
        name=plan.state.name,
        may_top_up=job.cost.delegate_spending_authority,
    )
    call = await with_permit(session, plan.balance, request, amount_wei=plan.locked_wei)
    receipt = await (await session.sender()).send(call)
    return submitted_by(receipt)
