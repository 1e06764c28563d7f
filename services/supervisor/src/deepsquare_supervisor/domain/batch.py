"""A batch: what the site's batch system knows of one job."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from deepsquare.identifiers import JobId

SlurmId = NewType("SlurmId", int)
"""The number Slurm gave a batch; younger batches have larger numbers."""

NO_BATCH = SlurmId(0)
"""Smaller than the number of any batch."""


class BatchState(StrEnum):
    """The states of a batch that the supervisor tells apart.

    Up to `ENDING` the batch holds a place in the queue; every later state is an end.
    """

    QUEUED = "QUEUED"
    STARTED = "STARTED"
    ENDING = "ENDING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMEOUT"
    OUT_OF_MEMORY = "OUT_OF_MEMORY"
    CANCELLED = "CANCELLED"
    NODE_FAILED = "NODE_FAIL"
    BOOT_FAILED = "BOOT_FAIL"
    PREEMPTED = "PREEMPTED"
    DEADLINE = "DEADLINE"
    REVOKED = "REVOKED"
    LOST = "LOST"
    """Neither queue nor accounting has known the batch for long: Slurm itself forgot it."""

    @property
    def is_live(self) -> bool:
        """Whether the batch still holds a place in the queue or on nodes."""
        return self in _LIVE


_LIVE = frozenset({BatchState.QUEUED, BatchState.STARTED, BatchState.ENDING})


@dataclass(frozen=True, slots=True)
class WaitStatus:
    """How a process ended: its exit code, and the signal that killed it (0 for none)."""

    code: int = 0
    signal: int = 0

    @property
    def raw(self) -> int:
        """The wait status as the chain keeps it (protocol.md 2.1): code * 256 + signal."""
        return (self.code << 8) | self.signal

    @property
    def is_by_term(self) -> bool:
        """Whether it looks like an answer to TERM: killed by it, or the shell's 128 + 15."""
        return self.signal == 15 or self.code == 143


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch, from the queue or from accounting.

    Times are Unix seconds of the site's clock, 0 while unset; ``limit_minutes`` is 0 where the
    batch has none. Only accounting may say that a batch ended.
    """

    batch_id: SlurmId
    job_id: JobId
    state: BatchState
    submitted_at: int = 0
    started_at: int = 0
    ended_at: int = 0
    limit_minutes: int = 0
    status: WaitStatus = WaitStatus()
    owner: str = ""
    why_queued: str = ""

    @property
    def elapsed_s(self) -> int:
        """Seconds from start to end; 0 if it never started or the clock jumped back."""
        if not self.started_at or not self.ended_at:
            return 0
        return max(0, self.ended_at - self.started_at)
