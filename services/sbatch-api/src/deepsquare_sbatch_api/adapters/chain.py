"""The chain as the sbatch API needs it: jobs, and signatures of accounts."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from deepsquare.chain import BlockRef, Grid, Job, Rpc
from deepsquare.chain.errors import InvalidJob, RpcRefused, RpcUnavailable, WrongGrid
from deepsquare.chain.statuses import ASSIGNED, HOT
from deepsquare.errors import Broken
from deepsquare.identifiers import ZERO_ADDRESS, Address, BatchLocationHash, JobId
from deepsquare_sbatch_api.adapters.sharing import SharedCalls
from deepsquare_sbatch_api.domain.access import JobFacts
from deepsquare_sbatch_api.domain.errors import ChainUnavailable
from deepsquare_sbatch_api.ports.clock import Clock

_REMEMBERED = 10_000


@dataclass(frozen=True)
class Freshness:
    """How old the block of an answer may be, and how long an answer is used again; seconds."""

    max_lag_s: float
    reuse_s: float


class GridAccess:
    """The contracts, found when they are first needed, so that the service starts without them."""

    def __init__(self, rpc: Rpc, *, meta_scheduler: Address, chain_id: int) -> None:
        self._rpc = rpc
        self._meta_scheduler = meta_scheduler
        self._chain_id = chain_id
        self._grid: Grid | None = None

    async def get(self) -> Grid:
        """Return the contracts; raises `WrongGrid` or `RpcUnavailable`."""
        if self._grid is None:
            self._grid = await Grid.connect(self._rpc, self._meta_scheduler, self._chain_id)
        return self._grid


class ChainJobs:
    """`JobDirectory` that reads the job repository at the newest block.

    Requests that come together share one read.
    """

    def __init__(self, grid: GridAccess, *, clock: Clock, freshness: Freshness) -> None:
        self._access = grid
        self._clock = clock
        self._freshness = freshness
        self._calls = SharedCalls()
        self._known: dict[JobId, tuple[float, JobFacts | None]] = {}

    async def find(self, job_id: JobId) -> JobFacts | None:
        """See `JobDirectory.find`."""
        return await self._calls.share(job_id, lambda: self._read(job_id))

    async def recall(self, job_id: JobId) -> JobFacts | None:
        """See `JobDirectory.recall`."""
        known = self._known.get(job_id)
        if known and time.monotonic() - known[0] < self._freshness.reuse_s:
            return known[1]
        return await self.find(job_id)

    async def hot_jobs(self) -> Sequence[JobId]:
        """See `JobDirectory.hot_jobs`; jobs of providers that have left are not listed."""
        with _mapped():
            grid, block = await self._access.get(), await self._head()
            owners = (ZERO_ADDRESS, *await grid.providers.get_joined(at=block))
            pages = [await grid.jobs.get_active_by_provider(owner, at=block) for owner in owners]
        return [job_id for page in pages for job_id in page]

    async def check(self) -> None:
        """See `JobDirectory.check`."""
        with _mapped():
            await self._head()

    async def _read(self, job_id: JobId) -> JobFacts | None:
        asked_at = time.monotonic()
        with _mapped():
            facts = await self._facts(job_id)
        self._remember(job_id, asked_at, facts)
        return facts

    async def _facts(self, job_id: JobId) -> JobFacts | None:
        grid = await self._access.get()
        try:
            return to_facts(await grid.jobs.get(job_id, at=await self._head()))
        except InvalidJob:
            return None

    def _remember(self, job_id: JobId, asked_at: float, facts: JobFacts | None) -> None:
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[job_id] = (asked_at, facts)

    async def _head(self) -> BlockRef:
        grid = await self._access.get()
        head = await self._calls.share("head", grid.head)
        age_s = self._clock.now().timestamp() - head.timestamp
        if age_s > self._freshness.max_lag_s:
            raise ChainUnavailable(f"the newest block of the chain is {age_s:.0f} s old")
        return head


def to_facts(job: Job) -> JobFacts:
    """Pick what access and retention need from a job of the chain."""
    is_assigned = job.provider_addr != ZERO_ADDRESS
    is_hot = job.status in HOT
    return JobFacts(
        job_id=job.job_id,
        customer=job.customer_addr,
        provider=job.provider_addr if is_assigned else None,
        batch_location_hash=BatchLocationHash(job.definition.batch_location_hash),
        is_hot=is_hot,
        is_with_provider=job.status in ASSIGNED,
        ended_at=None if is_hot else datetime.fromtimestamp(job.time.end, UTC),
    )


@contextmanager
def _mapped() -> Iterator[None]:
    try:
        yield
    except (RpcUnavailable, RpcRefused, WrongGrid, Broken) as error:
        raise ChainUnavailable(f"the chain cannot be asked: {error}") from error
