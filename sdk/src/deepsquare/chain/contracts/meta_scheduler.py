"""MetaScheduler: everything that happens to a job, and the escrow."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from deepsquare.chain._generated.enums import JobStatus
from deepsquare.chain._generated.structs import JobDefinition
from deepsquare.chain.abi import load_abi
from deepsquare.chain.blocks import At
from deepsquare.chain.call import Call
from deepsquare.chain.contracts.access import RoleControlled
from deepsquare.errors import Refused
from deepsquare.identifiers import Address, JobId

JOB_NAME_BYTES = 32


class InvalidJobName(Refused):
    """A job's name does not fit on chain."""

    code = "invalid_job_name"


@dataclass(frozen=True, slots=True)
class PermitSignature:
    """A signed ERC-2612 permit for the MetaScheduler."""

    value_wei: int
    deadline: int
    v: int
    r: bytes
    s: bytes


@dataclass(frozen=True, slots=True)
class Report:
    """What a provider says about a job of its own (protocol.md 3.5).

    ``duration_minutes`` counts for cold statuses from RUNNING only; ``exit_code`` is the raw wait
    status.
    """

    status: JobStatus
    duration_minutes: int = 0
    last_error: str = ""
    exit_code: int = 0


def job_name_to_bytes(name: str) -> bytes:
    """Pad a name to the 32 bytes of the chain; raises `InvalidJobName` if it is longer."""
    raw = name.encode()
    if len(raw) > JOB_NAME_BYTES:
        raise InvalidJobName(
            f'the name "{name[:40]}" has {len(raw)} bytes: use at most {JOB_NAME_BYTES}'
        )
    return raw.ljust(JOB_NAME_BYTES, b"\0")


def job_name_from_bytes(raw: bytes) -> str:
    """Read a job's name; bytes that are no UTF-8 are replaced."""
    return raw.rstrip(b"\0").decode(errors="replace")


