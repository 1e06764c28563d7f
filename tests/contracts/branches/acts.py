"""Steps that bring a grid to where a branch begins."""

from collections.abc import Iterable

from tests.contracts.branches.facts import CAP, money
from tests.contracts.conformance.stage import CREDIT, CUSTOMER, DEFINITION, PROVIDER, Stage
from tests.contracts.invariants.revm import read
from tests.contracts.invariants.world import DEPLOYER, OPERATOR, SCHEDULER, STRANGER

from deepsquare.chain import events as ev
from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain.call import Call
from deepsquare.identifiers import Address, JobId


def disable_requests(stage: Stage) -> None:
    stage.must(DEPLOYER, stage.world.meta_scheduler.set_enable_request_new_job(is_enabled=False))


def expel(stage: Stage, *, is_removed: bool) -> None:
    """Let the operator remove or ban the provider."""
    providers = stage.world.providers
    stage.must(OPERATOR, providers.remove(PROVIDER) if is_removed else providers.ban(PROVIDER))


def give_the_customer_all_credits(stage: Stage) -> None:
    """Mint up to the cap, and let everybody hand over what they own."""
    credit = stage.world.credit
    stage.must(DEPLOYER, credit.mint(CUSTOMER, CAP - read(credit.total_supply())))
    for owner in stage.world.reference().balances:
        stage.must(owner, credit.transfer(CUSTOMER, read(credit.balance_of(owner))))


def leave_the_customer(stage: Stage, owned: int) -> None:
    """Let the customer give away all but so much."""
    spare = money(stage).customer - owned
    stage.must(CUSTOMER, stage.world.credit.transfer(STRANGER, spare))


def a_delegated_job_in(stage: Stage, status: S, locked: int) -> JobId:
    """A job that may be topped up at the cost of its customer."""
    return stage.a_job_in(status, locked, may_top_up=True)


def all_at_once(stage: Stage, sender: Address, calls: Iterable[Call]) -> None:
    stage.must(sender, stage.world.meta_scheduler.multicall(list(calls)))


def many_jobs_in(stage: Stage, status: S, count: int) -> list[JobId]:
    """So many jobs of one hot status, in the order of their requests and claims."""
    meta = stage.world.meta_scheduler
    request = meta.request_new_job(DEFINITION, 100 * CREDIT)
    requested = stage.must(CUSTOMER, meta.multicall([request] * count)).events
    jobs = [event.job_id for event in requested if isinstance(event, ev.NewJobRequestEvent)]
    if status >= S.META_SCHEDULED:
        all_at_once(stage, SCHEDULER, (meta.meta_schedule(job, PROVIDER) for job in jobs))
    if status >= S.SCHEDULED:
        all_at_once(stage, PROVIDER, [meta.claim_next_job()] * count)
    if status >= S.RUNNING:
        all_at_once(stage, PROVIDER, (stage.report_call(job, S.RUNNING) for job in jobs))
    return jobs
