"""Doubles of everything outside the supervisor, each implementing a port, named for its vice."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from deepsquare.chain import JobStatus
from deepsquare.hashing import batch_location_hash
from deepsquare.identifiers import Address, BatchLocationHash, JobId
from deepsquare_supervisor.domain.batch import Batch, BatchState, SlurmId, WaitStatus
from deepsquare_supervisor.domain.claim import ChainJob, Shape, Standing
from deepsquare_supervisor.domain.commands import (
    AttestRunning,
    ChainCommand,
    RefuseJob,
    ReportEnd,
    ReportRunning,
    TakeJobs,
)
from deepsquare_supervisor.domain.ending import Ending
from deepsquare_supervisor.ports.accounts import Account
from deepsquare_supervisor.ports.batch_system import (
    AccountingUnavailable,
    BatchRequest,
    BatchSystemUnavailable,
)
from deepsquare_supervisor.ports.chain import (
    ChainUnavailable,
    ChainView,
    Draft,
    Fate,
    Refusal,
    Signed,
    Verdict,
)
from deepsquare_supervisor.ports.sbatch_api import (
    LogOffsetDiffers,
    LogsUnavailable,
    ScriptNotFound,
    ScriptsUnavailable,
)

CUSTOMER = Address("0x70997970C51812dc3A010C7d01b50e0d17dc79C8")
OTHER_CUSTOMER = Address("0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC")
SCRIPT = b"#!/bin/bash -l\n# deepsquare-workflow: 1\n# nonce: 00\n# logging: on\necho hello\n"


class Killed(BaseException):
    """The process dies here; nothing may catch it."""


class FakeClock:
    """A clock that stands still until told."""

    def __init__(self, now: int = 1_700_000_000) -> None:
        self.time = now

    def now(self) -> int:
        return self.time

    def pass_s(self, seconds: int) -> None:
        self.time += seconds


@dataclass
class Contract:
    """A job on the fake chain, with the bill it ended with."""

    view: ChainJob
    status: JobStatus = JobStatus.META_SCHEDULED
    ending: Ending | None = None
    reports: int = 0


@dataclass
class FakeChain:
    """A chain of one provider: a `JobQueue` and a `Ledger` that mines when told (or at once)."""

    clock: FakeClock
    block: int = 100
    mines_at_once: bool = True
    is_away: bool = False
    is_joined: bool = True
    funds_wei: int = 10**18
    loses_answer_of_broadcast: bool = False
    old_view: ChainView | None = None
    """What a lagging node answers while it is set."""
    contracts: dict[JobId, Contract] = field(default_factory=dict)
    pool: list[tuple[Signed, tuple[ChainCommand, ...]]] = field(default_factory=list)
    mined: dict[str, int] = field(default_factory=dict)
    nonce: int = 0
    transactions: int = 0
    settled: list[JobId] = field(default_factory=list)
    signed: dict[str, tuple[ChainCommand, ...]] = field(default_factory=dict)

    def assign(
        self,
        job_id: JobId,
        *,
        script: bytes = SCRIPT,
        customer: Address = CUSTOMER,
        paid_minutes: int = 10,
        shape: Shape | None = None,
    ) -> Contract:
        self.block += 1
        view = ChainJob(
            job_id=job_id,
            customer=customer,
            standing=Standing.ASSIGNED,
            script_hash=batch_location_hash(script),
            shape=shape or Shape(ntasks=1, cpus_per_task=1, mem_per_cpu_mb=100, gpus=0),
            read_block=self.block,
            read_at=self.clock.now(),
            changed_block=self.block,
            paid_minutes=paid_minutes,
            claim_timeout_s=600,
        )
        self.contracts[job_id] = Contract(view)
        return self.contracts[job_id]

    def standing(self, job_id: JobId) -> Standing:
        return self.contracts[job_id].view.standing

    def move(self, job_id: JobId, standing: Standing, **changes: Any) -> None:
        self.block += 1
        contract = self.contracts[job_id]
        contract.view = replace(
            contract.view, standing=standing, changed_block=self.block, **changes
        )

    def request_cancel(self, job_id: JobId) -> None:
        view = self.contracts[job_id].view
        if view.standing is Standing.RUNNING:
            self.block += 1
            self.contracts[job_id].view = replace(view, cancel_requested_at=self.clock.now())
        else:
            self.contracts[job_id].status = JobStatus.CANCELLED
            self.move(job_id, Standing.SETTLED, cancel_requested_at=self.clock.now())

    def top_up(self, job_id: JobId, minutes: int) -> None:
        self.block += 1
        view = self.contracts[job_id].view
        self.contracts[job_id].view = replace(view, paid_minutes=view.paid_minutes + minutes)

    async def read(self, known: Collection[JobId]) -> ChainView:
        self._answer()
        if self.old_view:
            return self.old_view
        held = [
            contract
            for contract in self.contracts.values()
            if contract.view.standing not in (Standing.SETTLED, Standing.LOST)
            or contract.view.job_id in known
        ]
        return ChainView(
            block=self.block,
            block_time=self.clock.now(),
            jobs=tuple(
                replace(c.view, read_block=self.block, read_at=self.clock.now()) for c in held
            ),
            missing=frozenset(known) - set(self.contracts),
            has_claimable=any(
                c.view.standing is Standing.ASSIGNED for c in self.contracts.values()
            ),
            is_joined=self.is_joined,
            funds_wei=self.funds_wei,
        )

    async def sign(self, commands: Sequence[ChainCommand]) -> Draft:
        self._answer()
        backup = {job_id: replace(contract) for job_id, contract in self.contracts.items()}
        settled = list(self.settled)
        refusals = [r for r in (self._apply(command) for command in commands) if r]
        self.contracts, self.settled = backup, settled
        refused = [refusal.command for refusal in refusals]
        rest = tuple(command for command in commands if command not in refused)
        if not rest:
            return Draft(None, tuple(refusals))
        self.transactions += 1
        signed = Signed(self.nonce, "test", f"0x{self.transactions:064x}", str(self.transactions))
        self.signed[signed.tx_hash] = rest
        return Draft(signed, tuple(refusals))

    async def replace(self, signed: Signed) -> Signed:
        self._answer()
        self.transactions += 1
        newer = replace(signed, tx_hash=f"0x{self.transactions:064x}")
        self.signed[newer.tx_hash] = self.signed[signed.tx_hash]
        return newer

    async def broadcast(self, signed: Signed) -> None:
        self._answer()
        if signed.nonce < self.nonce:
            return
        self.pool = [(s, c) for s, c in self.pool if s.nonce != signed.nonce]
        self.pool.append((signed, self.signed[signed.tx_hash]))
        if self.mines_at_once:
            self.mine()
        if self.loses_answer_of_broadcast:
            raise ChainUnavailable("timed out")

    async def fate(self, rivals: Sequence[Signed]) -> Verdict:
        self._answer()
        for signed in rivals:
            if signed.tx_hash in self.mined:
                return Verdict(Fate.MINED, self.mined[signed.tx_hash])
        if rivals[-1].nonce < self.nonce:
            return Verdict(Fate.SUPERSEDED, self.block)
        return Verdict(Fate.WAITING)

    def mine(self) -> None:
        self.block += 1
        for signed, commands in self.pool:
            for command in commands:
                self._apply(command)
            self.mined[signed.tx_hash] = self.block
            self.nonce += 1
        self.pool = []

    def use_nonce_elsewhere(self) -> None:
        self.nonce += 1
        self.block += 1
        self.pool = []

    def _answer(self) -> None:
        if self.is_away:
            raise ChainUnavailable("no endpoint answers")

    def _apply(self, command: ChainCommand) -> Refusal | None:
        if isinstance(command, TakeJobs):
            self._claim(command.limit)
            return None
        if isinstance(command, ReportRunning | ReportEnd | RefuseJob | AttestRunning):
            return self._report(self.contracts[command.job_id], command)
        return None

    def _claim(self, limit: int) -> None:
        waiting = [c for c in self.contracts.values() if c.view.standing is Standing.ASSIGNED]
        for contract in waiting[:limit]:
            self._set(contract, Standing.CLAIMED, claimed_at=self.clock.now())

    def _report(self, contract: Contract, command: ChainCommand) -> Refusal | None:
        standing = contract.view.standing
        if isinstance(command, RefuseJob) and standing is Standing.CLAIMED:
            self._set(contract, Standing.LOST)
        elif isinstance(command, ReportRunning) and standing is Standing.CLAIMED:
            self._set(contract, Standing.RUNNING, started_at=self.clock.now())
        elif isinstance(command, AttestRunning) and standing is Standing.RUNNING:
            contract.view = replace(contract.view, attested_at=self.clock.now())
        elif isinstance(command, ReportEnd) and standing.is_held:
            contract.ending, contract.status = command.ending, command.ending.status
            contract.reports += 1
            self.settled.append(contract.view.job_id)
            self._set(contract, Standing.SETTLED)
        else:
            return Refusal(command, "contract_job_hot_status_only", "refused")
        return None

    def _set(self, contract: Contract, standing: Standing, **changes: Any) -> None:
        contract.view = replace(
            contract.view, standing=standing, changed_block=self.block, **changes
        )


@dataclass
class FakeSlurm:
    """A `BatchSystem` and `Accounting` whose batches do what the test says."""

    clock: FakeClock
    batches: dict[SlurmId, Batch] = field(default_factory=dict)
    requests: list[BatchRequest] = field(default_factory=list)
    is_away: bool = False
    is_accounting_away: bool = False
    answers_after_queueing: bool = True
    terminated: list[SlurmId] = field(default_factory=list)
    cancelled: list[SlurmId] = field(default_factory=list)

    async def submit(self, request: BatchRequest) -> SlurmId:
        if self.is_away:
            raise BatchSystemUnavailable("slurmctld does not answer")
        self.requests.append(request)
        number = SlurmId(len(self.batches) + 1)
        self.batches[number] = Batch(
            batch_id=number,
            job_id=request.job_id,
            state=BatchState.QUEUED,
            submitted_at=self.clock.now(),
            limit_minutes=request.limit_minutes,
        )
        if not self.answers_after_queueing:
            raise BatchSystemUnavailable("sbatch gave no answer in 20 s")
        return number

    async def live(self) -> tuple[Batch, ...]:
        if self.is_away:
            raise BatchSystemUnavailable("slurmctld does not answer")
        return tuple(batch for batch in self.batches.values() if batch.state.is_live)

    async def ended(self, job_ids: Collection[JobId]) -> tuple[Batch, ...]:
        if self.is_accounting_away:
            raise AccountingUnavailable("slurmdbd does not answer")
        return tuple(
            batch
            for batch in self.batches.values()
            if batch.job_id in job_ids and not batch.state.is_live
        )

    async def set_limit(self, batch_id: SlurmId, minutes: int) -> None:
        self._change(batch_id, limit_minutes=minutes)

    async def terminate(self, batch_id: SlurmId) -> None:
        self.terminated.append(batch_id)

    async def cancel(self, batch_id: SlurmId) -> None:
        self.cancelled.append(batch_id)
        if self.batches[batch_id].state.is_live:
            self.end(batch_id, BatchState.CANCELLED)

    def start(self, batch_id: int = 1) -> None:
        self._change(SlurmId(batch_id), state=BatchState.STARTED, started_at=self.clock.now())

    def end(
        self, batch_id: int = 1, state: BatchState = BatchState.COMPLETED, code: int = 0
    ) -> None:
        self._change(
            SlurmId(batch_id), state=state, ended_at=self.clock.now(), status=WaitStatus(code)
        )

    def live_count(self) -> int:
        return sum(batch.state.is_live for batch in self.batches.values())

    def _change(self, batch_id: SlurmId, **changes: Any) -> None:
        self.batches[batch_id] = replace(self.batches[batch_id], **changes)


@dataclass
class FakeApi:
    """A `ScriptSource` and `LogSink`."""

    scripts: dict[BatchLocationHash, bytes] = field(default_factory=dict)
    logs: dict[JobId, bytearray] = field(default_factory=dict)
    ended: set[JobId] = field(default_factory=set)
    is_away: bool = False
    fetches: int = 0

    def hold(self, script: bytes = SCRIPT) -> None:
        self.scripts[batch_location_hash(script)] = script

    async def fetch(self, job_id: JobId, script_hash: BatchLocationHash) -> bytes:
        self.fetches += 1
        if self.is_away:
            raise ScriptsUnavailable("no answer")
        if script_hash not in self.scripts:
            raise ScriptNotFound("404")
        return self.scripts[script_hash]

    async def size(self, job_id: JobId) -> int:
        if self.is_away:
            raise LogsUnavailable("no answer")
        return len(self.logs.get(job_id, b""))

    async def append(self, job_id: JobId, *, offset: int, data: bytes, is_end: bool) -> None:
        if self.is_away:
            raise LogsUnavailable("no answer")
        held = self.logs.setdefault(job_id, bytearray())
        if offset > len(held) or held[offset : offset + len(data)] != data[: len(held) - offset]:
            raise LogOffsetDiffers("offset", details={"size": len(held)})
        held[offset : offset + len(data)] = data
        if is_end:
            self.ended.add(job_id)


class FakeAccounts:
    """`UnixAccounts` without any account."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def of(self, customer: Address) -> Account:
        return Account(customer, user="nobody", uid=65534, gid=65534, root=self._root / customer)


@dataclass
class FakeOutput:
    """`OutputFiles` in memory."""

    files: dict[SlurmId, bytes] = field(default_factory=dict)

    def read(
        self, account: Account, job_id: JobId, batch_id: SlurmId, *, offset: int, limit: int
    ) -> bytes | None:
        text = self.files.get(batch_id)
        return None if text is None else text[offset : offset + limit]
