"""A hostile token in Credit's place cannot be paid twice, nor pretend to pay (protocol.md 1.5)."""

import ape
import pytest
from ape.managers.accounts import TestAccountManager
from tests.contracts.grid import CREDIT, JOB_NAME, MINUTE, ContractGrid, a_definition, deploy

from deepsquare.chain._generated.enums import JobStatus
from deepsquare.chain.errors import JobHotStatusOnly


@pytest.fixture(scope="module")
def reentrant(accounts: TestAccountManager) -> ContractGrid:
    return deploy(accounts, "ReentrantCredit")


@pytest.fixture(scope="module")
def lying(accounts: TestAccountManager) -> ContractGrid:
    return deploy(accounts, "LyingCredit")


def running_job_of_the_token(grid: ContractGrid) -> bytes:
    """A running job whose customer is the token, so that it may act on it."""
    token, people = grid.credit, grid.people
    grid.join(people.provider)
    token.transfer(token, 2000 * CREDIT, sender=people.admin)
    approve = token.approve.encode_input(grid.meta, 2000 * CREDIT)
    request = grid.meta.requestNewJob.encode_input(a_definition(), 1000 * CREDIT, JOB_NAME, False)
    token.act(token, approve, sender=people.stranger)
    token.act(grid.meta, request, sender=people.stranger)
    job_id = bytes(grid.jobs.jobIdByCustomer(token, 0))
    grid.assign(job_id)
    grid.claim()
    grid.report(job_id, JobStatus.RUNNING)
    return job_id


@pytest.mark.parametrize("function", ["cancelJob", "expireJob"])
def test_settlement__entered_again_from_its_payment__pays_once(
    reentrant: ContractGrid, function: str
) -> None:
    grid, people = reentrant, reentrant.people
    job_id = running_job_of_the_token(grid)
    grid.wait(30 * MINUTE)
    again = getattr(grid.meta, function).encode_input(job_id)
    grid.credit.arm(grid.meta, again, sender=people.stranger)

    receipt = grid.report(job_id, JobStatus.FINISHED, 30)

    [entered] = receipt.decode_logs(grid.credit.Reentered)
    assert not entered.succeeded
    assert grid.settlement(receipt) == (24 * CREDIT, 6 * CREDIT, 970 * CREDIT)
    assert grid.credit.balanceOf(people.provider) == 24 * CREDIT
    assert grid.credit.balanceOf(grid.meta) == 6 * CREDIT == grid.meta.accruedFees()
    if function == "cancelJob":
        assert bytes(entered.result)[:4] == JobHotStatusOnly.selector


def test_request__from_inside_a_payment__is_an_ordinary_request(reentrant: ContractGrid) -> None:
    grid = reentrant
    job_id = running_job_of_the_token(grid)
    grid.wait(30 * MINUTE)
    request = grid.meta.requestNewJob.encode_input(a_definition(), 500 * CREDIT, JOB_NAME, False)
    grid.credit.arm(grid.meta, request, sender=grid.people.stranger)

    receipt = grid.report(job_id, JobStatus.FINISHED, 30)

    [entered] = receipt.decode_logs(grid.credit.Reentered)
    assert entered.succeeded
    assert grid.meta.totalEscrow() == 500 * CREDIT
    assert grid.credit.balanceOf(grid.meta) == 500 * CREDIT + 6 * CREDIT


def test_lock__that_the_token_only_claims_to_refuse__reverts(lying: ContractGrid) -> None:
    grid, customer = lying, lying.people.customer
    grid.fund(customer, 1000 * CREDIT)
    grid.credit.lie(sender=customer)

    with ape.reverts(grid.meta.SafeERC20FailedOperation):
        grid.meta.requestNewJob(a_definition(), 1000 * CREDIT, JOB_NAME, False, sender=customer)
    assert grid.meta.totalEscrow() == 0
