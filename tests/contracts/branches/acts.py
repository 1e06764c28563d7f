"""Steps that bring a grid to where a branch begins."""

from tests.contracts.branches.facts import CAP, money
from tests.contracts.conformance.stage import CUSTOMER, Stage
from tests.contracts.invariants.revm import read
from tests.contracts.invariants.world import DEPLOYER, STRANGER

from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.identifiers import JobId


def disable_requests(stage: Stage) -> None:
    stage.must(DEPLOYER, stage.world.meta_scheduler.set_enable_request_new_job(is_enabled=False))


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
    job_id = stage.request(locked, may_top_up=True)
    if status >= S.META_SCHEDULED:
        stage.assign(job_id)
    if status >= S.SCHEDULED:
        stage.claim()
    if status >= S.RUNNING:
        stage.start(job_id)
    if status > S.RUNNING:
        assert stage.report(job_id, status).error is None
    return job_id
