"""What the chain says of one job, as seen by the provider."""

from dataclasses import dataclass
from enum import StrEnum

from deepsquare.identifiers import Address, BatchLocationHash, JobId


class Standing(StrEnum):
    """Where a job stands on chain for this provider."""

    ASSIGNED = "assigned"
    """Given to this provider, not claimed yet."""
    CLAIMED = "claimed"
    RUNNING = "running"
    SETTLED = "settled"
    """Ended on chain; nothing can be reported any more."""
    LOST = "lost"
    """Back in the pool, with another provider, or gone by a reorganisation."""

    @property
    def is_held(self) -> bool:
        """Whether this provider may run and report the job."""
        return self in (Standing.CLAIMED, Standing.RUNNING)


@dataclass(frozen=True, slots=True)
class Shape:
    """Resources of the whole job (protocol.md 2.1); memory in MB for each CPU thread."""

    ntasks: int
    cpus_per_task: int
    mem_per_cpu_mb: int
    gpus: int


@dataclass(frozen=True, slots=True)
class ChainJob:
    """One job as of one block.

    ``changed_block`` is the block of the last transition, ``read_block`` and ``read_at``
    those of the view.
    Times are Unix seconds of chain time, 0 while unset. ``paid_minutes`` is the total paid,
    top-ups included; ``claim_timeout_s`` is how long a provider may take over a claim, 0 where
    the chain keeps no terms any more; ``claimed_at`` is the time of the claim while it stands;
    ``attested_at`` that of this provider's last attestation that the job runs.
    """

    job_id: JobId
    customer: Address
    standing: Standing
    script_hash: BatchLocationHash
    shape: Shape
    read_block: int
    read_at: int
    changed_block: int
    paid_minutes: int = 0
    claim_timeout_s: int = 0
    claimed_at: int = 0
    started_at: int = 0
    attested_at: int = 0
    cancel_requested_at: int = 0
