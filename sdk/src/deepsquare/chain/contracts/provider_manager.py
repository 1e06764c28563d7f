"""ProviderManager: registration, approval, hardware and prices."""

from collections.abc import Sequence

from deepsquare.chain._generated.structs import (
    JobDefinition,
    Label,
    Provider,
    ProviderHardware,
    ProviderPrices,
)
from deepsquare.chain.blocks import At
from deepsquare.chain.call import Call
from deepsquare.chain.contracts.access import RoleControlled
from deepsquare.chain.contracts.deployed import PAGE_SIZE, Page, all_pages
from deepsquare.identifiers import Address


class ProviderManager(RoleControlled):
    """Who may run jobs, on which hardware, at which prices (protocol.md 3.7)."""

    abi_name = "ProviderManager"

    async def get_provider(self, provider: Address, *, at: At = "latest") -> Provider:
        """Return the approved registration; empty, with ``addr`` zero, if there is none."""
        return await self._read(Provider, "getProvider", provider, at=at)

    async def get_providers(
        self, providers: Sequence[Address], *, at: At = "latest"
    ) -> list[Provider]:
        """Return several approved registrations in the order given."""
        return await self._read_many(Provider, "getProvider", arguments=providers, at=at)

    async def get_waiting(self, provider: Address, *, at: At = "latest") -> Provider:
        """Return the proposal that waits for approval, empty if there is none."""
        return await self._read(Provider, "getWaitingForApprovalProvider", provider, at=at)

    async def is_waiting(self, provider: Address, *, at: At = "latest") -> bool:
        """Tell whether a proposal waits for approval."""
        return await self._read(bool, "isWaitingForApproval", provider, at=at)

    async def is_valid_for_scheduling(self, provider: Address, *, at: At = "latest") -> bool:
        """Tell whether a provider has joined and is not banned."""
        return await self._read(bool, "isValidForScheduling", provider, at=at)

    async def is_banned(self, provider: Address, *, at: At = "latest") -> bool:
        """Tell whether an address is banned."""
        return await self._read(bool, "isBanned", provider, at=at)

    async def get_job_count(self, provider: Address, *, at: At = "latest") -> int:
        """Return how many jobs a provider has started."""
        return await self._read(int, "getJobCount", provider, at=at)

    async def get_joined(self, *, at: At = "latest") -> tuple[Address, ...]:
        """Return all joined providers, banned ones too, without order."""
        return await self._addresses("getJoinedProviders", at)

    async def get_all_waiting(self, *, at: At = "latest") -> tuple[Address, ...]:
        """Return all addresses whose proposal waits for approval, without order."""
        return await self._addresses("getWaitingProviders", at)

    async def proposal_hash(self, provider: Address, *, at: At = "latest") -> bytes:
        """Return the hash of the waiting proposal, zero if there is none."""
        return await self._read(bytes, "proposalHash", provider, at=at)

    async def provider_operator_role(self, *, at: At = "latest") -> bytes:
        """Return the id of the role that approves, removes and bans."""
        return await self._read(bytes, "PROVIDER_OPERATOR_ROLE", at=at)

    async def quote(
        self, provider: Address, definition: JobDefinition, *, at: At = "latest"
    ) -> int:
        """Return the cost per minute in credit-wei of a job at a provider.

        Raises `ProviderNotJoined` or `InsufficientHardware` where an assignment would.
        """
        return await self._read(
            int,
            "quote",
            provider,
            definition.gpus,
            definition.mem_per_cpu,
            definition.cpus_per_task,
            definition.ntasks,
            at=at,
        )

    async def job_count_source(self, *, at: At = "latest") -> Address:
        """Return the repository that counts started jobs."""
        return await self._read(Address, "jobCountSource", at=at)

    def register(
        self, hardware: ProviderHardware, prices: ProviderPrices, labels: Sequence[Label]
    ) -> Call:
        """Propose the sender's registration; no effect if it equals the approved one."""
        return self._call("register", hardware, prices, labels, label="register the provider")

    def approve(self, provider: Address) -> Call:
        """Approve whatever proposal waits; prefer `approve_proposal`."""
        return self._call("approve", provider)

    def approve_proposal(self, provider: Address, proposal_hash: bytes) -> Call:
        """Approve exactly the proposal that was looked at; operator only."""
        return self._call("approveProposal", provider, proposal_hash)

    def remove(self, provider: Address) -> Call:
        """Remove a provider or its proposal; operator only."""
        return self._call("remove", provider)

    def ban(self, provider: Address) -> Call:
        """Keep an address from taking new jobs; operator only."""
        return self._call("ban", provider)

    def unban(self, provider: Address) -> Call:
        """Lift a ban; operator only."""
        return self._call("unban", provider)

    def set_job_count_source(self, job_repository: Address) -> Call:
        """Set the repository that counts started jobs; default admin only."""
        return self._call("setJobCountSource", job_repository)

    async def _addresses(self, view: str, at: At) -> tuple[Address, ...]:
        async def page(cursor: int) -> Page[Address]:
            return await self._read(tuple[tuple[Address, ...], int], view, cursor, PAGE_SIZE, at=at)

        return await all_pages(page)
