"""The supervisor dies by `kill -9` at bad moments: one Slurm job, one payment, the whole log.

These tests have a grid of their own, so that no other test meets a supervisor that is away.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.e2e.workflows import host_job
from tests.support.grid import Actor, ended, log_of, new_actor, settlements, slurm_jobs, wait_for
from tools.devnet.grid import Devnet
from tools.devnet.scratch import scratch_folder
from tools.devnet.waiting import wait_until

from deepsquare import Job
from deepsquare.chain import JobStatus

COUNT = "for i in $(seq 1 60); do echo line $i; sleep 0.1; done"
LINES = [f"line {number}" for number in range(1, 61)]


@pytest.fixture(scope="module")
def own_grid() -> Iterator[Devnet]:
    with scratch_folder() as folder, Devnet(folder) as running:
        yield running


@pytest.fixture
def customer(own_grid: Devnet, tmp_path: Path) -> Iterator[Actor]:
    with ExitStack() as opened:
        yield new_actor(own_grid, opened, tmp_path)


def _check_one_of_each(grid: Devnet, job: Job) -> None:
    result = ended(job)
    assert result.status is JobStatus.FINISHED, result.tail
    assert [line for line in log_of(job) if line.startswith("line ")] == LINES
    assert len(slurm_jobs(grid, job.id)) == 1
    [settled] = settlements(grid, job.id)
    assert settled.provider_amount == result.bill.parts.provider_wei
    assert result.bill.parts.minutes == 1


def test_supervisor__killed_while_a_job_runs__goes_on_with_it(
    own_grid: Devnet, customer: Actor
) -> None:
    """faults.md A10, A11."""
    job = customer.submit(host_job(COUNT))
    wait_for(job, JobStatus.RUNNING)
    next(line for line in job.logs(follow=True) if line == "line 5")
    own_grid.supervisor.daemon.kill()
    own_grid.supervisor.start()
    _check_one_of_each(own_grid, job)


def test_supervisor__killed_right_after_sbatch__adopts_the_batch(
    own_grid: Devnet, customer: Actor
) -> None:
    """faults.md A6."""
    job = customer.submit(host_job(COUNT))
    wait_until(
        lambda: bool(slurm_jobs(own_grid, job.id)),
        what="batch submitted",
        timeout_s=30,
        poll_s=0.01,
    )
    own_grid.supervisor.daemon.kill()
    own_grid.supervisor.start()
    _check_one_of_each(own_grid, job)


def test_supervisor__away_until_the_job_has_ended__reports_its_real_end(
    own_grid: Devnet, customer: Actor
) -> None:
    """faults.md A11."""
    job = customer.submit(host_job(COUNT + "; exit 7"))
    wait_for(job, JobStatus.RUNNING)
    own_grid.supervisor.daemon.kill()
    name = f" Name={job.id} "
    wait_until(
        lambda: name in own_grid.slurm.completion_log.read_text(), what="batch ended", timeout_s=120
    )
    own_grid.supervisor.start()
    result = ended(job)
    assert (result.status, result.exit_code) == (JobStatus.FAILED, 7)
    assert [line for line in log_of(job) if line.startswith("line ")] == LINES
    assert len(settlements(own_grid, job.id)) == 1
