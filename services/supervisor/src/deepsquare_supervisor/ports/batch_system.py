"""The site's batch system and its memory of ended batches."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from deepsquare.errors import Refused, Unavailable
from deepsquare.identifiers import JobId
from deepsquare_supervisor.domain.batch import Batch, SlurmId
from deepsquare_supervisor.domain.claim import Shape
from deepsquare_supervisor.ports.accounts import Account


class BatchSystemUnavailable(Unavailable):
    """The batch system gave no usable answer; what was asked may or may not have happened."""

    code = "batch_system_unavailable"


class BatchRefused(Refused):
    """The batch system will not do it, and nothing has happened."""

    code = "batch_refused"


class AccountingUnavailable(Unavailable):
    """What ended cannot be looked up now."""

    code = "accounting_unavailable"


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """All that is needed to start one batch; ``script`` is run byte for byte as given.

    ``environment`` is the batch's whole environment. Output is kept under the account's log
    directory, to be shipped only if ``is_logged``.
    """

    job_id: JobId
    account: Account
    shape: Shape
    limit_minutes: int
    is_logged: bool
    script: bytes = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)


class BatchSystem(Protocol):
    """Queue, start, steer and end batches. Raises `BatchSystemUnavailable` where it cannot tell."""

    async def submit(self, request: BatchRequest) -> SlurmId:
        """Queue a batch named after its job; raises `BatchRefused` if it never will be."""
        ...

    async def live(self) -> tuple[Batch, ...]:
        """Return every live batch of this provider, in one question."""
        ...

    async def set_limit(self, batch_id: SlurmId, minutes: int) -> None:
        """Make the total run time of a live batch this many minutes."""
        ...

    async def terminate(self, batch_id: SlurmId) -> None:
        """Send TERM to the shell of a started batch; no effect on an ended one."""
        ...

    async def cancel(self, batch_id: SlurmId) -> None:
        """End a batch at once; no effect on an ended one."""
        ...


class Accounting(Protocol):
    """The proof of how batches ended, kept longer than the queue remembers them."""

    async def ended(self, job_ids: Collection[JobId]) -> tuple[Batch, ...]:
        """Return all ended batches with these names; raises `AccountingUnavailable`."""
        ...
