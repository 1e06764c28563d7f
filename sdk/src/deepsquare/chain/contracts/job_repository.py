"""JobRepository: job records and the sets of active jobs."""

from collections.abc import Sequence

from deepsquare.chain._generated.structs import Job, JobTerms
from deepsquare.chain.blocks import At
from deepsquare.chain.contracts.deployed import PAGE_SIZE, DeployedContract, Page, all_pages
from deepsquare.identifiers import ZERO_ADDRESS, Address, JobId


class JobRepository(DeployedContract):
    """Views of jobs. Nothing can be written here but by the MetaScheduler."""

    abi_name = "JobRepository"

    async def get(self, job_id: JobId, *, at: At = "latest") -> Job:
        """Return a job; raises `InvalidJob` for an unknown id."""
        return await self._read(Job, "get", job_id, at=at)

    async def get_many(self, job_ids: Sequence[JobId], *, at: At = "latest") -> list[Job]:
        """Return several jobs in the order given, in one round trip per hundred."""
        return await self._read_many(Job, "get", arguments=job_ids, at=at)

    async def get_terms(self, job_id: JobId, *, at: At = "latest") -> JobTerms:
        """Return the frozen terms of a job; all 0 while PENDING and once cold (protocol.md 2.4)."""
        return await self._read(JobTerms, "getTerms", job_id, at=at)

    async def get_terms_many(
        self, job_ids: Sequence[JobId], *, at: At = "latest"
    ) -> list[JobTerms]:
        """Return the terms of several jobs in the order given."""
        return await self._read_many(JobTerms, "getTerms", arguments=job_ids, at=at)

    async def get_by_customer(self, customer: Address, *, at: At = "latest") -> tuple[JobId, ...]:
        """Return all job ids of a customer in creation order; reads page by page."""

        async def page(cursor: int) -> Page[JobId]:
            return await self.get_by_customer_page(customer, cursor=cursor, at=at)

        return await all_pages(page)

    async def get_by_customer_page(
        self, customer: Address, *, cursor: int = 0, limit: int = PAGE_SIZE, at: At = "latest"
    ) -> Page[JobId]:
        """Return some job ids of a customer and the next cursor."""
        return await self._read(
            tuple[tuple[JobId, ...], int], "getByCustomer", customer, cursor, limit, at=at
        )

    async def get_active_by_provider(
        self, provider: Address, *, at: At = "latest"
    ) -> tuple[JobId, ...]:
        """Return the hot jobs assigned to a provider, without order.

        Pin it to a block if there may be more than one page (protocol.md 3.9).
        """

        async def page(cursor: int) -> Page[JobId]:
            return await self._read(
                tuple[tuple[JobId, ...], int],
                "getActiveByProvider",
                provider,
                cursor,
                PAGE_SIZE,
                at=at,
            )

        return await all_pages(page)

    async def get_pending(self, *, at: At = "latest") -> tuple[JobId, ...]:
        """Return the jobs that wait for an assignment, without order."""
        return await self.get_active_by_provider(ZERO_ADDRESS, at=at)

    async def active_job_count(self, provider: Address, *, at: At = "latest") -> int:
        """Return how many hot jobs a provider has; for the zero address the PENDING jobs."""
        return await self._read(int, "activeJobCount", provider, at=at)

    async def customer_nonce(self, customer: Address, *, at: At = "latest") -> int:
        """Return how many jobs a customer has requested so far."""
        return await self._read(int, "customerNonce", customer, at=at)

    async def job_id_by_customer(
        self, customer: Address, nonce: int, *, at: At = "latest"
    ) -> JobId:
        """Return the id of a customer's job by its number from 0, also of one to come."""
        return await self._read(JobId, "jobIdByCustomer", customer, nonce, at=at)

    async def started_jobs(self, provider: Address, *, at: At = "latest") -> int:
        """Return how many jobs a provider has ever started."""
        return await self._read(int, "startedJobs", provider, at=at)

    async def meta_scheduler(self, *, at: At = "latest") -> Address:
        """Return the MetaScheduler it is bound to."""
        return await self._read(Address, "metaScheduler", at=at)
