"""A running grid, and customers who act on it through the SDK and the real command line."""

import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from tools.devnet.customers import Customer
from tools.devnet.grid import Devnet
from tools.devnet.scratch import scratch_folder
from tools.devnet.slurm import Layout
from tools.devnet.waiting import wait_until

from deepsquare import Client, Job, JobResult, Workflow
from deepsquare.amounts import parse_credits
from deepsquare.chain import Grid, JobStatus
from deepsquare.chain.events import JobSettled, Transfer, decode_event, topic_of
from deepsquare.chain.logs import LogFilter, RawLog
from deepsquare.identifiers import JobId, job_id_to_bytes
from deepsquare.keys import Key

START_CREDITS = parse_credits(1000)
ROOMY = Layout(cpus_per_node=4, kill_wait_s=10)
"""Eight CPUs to claim, so that jobs of several tests fit beside each other."""


@dataclass(frozen=True)
class Actor:
    """A customer with a folder of their own and an open client."""

    customer: Customer
    client: Client
    folder: Path

    def submit(self, workflow: str, *, minutes: int = 10, name: str = "") -> Job:
        """Submit through the SDK and return once the job is on chain."""
        return self.client.submit(Workflow.from_text(workflow), minutes=minutes, name=name)

    def cli_submit(
        self, workflow: str, *options: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Submit through the command line."""
        file = self.folder / "workflow.yaml"
        file.write_text(workflow)
        return self.customer.run("submit", str(file), "--yes", *options, environment=environment)

    def credits_wei(self) -> int:
        """Return what is in the wallet now."""
        return self.client.balance().credits_wei


Hire = Callable[[], Actor]
"""Makes a new customer with `START_CREDITS`."""


@pytest.fixture(scope="session")
def grid() -> Iterator[Devnet]:
    """The grid that tests share; a test that hurts a service starts one of its own."""
    with scratch_folder() as folder, Devnet(folder, layout=ROOMY) as running:
        yield running


@pytest.fixture
def hire(grid: Devnet, tmp_path: Path) -> Iterator[Hire]:
    """Make customers of the shared grid."""
    with ExitStack() as opened:
        yield lambda: new_actor(grid, opened, tmp_path)


@pytest.fixture
def actor(hire: Hire) -> Actor:
    """A new customer of the shared grid."""
    return hire()


def new_actor(grid: Devnet, opened: ExitStack, folder: Path) -> Actor:
    """Make a customer whose client closes with ``opened``."""
    customer = grid.new_customer(credits_wei=START_CREDITS)
    key = Key(bytes(customer.account.key))
    client = opened.enter_context(Client(grid.client_settings(), key=key))
    own = folder / customer.address
    own.mkdir()
    return Actor(customer, client, own)


def wait_for(job: Job, status: JobStatus, *, timeout_s: float = 120) -> None:
    """Wait until a job has this status on chain."""
    wait_until(
        lambda: job.state().status is status,
        what=f"job {job.id} {status.name}",
        timeout_s=timeout_s,
        poll_s=0.2,
    )


def ended(job: Job, *, timeout_s: float = 180) -> JobResult:
    """Return how a job ended; raises `WaitTimeout` rather than let a test hang."""
    return job.wait(timeout=timedelta(seconds=timeout_s))


def log_of(job: Job) -> list[str]:
    """Return the lines of a job's complete log."""
    return list(job.logs(follow=True))


def settlements(grid: Devnet, job_id: JobId) -> list[JobSettled]:
    """Return every settlement of a job: there must be one at most."""
    wanted = [topic_of(JobSettled), job_id_to_bytes(job_id)]
    return [event for event in _events(grid, wanted) if isinstance(event, JobSettled)]


def payments(grid: Devnet, job: Job) -> dict[str, int]:
    """Return what the escrow paid to whom in the block in which a job ended, in credit-wei."""
    escrow = grid.chain.meta_scheduler
    block = job.state().job.time.block_number_state_change
    found = [e for e in _events(grid, [topic_of(Transfer)], block) if isinstance(e, Transfer)]
    return {event.to: event.value for event in found if event.from_ == escrow}


def _events(grid: Devnet, topics: list[bytes], block: int | None = None) -> list[object]:
    async def read(contracts: Grid) -> list[RawLog]:
        last = block or (await contracts.head()).number
        return await contracts.rpc.get_logs(LogFilter([], block or 0, last, topics))

    return [decode_event(log) for log in grid.chain.ask(read)]


def slurm_jobs(grid: Devnet, job_id: JobId) -> list[str]:
    """Return the Slurm ids of every batch of a job that Slurm has ever had."""
    ended = [
        line.split()[0].removeprefix("JobId=")
        for line in grid.slurm.completion_log.read_text().splitlines()
        if f" Name={job_id} " in line
    ]
    waiting = grid.slurm.run("squeue", "--noheader", f"--name={job_id}", "--format=%A").split()
    return sorted({*ended, *waiting})
