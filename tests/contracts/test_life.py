"""The lives a job can have, end to end (protocol.md 3 and 4)."""

from tests.contracts.grid import CREDIT, ContractGrid

from deepsquare.chain._generated.enums import JobStatus


def test_life__finished_in_time__pays_provider_fee_and_refund(grid: ContractGrid) -> None:
    people = grid.people
    grid.join(people.provider)
    job_id = grid.a_job(3)
    grid.wait(30 * 60)

    receipt = grid.report(job_id, JobStatus.FINISHED, 30, exit_code=0)

    assert grid.settlement(receipt) == (24 * CREDIT, 6 * CREDIT, 970 * CREDIT)
    assert grid.credit.balanceOf(people.provider) == 24 * CREDIT
    assert grid.credit.balanceOf(people.customer) == 970 * CREDIT
    assert grid.meta.accruedFees() == 6 * CREDIT
    assert grid.meta.totalEscrow() == 0
    job = grid.jobs.get(job_id)
    assert job.status == JobStatus.FINISHED
    assert job.cost.finalCost == 30 * CREDIT
    assert job.time.end - job.time.start == 30 * 60
