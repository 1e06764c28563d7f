"""Submitting a workflow: check, upload, lock credits in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from deepsquare._client.errors import NoCreditsGiven
from deepsquare._client.quoting import Quote, quote
from deepsquare._client.references import recent_ids
from deepsquare._client.session import Session
from deepsquare._client.spending import (
    PERMIT_LIFE_S,
    Balance,
    check_amount,
    check_balance,
    read_balance,
)
from deepsquare._client.workflow_source import Workflow
from deepsquare.amounts import Wei
from deepsquare.api import StoredWorkflow
from deepsquare.chain import Affinity, Call, Grid, JobDefinition, Label, StorageType
from deepsquare.chain.contracts.meta_scheduler import job_name_to_bytes
from deepsquare.chain.events import NewJobRequestEvent, decode_event
from deepsquare.chain.transactions import Receipt
from deepsquare.errors import Broken, DeepSquareError
from deepsquare.identifiers import JobId
from deepsquare.pricing import lock_for_minutes

REPEATS_SEARCHED = 50
"""The newest jobs of an account among which a repeated submission is looked for."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a customer wants to be submitted, and for how much.

    Give ``locked_wei``, or ``minutes`` to lock what these cost at the dearest provider that fits,
    and at least the grid's minimum. The same ``idempotency_key`` never makes a second job.
    """

    workflow: Workflow
    idempotency_key: str
    locked_wei: Wei | None = None
    minutes: int | None = None
    name: str = ""
    uses: Sequence[Label] = ()
    affinity: Sequence[Affinity] = ()
    may_top_up: bool = False
    signs_permit: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """An order that was checked: everything fits, nothing was sent."""

    order: Order
    locked_wei: Wei
    quote: Quote
    balance: Balance = field(repr=False)


@dataclass(frozen=True, slots=True)
class Submitted:
    """A job on chain; ``block`` is where it was requested."""

    job_id: JobId
    block: int


async def check(session: Session, order: Order) -> Plan:
    """Check all that can be checked before anything is sent.

    Raises `WorkflowInvalid`, `InvalidJobName`, `NoProvider`, `CreditsTooLow`,
    `InsufficientCredits`, `OutOfGasMoney`, `AllowanceTooLow`.
    """
    job_name_to_bytes(order.name)
    definition = local_definition(order)
    grid = await session.grid()
    offers = await quote(grid, definition, minutes=order.minutes)
    locked = amount_to_lock(offers, locked_wei=order.locked_wei, minutes=order.minutes)
    check_amount(offers, locked)
    balance = await read_balance(grid, session.account)
    check_balance(balance, locked, signs_permit=order.signs_permit)
    return Plan(order, locked, offers, balance)


def amount_to_lock(offers: Quote, *, locked_wei: Wei | None, minutes: int | None) -> Wei:
    """Return the amount given, or what the minutes cost at the dearest offer.

    The latter is at least the grid's minimum. Raises `NoCreditsGiven` if neither is given.
    """
    if locked_wei is not None:
        return locked_wei
    if minutes is None:
        raise NoCreditsGiven
    dearest = max((offer.cost_per_minute_wei for offer in offers.offers), default=0)
    return max(lock_for_minutes(minutes, dearest), offers.minimum_wei)


async def submit(session: Session, plan: Plan) -> Submitted:
    """Upload the workflow, then lock the credits and request the job in one transaction.

    The upload comes first: without the sbatch API nothing is locked (faults.md D1). The permit is
    signed before the chain is asked for an earlier try: if one is mined after that, the permit's
    nonce is used up and this try reverts. When a try fails, the chain is asked again.
    """
    order = plan.order
    api = await session.api()
    stored = await api.submit(order.workflow.document, idempotency_key=order.idempotency_key)
    grid = await session.grid()
    call = await _request_call(session, plan, stored)
    if known := await _find_repeat(session, grid, stored):
        return Submitted(known, plan.balance.block.number)
    try:
        receipt = await (await session.sender()).send(call)
    except DeepSquareError:
        known = await _find_repeat(session, grid, stored)
        if known is None:
            raise
        return Submitted(known, plan.balance.block.number)
    return submitted_by(receipt)


async def _find_repeat(session: Session, grid: Grid, stored: StoredWorkflow) -> JobId | None:
    """Return the account's job with this very script; each submission renders another one."""
    block = await grid.head()
    ids = await recent_ids(grid, session.account, limit=REPEATS_SEARCHED, at=block)
    jobs = await grid.jobs.get_many(ids, at=block)
    same = [
        j.job_id for j in jobs if j.definition.batch_location_hash == stored.batch_location_hash
    ]
    return same[-1] if same else None


async def _request_call(session: Session, plan: Plan, stored: StoredWorkflow) -> Call:
    grid, order = await session.grid(), plan.order
    definition = _definition(order, stored)
    request = grid.meta_scheduler.request_new_job(
        definition, plan.locked_wei, name=order.name, may_top_up=order.may_top_up
    )
    return await with_permit(session, plan.balance, request, amount_wei=plan.locked_wei)


async def with_permit(session: Session, balance: Balance, call: Call, *, amount_wei: Wei) -> Call:
    """Return a call that also signs for the amount it takes, where the allowance is too low.

    What was allowed before stays allowed after: delegated top-ups live on it.
    """
    if balance.allowance_wei >= amount_wei:
        return call
    from deepsquare.chain.permit import sign_permit  # noqa: PLC0415 - only to write

    grid = await session.grid()
    permit = await sign_permit(
        grid.credit,
        session.signer,
        spender=grid.meta_scheduler.address,
        value_wei=balance.allowance_wei + amount_wei,
        deadline=balance.block.timestamp + PERMIT_LIFE_S,
    )
    return grid.meta_scheduler.multicall([grid.meta_scheduler.self_permit(permit), call])


def submitted_by(receipt: Receipt) -> Submitted:
    """Return the job of the mined transaction's own event, never of a simulation."""
    for log in receipt.logs:
        event = decode_event(log)
        if isinstance(event, NewJobRequestEvent):
            return Submitted(event.job_id, receipt.block_number)
    raise Broken(f"transaction {receipt.transaction_hash} was mined without requesting a job")


def local_definition(order: Order) -> JobDefinition:
    """Return the definition for quoting, from the workflow itself; it has no script yet."""
    resources = order.workflow.parsed.job.resources
    return JobDefinition(
        gpus=resources.gpus,
        mem_per_cpu=resources.mem_per_cpu,
        cpus_per_task=resources.cpus_per_task,
        ntasks=resources.tasks,
        batch_location_hash="",
        storage_type=StorageType.ANY,
        uses=tuple(order.uses),
        affinity=tuple(order.affinity),
    )


def _definition(order: Order, stored: StoredWorkflow) -> JobDefinition:
    """Return the definition for the chain; the server's resources must be the document's."""
    local = local_definition(order)
    asked = (local.ntasks, local.cpus_per_task, local.mem_per_cpu, local.gpus)
    answer = stored.resources
    if asked != (answer.tasks, answer.cpus_per_task, answer.mem_per_cpu_mb, answer.gpus):
        raise Broken("the sbatch API answered other resources than the workflow asks for")
    return replace(local, batch_location_hash=stored.batch_location_hash)
