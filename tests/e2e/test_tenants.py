"""Two customers at once on one provider: separate Unix accounts, and nothing to read."""

import asyncio
import pwd
import secrets
from pathlib import Path

import pytest
from tests.e2e.workflows import host_job
from tests.support.grid import Actor, Hire, ended, log_of, slurm_jobs, wait_for
from tools.devnet.grid import Devnet
from tools.devnet.waiting import wait_until

from deepsquare import Job
from deepsquare.api import NotFound, SbatchApi
from deepsquare.chain import JobStatus
from deepsquare.identifiers import BatchLocationHash
from deepsquare.keys import Key

SECRET = f"the launch code is {secrets.token_hex(8)}"
KEEP_A_SECRET = f'umask 0; echo "{SECRET}" | tee "$STORAGE_PATH/secret"; sleep 600'


@pytest.fixture
def victim(hire: Hire) -> Actor:
    return hire()


@pytest.fixture
def running(victim: Actor, grid: Devnet) -> Job:
    """A job of the victim that holds the secret in its storage and its log."""
    job = victim.submit(host_job(KEEP_A_SECRET))
    wait_for(job, JobStatus.RUNNING)
    wait_until(lambda: _is_out(_telltales(victim, grid)), what="secret written", timeout_s=30)
    return job


def _is_out(telltales: list[Path]) -> bool:
    """Tell whether the secret has reached the storage and, through Slurm, the log."""
    return any(path.name == "secret" for path in telltales) and any(
        path.parent.name == "logs" for path in telltales
    )


def _telltales(owner: Actor, grid: Devnet) -> list[Path]:
    """Return the files of a customer at the site that hold the secret; root sees them all."""
    homes = (grid.folder / "site").glob(f"w{owner.customer.address[2:33].lower()}*")
    files = [path for home in homes for path in home.rglob("*") if path.is_file()]
    return [path for path in files if SECRET in path.read_text(errors="replace")]


def _script_of(job: Job, grid: Devnet) -> Path:
    """Return the script where slurmd runs it."""
    [slurm_id] = slurm_jobs(grid, job.id)
    [script] = (grid.folder / "spool").rglob(f"job{int(slurm_id):05d}/slurm_script")
    return script


def test_two_customers__at_once__cannot_read_each_other(
    victim: Actor, running: Job, hire: Hire, grid: Devnet
) -> None:
    files = [*_telltales(victim, grid), _script_of(running, grid)]
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


def test_script__of_somebody_else__is_not_found(running: Job, hire: Hire, grid: Devnet) -> None:
    thief = Key(bytes(hire().customer.account.key))
    wanted = BatchLocationHash(running.state().job.definition.batch_location_hash)

    async def fetch() -> bytes:
        chain_id = grid.chain.chain_id
        async with SbatchApi(grid.sbatch_api.url, signer=thief, chain_id=chain_id) as api:
            return await api.fetch_script(wanted, job_id=running.id)

    with pytest.raises(NotFound):
        asyncio.run(fetch())
    running.cancel()


def test_log__of_somebody_else__is_not_found(running: Job, hire: Hire) -> None:
    done = hire().customer.run("logs", running.id)
    assert done.returncode == 4
    assert SECRET not in done.stdout
    running.cancel()
