"""Keeping scripts, the answers given for them, and the jobs that refer to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from deepsquare.identifiers import Address, BatchLocationHash, JobId
from deepsquare_sbatch_api.domain.retention import ScriptUse


@dataclass(frozen=True)
class RequestKey:
    """An Idempotency-Key: unique in its scope, and bound to one body by the body's digest."""

    scope: str
    key: str
    body_digest: str


@dataclass(frozen=True)
class StoredScript:
    """A script, who submitted it (None: anonymous), when, and what that one was answered."""

    hash: BatchLocationHash
    content: bytes
    submitter: Address | None
    stored_at: datetime
    answer: bytes


class ScriptStore(Protocol):
    """Durable: what was saved survives a crash. Raises `StoreUnavailable`."""

    async def save(self, script: StoredScript, *, request_key: RequestKey | None) -> bytes:
        """Keep a script and return its answer, in one step.

        When the request key was used before with the same body nothing is kept and the first
        answer is returned; with another body `RequestKeyReused` is raised.
        """

    async def answer_to(self, request_key: RequestKey) -> bytes | None:
        """Return what this key was answered, None if it is new; raises `RequestKeyReused`."""

    async def find(self, script_hash: BatchLocationHash) -> StoredScript | None:
        """Return a kept script."""

    async def link(self, script_hash: BatchLocationHash, job_id: JobId) -> None:
        """Note that a hot job refers to a script; a no-op when known or no such script is kept.

        A job whose end was noted is hot again: a reorg has undone it.
        """

    async def end(self, job_id: JobId, at: datetime) -> None:
        """Note when a linked job ended."""

    async def hot_jobs(self) -> Sequence[JobId]:
        """Return the linked jobs that are not known to have ended."""

    async def use_of(self, script_hash: BatchLocationHash) -> ScriptUse | None:
        """Return a kept script's links, None when there is no such script."""

    async def uses(self, *, stored_by: datetime) -> Sequence[ScriptUse]:
        """Return the scripts stored at a moment or earlier, with their links."""

    async def drop(self, use: ScriptUse) -> bool:
        """Drop a script and its request keys, unless its links have changed since `use`."""

    async def check(self) -> None:
        """Raise `StoreUnavailable` when the store cannot be written now."""
