"""ProviderJobQueues: what a provider can claim."""

from deepsquare.chain.blocks import At
from deepsquare.chain.contracts.deployed import DeployedContract
from deepsquare.identifiers import Address


class ProviderJobQueues(DeployedContract):
    """The claimable, cancelling and top-up queue of each provider (protocol.md 3.4).

    ``has_...`` is true exactly when the matching ``claim_next_...`` would not revert `NoJob`; the
    sizes count stale entries too.
    """

    abi_name = "ProviderJobQueues"

    async def has_next_claimable_job(self, provider: Address, *, at: At = "latest") -> bool:
        """Tell whether `MetaScheduler.claim_next_job` has something to do."""
        return await self._read(bool, "hasNextClaimableJob", provider, at=at)

    async def has_cancelling_job(self, provider: Address, *, at: At = "latest") -> bool:
        """Tell whether `MetaScheduler.claim_next_cancelling_job` has something to do."""
        return await self._read(bool, "hasCancellingJob", provider, at=at)

    async def has_top_up_job(self, provider: Address, *, at: At = "latest") -> bool:
        """Tell whether `MetaScheduler.claim_next_top_up_job` has something to do."""
        return await self._read(bool, "hasTopUpJob", provider, at=at)

    async def claimable_size(self, provider: Address, *, at: At = "latest") -> int:
        """Count the entries of the claimable queue."""
        return await self._read(int, "getClaimableJobQueueSize", provider, at=at)

    async def cancelling_size(self, provider: Address, *, at: At = "latest") -> int:
        """Count the entries of the cancelling queue."""
        return await self._read(int, "getCancellingJobQueueSize", provider, at=at)

    async def top_up_size(self, provider: Address, *, at: At = "latest") -> int:
        """Count the entries of the top-up queue."""
        return await self._read(int, "getTopUpJobQueueSize", provider, at=at)

    async def meta_scheduler(self, *, at: At = "latest") -> Address:
        """Return the MetaScheduler it is bound to."""
        return await self._read(Address, "metaScheduler", at=at)
