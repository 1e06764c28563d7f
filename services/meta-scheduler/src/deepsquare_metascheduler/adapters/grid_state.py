"""Reads the grid's state from the chain, every view pinned to one block."""

import asyncio

from deepsquare.chain import BlockRef, Grid
from deepsquare.identifiers import Address
from deepsquare_metascheduler.adapters.returns import ReturnLog
from deepsquare_metascheduler.domain.snapshot import ActiveJob, Snapshot


class ChainGridState:
    """The views of the contracts as a `Snapshot`.

    Providers that were removed keep their hot jobs, and these their deadlines; the views do not
    list such providers, so those once seen are looked at until they have no job left.
    """

    def __init__(self, grid: Grid, returns: ReturnLog) -> None:
        self._grid = grid
        self._returns = returns
        self._leavers: set[Address] = set()

    async def snapshot(self) -> Snapshot:
        """Return the state at the newest block."""
        block = await self._grid.head()
        returns, past_providers = await self._returns.until(block)
        joined = await self._grid.providers.get_joined(at=block)
        self._leavers |= past_providers
        active = await self._active({*joined, *self._leavers}, block)
        self._leavers |= set(joined)
        self._leavers &= {one.job.provider_addr for one in active} | set(joined)
        pending_ids = await self._grid.jobs.get_pending(at=block)
        return Snapshot(
            block_number=block.number,
            now_s=block.timestamp,
            pending=tuple(await self._grid.jobs.get_many(pending_ids, at=block)),
            active=active,
            providers=tuple(await self._grid.providers.get_providers(joined, at=block)),
            returns=returns,
        )

    async def _active(self, providers: set[Address], block: BlockRef) -> tuple[ActiveJob, ...]:
        jobs = self._grid.jobs
        pages = await asyncio.gather(
            *(jobs.get_active_by_provider(provider, at=block) for provider in sorted(providers))
        )
        ids = [job_id for page in pages for job_id in page]
        found = await jobs.get_many(ids, at=block)
        terms = await jobs.get_terms_many(ids, at=block)
        return tuple(ActiveJob(job, term) for job, term in zip(found, terms, strict=True))
