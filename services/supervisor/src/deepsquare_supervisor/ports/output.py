"""The output files of batches."""

from typing import Protocol

from deepsquare.identifiers import JobId
from deepsquare_supervisor.domain.batch import SlurmId
from deepsquare_supervisor.ports.accounts import Account


class OutputFiles(Protocol):
    """Reads what batches write. Their owners are customers, who may put anything in place."""

    def read(
        self, account: Account, job_id: JobId, batch_id: SlurmId, *, offset: int, limit: int
    ) -> bytes | None:
        """Return bytes from an offset, b"" at the end; None if there is nothing to be shipped."""
        ...
