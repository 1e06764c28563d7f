"""What the chain knows about jobs."""

from collections.abc import Sequence
from typing import Protocol

from deepsquare.identifiers import JobId
from deepsquare_sbatch_api.domain.access import JobFacts


class JobDirectory(Protocol):
    """Answers from a block no older than the configured lag, else raises `ChainUnavailable`."""

    async def find(self, job_id: JobId) -> JobFacts | None:
        """Return what the chain says about a job now, None when it has no such job."""

    async def recall(self, job_id: JobId) -> JobFacts | None:
        """Return what was found a short while ago; find it when there is no such answer."""

    async def hot_jobs(self) -> Sequence[JobId]:
        """Return every job that has not ended, all read at one block."""

    async def check(self) -> None:
        """Raise `ChainUnavailable` when the chain cannot be asked now."""
