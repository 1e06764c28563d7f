"""The provider's jobs and queues, read through the SDK at one block."""

import asyncio
from collections.abc import Collection, Sequence

from deepsquare.chain import At, BlockRef, Grid, Job, JobStatus, JobTerms
from deepsquare.chain.errors import InvalidJob
from deepsquare.chain.statuses import HOT
from deepsquare.errors import Unavailable
from deepsquare.identifiers import Address, BatchLocationHash, JobId
from deepsquare.pricing import paid_minutes
from deepsquare_supervisor.domain.claim import ChainJob, Shape, Standing
from deepsquare_supervisor.ports.chain import ChainUnavailable, ChainView

_OWN_STANDING = {
    JobStatus.META_SCHEDULED: Standing.ASSIGNED,
    JobStatus.SCHEDULED: Standing.CLAIMED,
    JobStatus.RUNNING: Standing.RUNNING,
}


class GridJobs:
    """A `JobQueue`. Views are ``confirmations`` blocks below the newest head."""

    def __init__(self, grid: Grid, provider: Address, *, confirmations: int = 0) -> None:
        self._grid = grid
        self._provider = provider
        self._confirmations = confirmations

    async def read(self, known: Collection[JobId]) -> ChainView:
        """See `JobQueue`."""
        try:
            block = await self._block()
            return await self._read_at(block, known)
        except Unavailable as error:
            raise ChainUnavailable(error.message) from error

    async def _block(self) -> BlockRef:
        head = await self._grid.head()
        if not self._confirmations:
            return head
        return await self._grid.rpc.block(max(0, head.number - self._confirmations))

    async def _read_at(self, block: BlockRef, known: Collection[JobId]) -> ChainView:
        grid, provider = self._grid, self._provider
        active, claimable, stops, top_ups, joined, balance = await asyncio.gather(
            grid.jobs.get_active_by_provider(provider, at=block),
            grid.queues.has_next_claimable_job(provider, at=block),
            grid.queues.has_cancelling_job(provider, at=block),
            grid.queues.has_top_up_job(provider, at=block),
            grid.providers.is_valid_for_scheduling(provider, at=block),
            grid.rpc.request("eth_getBalance", provider, "latest"),
        )
        jobs = await self._jobs(sorted({*active, *known}), block)
        found = {job.job_id for job in jobs}
        return ChainView(
            block=block.number,
            block_time=block.timestamp,
            jobs=jobs,
            missing=frozenset(known) - found,
            has_claimable=claimable,
            has_stops=stops,
            has_top_ups=top_ups,
            is_joined=joined,
            funds_wei=int(balance, 16),
        )

    async def _jobs(self, job_ids: Sequence[JobId], block: BlockRef) -> tuple[ChainJob, ...]:
        known = await self._existing(job_ids, block)
        held = [job.job_id for job in known if standing_of(job, self._provider).is_held]
        terms = await self._grid.jobs.get_terms_many(held, at=block) if held else []
        terms_by_id = dict(zip(held, terms, strict=True))
        return tuple(
            to_chain_job(job, terms_by_id.get(job.job_id), self._provider, block=block)
            for job in known
        )

    async def _existing(self, job_ids: Sequence[JobId], at: At) -> list[Job]:
        if not job_ids:
            return []
        try:
            return await self._grid.jobs.get_many(job_ids, at=at)
        except InvalidJob:
            if len(job_ids) == 1:
                return []
            half = len(job_ids) // 2
            return [
                *await self._existing(job_ids[:half], at),
                *await self._existing(job_ids[half:], at),
            ]


def standing_of(job: Job, provider: Address) -> Standing:
    """Tell where a job stands for a provider."""
    if job.status not in HOT:
        return Standing.SETTLED
    if job.provider_addr != provider:
        return Standing.LOST
    return _OWN_STANDING.get(job.status, Standing.LOST)


def to_chain_job(
    job: Job, terms: JobTerms | None, provider: Address, *, block: BlockRef
) -> ChainJob:
    """Convert the chain's record and terms to the supervisor's words."""
    definition = job.definition
    return ChainJob(
        job_id=job.job_id,
        customer=job.customer_addr,
        standing=standing_of(job, provider),
        script_hash=BatchLocationHash(definition.batch_location_hash),
        shape=Shape(
            ntasks=definition.ntasks,
            cpus_per_task=definition.cpus_per_task,
            mem_per_cpu_mb=definition.mem_per_cpu,
            gpus=definition.gpus,
        ),
        read_block=block.number,
        read_at=block.timestamp,
        changed_block=job.time.block_number_state_change,
        paid_minutes=_paid(job, terms),
        claim_timeout_s=60 * terms.claim_job_timeout if terms else 0,
        claimed_at=_claimed_at(job, terms),
        started_at=job.time.start,
        attested_at=terms.last_checkpoint if terms else 0,
        cancel_requested_at=job.time.cancel_request_timestamp,
    )


def _paid(job: Job, terms: JobTerms | None) -> int:
    if not terms or not terms.cost_per_minute:
        return 0
    return paid_minutes(job.cost.max_cost, terms.cost_per_minute)


def _claimed_at(job: Job, terms: JobTerms | None) -> int:
    """The chain tells when a claim times out, which is a fixed time after it was made."""
    if not terms or job.status is not JobStatus.SCHEDULED:
        return 0
    return max(0, terms.deadline - 60 * terms.start_job_timeout)
