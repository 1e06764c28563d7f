"""Two customers at once on one provider: separate Unix accounts, and nothing to read."""

import pwd
from pathlib import Path

import pytest
from tests.e2e.workflows import host_job
from tests.support.grid import Actor, Hire, ended, log_of, slurm_jobs, wait_for
from tools.devnet.grid import Devnet
from tools.devnet.waiting import wait_until

from deepsquare import Job
from deepsquare.chain import JobStatus

SECRET = "the launch code is 0000"
KEEP_A_SECRET = f'umask 0; echo "{SECRET}" | tee "$STORAGE_PATH/secret"; sleep 600'


@pytest.fixture
def victim(hire: Hire) -> Actor:
    return hire()


@pytest.fixture
def running(victim: Actor, grid: Devnet) -> Job:
    """A job of the victim that holds a secret in its storage and its log."""
    job = victim.submit(host_job(KEEP_A_SECRET))
    wait_for(job, JobStatus.RUNNING)
    wait_until(lambda: bool(_found(grid, "secret")), what="the secret is written", timeout_s=20)
    return job


def _found(grid: Devnet, name: str) -> list[Path]:
    return list((grid.folder / "site").rglob(name))


def _files_of(grid: Devnet, job: Job) -> list[Path]:
    """Everything of the job that root can find: storage, log, script."""
    [slurm_id] = slurm_jobs(grid, job.id)
    scripts = list((grid.folder / "spool").rglob(f"job{int(slurm_id):05d}/slurm_script"))
    logs = [path for path in _found(grid, "*") if path.is_file() and _holds(path, SECRET)]
    assert scripts
    assert len(logs) >= 2, "the secret is in the storage and in the log"
    return [*logs, *scripts]


def _holds(path: Path, text: str) -> bool:
    return text in path.read_text(errors="replace")


def test_two_customers__at_once__cannot_read_each_other(
    victim: Actor, running: Job, hire: Hire, grid: Devnet
) -> None:
    files = _files_of(grid, running)
    attempts = "\n".join(f"cat '{path}' 2>&1" for path in files)
    thief = hire()
    job = thief.submit(host_job(f"id -u\n{attempts}\necho done"))
    assert ended(job).status is JobStatus.FINISHED
    log = log_of(job)
    assert "done" in log
    assert sum(line.endswith("Permission denied") for line in log) == len(files)
    assert SECRET not in "\n".join(log)

    [thief_uid] = [int(line) for line in log if line.isdigit()]
    victim_uid = files[0].stat().st_uid
    assert thief_uid != victim_uid
    assert pwd.getpwuid(victim_uid).pw_gecos.startswith(victim.customer.address)
    running.cancel()


def test_log__of_somebody_else__is_not_found(running: Job, hire: Hire) -> None:
    done = hire().customer.run("logs", running.id)
    assert done.returncode == 4
    assert SECRET not in done.stdout
    running.cancel()
