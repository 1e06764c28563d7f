"""The ordinary ways through, with doubles."""

from tests.supervisor.doubles import SCRIPT
from tests.supervisor.site import JOB, Site

from deepsquare.chain import JobStatus
from deepsquare_supervisor.domain.batch import BatchState, SlurmId
from deepsquare_supervisor.domain.claim import Standing
from deepsquare_supervisor.domain.job import Phase


async def started(site: Site) -> None:
    await site.queued()
    site.slurm.start()
    site.output.files[SlurmId(1)] = b"hello\n"
    await site.ticks(2)


async def test_job__runs_to_success__is_reported_once_with_its_log(site: Site) -> None:
    await started(site)
    assert site.chain.standing(JOB) is Standing.RUNNING
    site.clock.pass_s(180)
    site.slurm.end()
    await site.ticks(8)
    contract = site.chain.contracts[JOB]
    assert contract.status is JobStatus.FINISHED
    assert contract.ending is not None
    assert contract.ending.minutes == 3
    assert contract.reports == 1
    assert bytes(site.api.logs[JOB]) == b"hello\n"
    assert JOB in site.api.ended
    assert site.job().phase is Phase.CLOSED
    assert site.slurm.requests[0].script == SCRIPT


async def test_job__step_fails__is_failed_with_the_raw_wait_status(site: Site) -> None:
    await started(site)
    site.slurm.end(state=BatchState.FAILED, code=3)
    await site.ticks(3)
    ending = site.chain.contracts[JOB].ending
    assert ending is not None
    assert (ending.status, ending.exit_status, ending.reason) == (
        JobStatus.FAILED,
        3 << 8,
        "exit code 3",
    )


async def test_cancel__while_running__terminates_then_cancels_then_reports(site: Site) -> None:
    await started(site)
    site.chain.request_cancel(JOB)
    await site.ticks(1)
    assert site.slurm.terminated == [1]
    assert site.slurm.cancelled == []
    await site.ticks(1, every_s=30)
    assert site.slurm.cancelled == [1]
    await site.ticks(3)
    assert site.slurm.terminated == [1]
    assert site.chain.contracts[JOB].status is JobStatus.CANCELLED
    assert site.chain.contracts[JOB].reports == 1


async def test_cancel__while_queued__removes_the_batch_and_reports_nothing(site: Site) -> None:
    await site.queued()
    site.chain.request_cancel(JOB)
    await site.ticks(6)
    assert site.slurm.live_count() == 0
    assert site.chain.contracts[JOB].reports == 0
    assert site.job().phase is Phase.CLOSED


async def test_top_up__while_running__sets_the_limit_to_the_paid_total(site: Site) -> None:
    await started(site)
    site.chain.top_up(JOB, 7)
    await site.ticks(2)
    assert site.slurm.batches[SlurmId(1)].limit_minutes == 17
