"""Keeping the output of jobs, and hearing of new output."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from deepsquare.identifiers import Address, JobId
from deepsquare_sbatch_api.domain.log_window import LogState


@dataclass(frozen=True)
class LogId:
    """The log that one provider writes of one job; another provider's attempt is another log."""

    job_id: JobId
    provider: Address


class LogStore(Protocol):
    """Bytes by job, appended at offsets. Raises `StoreUnavailable`."""

    async def state(self, log: LogId) -> LogState:
        """Return size and kept ranges; a log nobody has written to is empty."""

    async def append(self, log: LogId, data: bytes, *, offset: int) -> LogState:
        """Append at the log's size, or accept an exact repeat of what it holds.

        Raises `LogOffsetConflict` for a gap or other bytes, `LogEnded` for new bytes after the end.
        """

    async def end(self, log: LogId) -> LogState:
        """Mark the log as complete; repeating it changes nothing."""

    async def read(self, log: LogId, *, start: int, end: int) -> bytes:
        """Return kept bytes [start, end); shorter when a cut has moved past `start` meanwhile."""

    async def delete(self, job_id: JobId) -> None:
        """Drop all logs of a job."""

    async def idle_since(self, moment: datetime) -> Sequence[JobId]:
        """Return the jobs whose logs were last written before a moment."""

    async def check(self) -> None:
        """Raise `StoreUnavailable` when nothing can be written now."""


class LogNews(Protocol):
    """Wakes those who follow a log, in this process and in other replicas."""

    async def announce(self, job_id: JobId) -> None:
        """Tell that a job's log has grown or ended; best effort."""

    def stop(self) -> None:
        """End everybody's listening: the service is about to stop."""

    def listen(self, job_id: JobId) -> AbstractAsyncContextManager[AsyncIterator[None]]:
        """Yield once, whenever the log may have grown, and now and then without a reason."""
