"""Carries out what is due at the site: scripts, batches, limits, cancels."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence

import structlog

from deepsquare.errors import DeepSquareError, Unavailable
from deepsquare.hashing import batch_location_hash
from deepsquare.identifiers import BatchLocationHash, JobId
from deepsquare_supervisor.app.health import Health
from deepsquare_supervisor.app.pauses import Pauses
from deepsquare_supervisor.app.register import Register
from deepsquare_supervisor.app.site_environment import batch_environment
from deepsquare_supervisor.domain.batch import Batch, BatchState, SlurmId
from deepsquare_supervisor.domain.commands import (
    CancelBatch,
    FetchScript,
    SetTimeLimit,
    SiteCommand,
    SubmitBatch,
)
from deepsquare_supervisor.domain.observations import (
    BatchSeen,
    CancelSent,
    Observation,
    ScriptDiffered,
    ScriptFetched,
    ScriptMissed,
    SubmissionBegan,
    SubmissionRefused,
)
from deepsquare_supervisor.domain.script import is_logged
from deepsquare_supervisor.ports.accounts import UnixAccounts
from deepsquare_supervisor.ports.batch_system import BatchRefused, BatchRequest, BatchSystem
from deepsquare_supervisor.ports.clock import Clock
from deepsquare_supervisor.ports.journal import Intent, IntentKind, Journal
from deepsquare_supervisor.ports.sbatch_api import ScriptNotFound, ScriptSource

log = structlog.get_logger(__name__)

AT_ONCE = 8
"""Site commands carried out at the same time."""


class HashDiffers(DeepSquareError):
    """The script received is not the one the chain commits to (W-HASH-2)."""

    code = "script_hash_differs"

    def __init__(self, expected: BatchLocationHash, actual: BatchLocationHash) -> None:
        super().__init__(f"the script has the hash {actual} instead of {expected}")
        self.actual = actual


class Scripts:
    """Scripts by hash, checked; kept in memory until their batch is submitted."""

    def __init__(self, source: ScriptSource) -> None:
        self._source = source
        self._held: dict[BatchLocationHash, bytes] = {}

    async def get(self, job_id: JobId, script_hash: BatchLocationHash) -> bytes:
        """Return the script with this hash; raises `HashDiffers` and what the source raises."""
        if script_hash in self._held:
            return self._held[script_hash]
        script = await self._source.fetch(job_id, script_hash)
        actual = batch_location_hash(script)
        if actual != script_hash:
            raise HashDiffers(script_hash, actual)
        self._held[script_hash] = script
        return script

    def drop(self, script_hash: BatchLocationHash) -> None:
        """Forget a script."""
        self._held.pop(script_hash, None)


class SiteWork:
    """Turns site commands into effects and effects into observations."""

    def __init__(
        self,
        *,
        register: Register,
        journal: Journal,
        batches: BatchSystem,
        scripts: Scripts,
        accounts: UnixAccounts,
        site: Mapping[str, str],
        clock: Clock,
        health: Health,
    ) -> None:
        self._register = register
        self._journal = journal
        self._batches = batches
        self._scripts = scripts
        self._accounts = accounts
        self._site = site
        self._clock = clock
        self._health = health
        self._pauses = Pauses()
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def carry_out(self, commands: Sequence[SiteCommand]) -> None:
        """Do all commands, a few at a time; those of one job in their order."""
        by_job: dict[JobId, list[SiteCommand]] = {}
        for command in commands:
            by_job.setdefault(command.job_id, []).append(command)
        async with asyncio.TaskGroup() as group:
            for of_job in by_job.values():
                group.create_task(self._in_order(of_job))

    async def _in_order(self, commands: Sequence[SiteCommand]) -> None:
        async with self._slots:
            for command in commands:
                await self._attempt(command)

    async def _attempt(self, command: SiteCommand) -> None:
        key, now = (command.job_id, type(command)), self._clock.now()
        if not self._pauses.is_over(key, now):
            return
        try:
            observations = await self._do(command)
            self._register.apply(command.job_id, observations)
            self._register.save()
        except Unavailable as error:
            self._pauses.failed(key, self._clock.now())
            log.warning("will try again", command=_name(command), **_facts(command, error))
            return
        except DeepSquareError as error:
            self._pauses.failed(key, self._clock.now())
            self._health.alarm(error.code)
            log.warning("needs a person", command=_name(command), **_facts(command, error))
            return
        if ScriptMissed() in observations:
            self._pauses.failed(key, self._clock.now())
        else:
            self._pauses.worked(key)
        log.info("done", command=_name(command), job_id=command.job_id)

    async def _do(self, command: SiteCommand) -> list[Observation]:
        match command:
            case FetchScript():
                return await self._fetch(command)
            case SubmitBatch():
                return await self._submit(command)
            case CancelBatch():
                return await self._cancel(command)
            case SetTimeLimit():
                return await self._set_limit(command)

    async def _fetch(self, command: FetchScript) -> list[Observation]:
        try:
            await self._scripts.get(command.job_id, command.script_hash)
        except ScriptNotFound as error:
            log.warning("no script", job_id=command.job_id, reason=error.message)
            return [ScriptMissed()]
        except HashDiffers as error:
            self._health.alarm(error.code)
            log.warning("not the script the chain commits to", **_facts(command, error))
            return [ScriptDiffered(error.actual)]
        return [ScriptFetched()]

    async def _submit(self, command: SubmitBatch) -> list[Observation]:
        script = await self._scripts.get(command.job_id, command.script_hash)
        account = await self._accounts.of(command.customer)
        request = BatchRequest(
            job_id=command.job_id,
            account=account,
            shape=command.shape,
            limit_minutes=command.limit_minutes,
            is_logged=is_logged(script),
            script=script,
            environment=batch_environment(account, self._site),
        )
        intent = self._begin(command, IntentKind.SUBMIT, SubmissionBegan())
        try:
            batch_id = await self._batches.submit(request)
        except BatchRefused as error:
            self._journal.settle(intent, "refused")
            return [SubmissionRefused(error.message)]
        self._journal.settle(intent, f"batch {batch_id}")
        self._scripts.drop(command.script_hash)
        return [BatchSeen(self._fresh_batch(command, batch_id))]

    def _fresh_batch(self, command: SubmitBatch, batch_id: SlurmId) -> Batch:
        return Batch(
            batch_id=batch_id,
            job_id=command.job_id,
            state=BatchState.QUEUED,
            submitted_at=self._clock.now(),
            limit_minutes=command.limit_minutes,
        )

    async def _cancel(self, command: CancelBatch) -> list[Observation]:
        if command.is_hard:
            await self._batches.cancel(command.batch_id)
            return []
        intent = self._begin(command, IntentKind.CANCEL, None)
        await self._batches.terminate(command.batch_id)
        self._journal.settle(intent, "sent")
        return [CancelSent()]

    async def _set_limit(self, command: SetTimeLimit) -> list[Observation]:
        intent = self._begin(command, IntentKind.SET_LIMIT, None)
        await self._batches.set_limit(command.batch_id, command.minutes)
        self._journal.settle(intent, "set")
        return []

    def _begin(
        self, command: SiteCommand, kind: IntentKind, observation: Observation | None
    ) -> int:
        job = self._register[command.job_id]
        payload_hash = hashlib.sha256(repr(command).encode()).hexdigest()
        intent = Intent(command.job_id, job.attempt, kind, payload_hash)
        return self._register.begin(intent, observation)


def _name(command: SiteCommand) -> str:
    return type(command).__name__


def _facts(command: SiteCommand, error: DeepSquareError) -> dict[str, str]:
    return {"job_id": command.job_id, "code": error.code, "reason": error.message}
