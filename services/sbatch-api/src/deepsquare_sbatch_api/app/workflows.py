"""Taking in workflows: parse, render, keep."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

from deepsquare.hashing import batch_location_hash
from deepsquare.identifiers import Address
from deepsquare_sbatch_api.ports.clock import Clock
from deepsquare_sbatch_api.ports.scripts import RequestKey, ScriptStore, StoredScript


@dataclass(frozen=True)
class Plan:
    """A workflow made into a script, and what is worth knowing about it (workflow.md W-REN-12)."""

    script: bytes
    resources: Mapping[str, int]
    report: Mapping[str, Any]
    """Warnings, images, modules, peak demand and steps, as JSON values; no secrets."""


class Planner(Protocol):
    """Makes a workflow into a script; raises `deepsquare.workflow.WorkflowInvalid`."""

    async def plan(self, document: bytes | Mapping[str, Any], *, nonce: str) -> Plan:
        """Parse, expand, look up and render; a mapping is a document that is parsed already."""

    async def check(self, document: bytes | Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the report of `plan` without its script."""


@dataclass(frozen=True)
class SubmittedBy:
    """Who submits (None: anonymous), and the Idempotency-Key they gave."""

    account: Address | None
    key: str | None = None

    def request_key(self, body: bytes) -> RequestKey | None:
        """Return the key of this request, bound to its body."""
        if self.key is None:
            return None
        scope = self.account or "anonymous"
        return RequestKey(scope, self.key, hashlib.sha256(body).hexdigest())


@dataclass(frozen=True)
class Workflows:
    """Submits, checks and renders workflows."""

    planner: Planner
    scripts: ScriptStore
    clock: Clock
    unreferenced_life: timedelta

    async def submit(
        self, document: bytes | Mapping[str, Any], *, by: SubmittedBy, body: bytes
    ) -> Mapping[str, Any]:
        """Render and keep a workflow; the same key and body get the same answer again."""
        request_key = by.request_key(body)
        known = request_key and await self.scripts.answer_to(request_key)
        if known:
            return _decoded(known)
        plan = await self.planner.plan(document, nonce=new_nonce())
        return _decoded(await self.scripts.save(self._script(plan, by), request_key=request_key))

    async def render(self, document: bytes) -> tuple[bytes, Mapping[str, Any]]:
        """Return the script and the report; nothing is kept."""
        plan = await self.planner.plan(document, nonce=new_nonce())
        return plan.script, {"resources": plan.resources, **plan.report}

    async def validate(self, document: bytes) -> Mapping[str, Any]:
        """Return the report; nothing is kept."""
        return await self.planner.check(document)

    def _script(self, plan: Plan, by: SubmittedBy) -> StoredScript:
        now, digest = self.clock.now(), batch_location_hash(plan.script)
        answer = {
            "batchLocationHash": digest,
            "resources": plan.resources,
            "expiresAt": rfc3339(now + self.unreferenced_life),
            **{name: plan.report[name] for name in ("warnings", "images", "modules")},
        }
        encoded = json.dumps(answer, separators=(",", ":")).encode()
        return StoredScript(digest, plan.script, by.account, now, encoded)


def new_nonce() -> str:
    """Return 128 random bits as the header of a script shows them (W-REN-2)."""
    return secrets.token_hex(16)


def _decoded(answer: bytes) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", json.loads(answer))


def rfc3339(moment: datetime) -> str:
    """Write a moment in UTC as the HTTP interface shows it."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
