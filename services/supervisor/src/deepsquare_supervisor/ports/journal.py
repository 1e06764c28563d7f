"""The supervisor's memory: what neither chain nor Slurm can tell after a crash.

Everything is on disk before a method returns. A lost journal is rebuilt from chain and Slurm.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from deepsquare.errors import Broken, Unavailable
from deepsquare.identifiers import Address, JobId
from deepsquare_supervisor.domain.batch import SlurmId
from deepsquare_supervisor.domain.job import Job
from deepsquare_supervisor.ports.chain import Signed


class JournalLocked(Broken):
    """Another supervisor uses this state directory."""

    code = "journal_locked"


class JournalUnavailable(Unavailable):
    """The journal cannot be written, for example because the disk is full."""

    code = "journal_unavailable"


class IntentKind(StrEnum):
    """Effects that are written down before they are made."""

    SUBMIT = "submit"
    CANCEL = "cancel"
    SET_LIMIT = "set_limit"


@dataclass(frozen=True, slots=True)
class Intent:
    """An effect about to be made at the site; ``payload_hash`` tells what exactly."""

    job_id: JobId
    attempt: int
    kind: IntentKind
    payload_hash: str


@dataclass(frozen=True, slots=True)
class OpenIntent:
    """An intent of which it is not known whether the effect was made."""

    intent_id: int
    intent: Intent


@dataclass(frozen=True, slots=True)
class OpenTransaction:
    """A signed transaction and its replacements, newest last; they share one nonce.

    ``block`` is the head when the newest was signed.
    """

    rivals: tuple[Signed, ...]
    block: int

    @property
    def newest(self) -> Signed:
        """The one to send."""
        return self.rivals[-1]


@dataclass(frozen=True, slots=True)
class Shipment:
    """How far the log of one batch was shipped."""

    job_id: JobId
    batch_id: SlurmId
    customer: Address
    base: int = 0
    """Bytes the API held of earlier attempts."""
    offset: int = 0
    """Bytes of this batch's output that the API holds."""
    is_done: bool = False


class Journal(Protocol):
    """One writer; see the module. Methods that write raise `JournalUnavailable`."""

    def probe(self) -> None:
        """Write something without meaning, to learn whether writing works."""
        ...

    def open_jobs(self) -> list[Job]:
        """Return the records that are not closed."""
        ...

    def find_job(self, job_id: JobId) -> Job | None:
        """Return the newest record of a job, closed ones too."""
        ...

    def save_jobs(self, changed: Iterable[tuple[Job, Sequence[str]]]) -> None:
        """Store records, each with the names of the observations that changed it."""
        ...

    def begin(self, intent: Intent, job: Job) -> int:
        """Store an intent together with the record it changes; return its number."""
        ...

    def settle(self, intent_id: int, outcome: str) -> None:
        """Mark an intent as resolved and say how."""
        ...

    def open_intents(self) -> list[OpenIntent]:
        """Return unresolved intents, oldest first."""
        ...

    def open_transaction(self) -> OpenTransaction | None:
        """Return the transaction whose fate is not known, if there is one."""
        ...

    def save_transaction(self, transaction: OpenTransaction) -> None:
        """Store a signed transaction, or its replacement, before it is sent."""
        ...

    def close_transaction(self, nonce: int, outcome: str) -> None:
        """Mark the open transaction as mined, reverted or superseded."""
        ...

    def open_shipments(self) -> list[Shipment]:
        """Return the logs that are not wholly shipped."""
        ...

    def save_shipment(self, shipment: Shipment) -> None:
        """Store how far a log was shipped."""
        ...
