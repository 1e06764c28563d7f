"""Learning from the chain which kept scripts hot jobs refer to."""

import asyncio
from dataclasses import dataclass, field

from deepsquare.identifiers import JobId
from deepsquare_sbatch_api.ports.jobs import JobDirectory
from deepsquare_sbatch_api.ports.scripts import ScriptStore


@dataclass(frozen=True)
class Survey:
    """Compares the chain's hot jobs with the links of the store, and mends the links.

    It works from state, not from events, so a pass that failed or was missed is made good by the
    next one.
    """

    scripts: ScriptStore
    jobs: JobDirectory
    _seen: set[JobId] = field(default_factory=set)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(self) -> None:
        """Make one pass; raises `ChainUnavailable` or `StoreUnavailable` and then changes little.

        A job's script never changes, so each hot job is read once.
        """
        async with self._turn:
            hot = frozenset(await self.jobs.hot_jobs())
            await self._link(hot - self._seen)
            self._seen.clear()
            self._seen.update(hot)
            await self._end(frozenset(await self.scripts.hot_jobs()) - hot)

    async def _link(self, job_ids: frozenset[JobId]) -> None:
        for job_id in job_ids:
            job = await self.jobs.find(job_id)
            if job is not None:
                await self.scripts.link(job.batch_location_hash, job_id)

    async def _end(self, job_ids: frozenset[JobId]) -> None:
        for job_id in job_ids:
            job = await self.jobs.find(job_id)
            if job is not None and job.ended_at is not None:
                await self.scripts.end(job_id, job.ended_at)