class MetaScheduler(RoleControlled):
    """The contract that clients know; its getters lead to the others (protocol.md 3)."""

    abi_name = "MetaScheduler"

    async def credit(self, *, at: At = "latest") -> Address:
        """Return the address of Credit."""
        return await self._read(Address, "credit", at=at)

    async def jobs(self, *, at: At = "latest") -> Address:
        """Return the address of JobRepository."""
        return await self._read(Address, "jobs", at=at)

    async def provider_manager(self, *, at: At = "latest") -> Address:
        """Return the address of ProviderManager."""
        return await self._read(Address, "providerManager", at=at)

    async def provider_job_queues(self, *, at: At = "latest") -> Address:
        """Return the address of ProviderJobQueues."""
        return await self._read(Address, "providerJobQueues", at=at)

    async def constants(self, *, at: At = "latest") -> Address:
        """Return the address of Constants."""
        return await self._read(Address, "constants", at=at)

    async def enable_request_new_job(self, *, at: At = "latest") -> bool:
        """Tell whether new requests are taken."""
        return await self._read(bool, "enableRequestNewJob", at=at)

    async def accrued_fees(self, *, at: At = "latest") -> int:
        """Return the fees that were not withdrawn yet, in credit-wei."""
        return await self._read(int, "accruedFees", at=at)

    async def total_escrow(self, *, at: At = "latest") -> int:
        """Return what is locked for all hot jobs, in credit-wei."""
        return await self._read(int, "totalEscrow", at=at)

    async def metascheduler_role(self, *, at: At = "latest") -> bytes:
        """Return the id of the role that assigns jobs."""
        return await self._read(bytes, "METASCHEDULER_ROLE", at=at)

    def request_new_job(
        self,
        definition: JobDefinition,
        locked_wei: int,
        *,
        name: str = "",
        may_top_up: bool = False,
    ) -> Call:
        """Request a job and lock credits for it; ``may_top_up`` allows delegated top-ups."""
        return self._call(
            "requestNewJob",
            definition,
            locked_wei,
            job_name_to_bytes(name),
            may_top_up,
            label="request a job",
        )

    def cancel_job(self, job_id: JobId) -> Call:
        """Cancel a job; customer only. RUNNING jobs end when the provider reports it."""
        return self._call("cancelJob", job_id, label=f"cancel {job_id}")

    def top_up_job(self, job_id: JobId, amount_wei: int) -> Call:
        """Lock more credits for a SCHEDULED or RUNNING job."""
        return self._call("topUpJob", job_id, amount_wei, label=f"top up {job_id}")

    def top_up_job_delegate(self, job_id: JobId) -> Call:
        """Lock one more slice from the customer, who allowed it."""
        return self._call("topUpJobDelegate", job_id, label=f"top up {job_id} by delegation")

    def set_delegate_spending_authority(self, job_id: JobId, *, is_allowed: bool) -> Call:
        """Allow or forbid delegated top-ups; customer only."""
        return self._call("setDelegateSpendingAuthority", job_id, is_allowed)

    def claim_next_job(self) -> Call:
        """Claim one job; reverts `NoJob`, and may succeed without claiming (protocol.md 3.4)."""
        return self._call("claimNextJob")

    def claim_next_jobs(self, limit: int) -> Call:
        """Claim up to ``limit`` jobs; never reverts for want of jobs."""
        return self._call("claimNextJobs", limit, label=f"claim up to {limit} jobs")

    def claim_next_cancelling_job(self) -> Call:
        """Take one entry of the cancelling queue."""
        return self._call("claimNextCancellingJob")

    def claim_next_cancelling_jobs(self, limit: int) -> Call:
        """Take up to ``limit`` entries of the cancelling queue."""
        return self._call("claimNextCancellingJobs", limit, label="claim cancelled jobs")

    def claim_next_top_up_job(self) -> Call:
        """Take one entry of the top-up queue."""
        return self._call("claimNextTopUpJob")

    def claim_next_top_up_jobs(self, limit: int) -> Call:
        """Take up to ``limit`` entries of the top-up queue."""
        return self._call("claimNextTopUpJobs", limit, label="claim top-ups")

    def provider_set_job_status(self, job_id: JobId, report: Report) -> Call:
        """Report RUNNING or an end; the job's provider only."""
        return self._call(
            "providerSetJobStatus",
            job_id,
            report.status,
            report.duration_minutes,
            report.last_error,
            report.exit_code,
            label=f"report {report.status.name} of {job_id}",
        )

    def refuse_job(self, job_id: JobId) -> Call:
        """Hand a job back before it runs; the job's provider only."""
        return self._call("refuseJob", job_id, label=f"hand {job_id} back")

    def checkpoint_job(self, job_id: JobId) -> Call:
        """Attest that a job still runs; the job's provider only."""
        return self._call("checkpointJob", job_id, label=f"checkpoint {job_id}")

    def meta_schedule(self, job_id: JobId, provider: Address) -> Call:
        """Assign a PENDING job; meta-scheduler role only."""
        return self._call("metaSchedule", job_id, provider, label=f"assign {job_id} to {provider}")

    def timeout_job(self, job_id: JobId) -> Call:
        """Return an assigned or claimed job to PENDING; anyone after the deadline."""
        return self._call("timeoutJob", job_id, label=f"time {job_id} out")

    def expire_job(self, job_id: JobId) -> Call:
        """End a RUNNING job that nobody reported; anyone after the deadline."""
        return self._call("expireJob", job_id, label=f"expire {job_id}")

    def panic_job(self, job_id: JobId, last_error: str) -> Call:
        """End a job with a full refund; meta-scheduler role only."""
        return self._call("panicJob", job_id, last_error, label=f"panic {job_id}")

    def self_permit(self, permit: PermitSignature) -> Call:
        """Set the sender's allowance for this contract by a signature."""
        return self._call(
            "selfPermit", permit.value_wei, permit.deadline, permit.v, permit.r, permit.s
        )

    def set_enable_request_new_job(self, *, is_enabled: bool) -> Call:
        """Take or stop new requests; default admin only."""
        return self._call("setEnableRequestNewJob", is_enabled)

    def withdraw_admin(self, amount_wei: int) -> Call:
        """Pay fees out to the sender; default admin only."""
        return self._call("withdrawAdmin", amount_wei)

    def multicall(self, calls: Sequence[Call]) -> Call:
        """Do several calls of this contract in one transaction, all or none."""
        return self._call("multicall", [c.data for c in calls], label=_joined(calls))

    def try_multicall(self, calls: Sequence[Call]) -> Call:
        """Do several calls in one transaction; a failing one is undone alone."""
        whole = self._call("tryMulticall", [c.data for c in calls], label=_joined(calls))
        return replace(whole, tries=tuple(calls))


def decode_multicall(raw: bytes) -> tuple[bytes, ...]:
    """Return the raw result of each call of a simulated `MetaScheduler.multicall`."""
    return tuple(load_abi("MetaScheduler").function("multicall", 1).decode(raw))


def decode_try_multicall(raw: bytes) -> tuple[tuple[bool, bytes], ...]:
    """Return success and raw result or revert data of each call of a simulated `try_multicall`."""
    success, results = load_abi("MetaScheduler").function("tryMulticall", 1).decode(raw)
    return tuple(zip(success, results, strict=True))


def _joined(calls: Sequence[Call]) -> str:
    return "; ".join(call.label for call in calls)
