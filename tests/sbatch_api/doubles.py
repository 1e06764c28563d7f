"""Hand-written doubles of the ports, and builders with defaults."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from deepsquare.identifiers import Address, BatchLocationHash, JobId, parse_address
from deepsquare.workflow import WorkflowError, WorkflowInvalid
from deepsquare_sbatch_api.app.workflows import Plan
from deepsquare_sbatch_api.domain.access import JobFacts
from deepsquare_sbatch_api.domain.errors import ChainUnavailable, RequestKeyReused
from deepsquare_sbatch_api.domain.retention import JobLink, ScriptUse
from deepsquare_sbatch_api.ports.scripts import RequestKey, StoredScript

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ALICE = parse_address("0x" + "a1" * 20)
BOB = parse_address("0x" + "b0" * 20)
PROVIDER = parse_address("0x" + "cc" * 20)
JOB = JobId("0x" + "00" * 16 + "5d" * 16)
HASH = BatchLocationHash("h" * 31)


def a_job(**changes: Any) -> JobFacts:
    facts = JobFacts(
        job_id=JOB,
        customer=ALICE,
        provider=PROVIDER,
        batch_location_hash=HASH,
        is_hot=True,
        is_with_provider=True,
        ended_at=None,
    )
    return replace(facts, **changes)


def an_ended_job(at: datetime = NOON, **changes: Any) -> JobFacts:
    return a_job(is_hot=False, is_with_provider=False, ended_at=at, **changes)


def a_script(name: str = "h", **changes: Any) -> StoredScript:
    script = StoredScript(
        hash=BatchLocationHash(name * (31 // len(name))),
        content=b"#!/bin/bash -l\n",
        submitter=ALICE,
        stored_at=NOON,
        answer=b'{"batchLocationHash":"..."}',
    )
    return replace(script, **changes)


@dataclass
class SteppedClock:
    """Time passes only when a test says so."""

    time: datetime = NOON

    def now(self) -> datetime:
        return self.time

    def step(self, **by: float) -> None:
        self.time += timedelta(**by)


@dataclass
class JobBoard:
    """A chain of known jobs; `is_away` makes it unavailable."""

    jobs: dict[JobId, JobFacts] = field(default_factory=dict)
    is_away: bool = False

    def put(self, job: JobFacts) -> JobFacts:
        self.jobs[job.job_id] = job
        return job

    async def find(self, job_id: JobId) -> JobFacts | None:
        await self.check()
        return self.jobs.get(job_id)

    async def recall(self, job_id: JobId) -> JobFacts | None:
        return await self.find(job_id)

    async def hot_jobs(self) -> Sequence[JobId]:
        await self.check()
        return [job.job_id for job in self.jobs.values() if job.is_hot]

    async def check(self) -> None:
        if self.is_away:
            raise ChainUnavailable("the chain cannot be asked: it is away")


@dataclass
class MemoryScripts:
    """`ScriptStore` in dictionaries."""

    scripts: dict[str, StoredScript] = field(default_factory=dict)
    keys: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    links: dict[tuple[str, JobId], datetime | None] = field(default_factory=dict)

    async def save(self, script: StoredScript, *, request_key: RequestKey | None) -> bytes:
        known = await self.answer_to(request_key) if request_key else None
        if known is not None:
            return known
        self.scripts[script.hash] = script
        if request_key:
            self.keys[request_key.scope, request_key.key] = (request_key.body_digest, script.hash)
        return script.answer

    async def answer_to(self, request_key: RequestKey) -> bytes | None:
        known = self.keys.get((request_key.scope, request_key.key))
        if known is None:
            return None
        if known[0] != request_key.body_digest:
            raise RequestKeyReused
        return self.scripts[known[1]].answer

    async def find(self, script_hash: BatchLocationHash) -> StoredScript | None:
        return self.scripts.get(script_hash)

    async def link(self, script_hash: BatchLocationHash, job_id: JobId) -> None:
        if script_hash in self.scripts:
            self.links[script_hash, job_id] = None

    async def end(self, job_id: JobId, at: datetime) -> None:
        for script_hash, linked in self.links:
            if linked == job_id:
                self.links[script_hash, linked] = at

    async def hot_jobs(self) -> Sequence[JobId]:
        return [job_id for (_, job_id), ended_at in self.links.items() if ended_at is None]

    async def use_of(self, script_hash: BatchLocationHash) -> ScriptUse | None:
        script = self.scripts.get(script_hash)
        if script is None:
            return None
        links = sorted(
            (job_id, ended_at)
            for (owner, job_id), ended_at in self.links.items()
            if owner == script_hash
        )
        return ScriptUse(script.hash, script.stored_at, tuple(JobLink(*link) for link in links))

    async def uses(self, *, stored_by: datetime) -> Sequence[ScriptUse]:
        old = [s.hash for s in self.scripts.values() if s.stored_at <= stored_by]
        return [use for use in [await self.use_of(name) for name in old] if use]

    async def drop(self, use: ScriptUse) -> bool:
        if await self.use_of(use.hash) != use:
            return False
        del self.scripts[use.hash]
        self.keys = {key: value for key, value in self.keys.items() if value[1] != use.hash}
        self.links = {key: value for key, value in self.links.items() if key[0] != use.hash}
        return True

    async def check(self) -> None:
        return None


@dataclass
class MemoryNonces:
    """`NonceStore` in a dictionary."""

    expiry_by_nonce: dict[str, datetime] = field(default_factory=dict)

    async def issue(self, nonce: str, *, expires_at: datetime) -> None:
        self.expiry_by_nonce[nonce] = expires_at

    async def consume(self, nonce: str, *, now: datetime) -> bool:
        expires_at = self.expiry_by_nonce.pop(nonce, None)
        return expires_at is not None and now < expires_at


@dataclass
class EchoPlanner:
    """Makes a script of the document itself; the text `bad` is an invalid workflow."""

    planned: list[bytes] = field(default_factory=list)

    async def plan(self, document: bytes | Mapping[str, Any], *, nonce: str) -> Plan:
        report = await self.check(document)
        script = b"#!/bin/bash -l\n# nonce: " + nonce.encode() + b"\n" + repr(document).encode()
        self.planned.append(script)
        return Plan(script, {"tasks": 1, "cpusPerTask": 1, "memPerCpu": 1, "gpus": 0}, report)

    async def check(self, document: bytes | Mapping[str, Any]) -> Mapping[str, Any]:
        if document == b"bad":
            problem = WorkflowError("validation", "required", "Job.steps", "steps", "give steps")
            raise WorkflowInvalid([problem])
        return {"warnings": [], "images": [], "modules": []}


@dataclass
class TrustingSignatures:
    """A signature is good when its bytes are the account's address."""

    async def is_signed_by(self, account: Address, *, text: str, signature: bytes) -> bool:
        return signature.hex() == account[2:].lower()
