"""One signer, one line: at most one transaction is open, and it is journalled before it is sent."""

from collections.abc import Sequence
from dataclasses import replace

import structlog

from deepsquare.chain.errors import (
    JobHotStatusOnly,
    JobProviderOnly,
    MetaScheduledScheduledStatusOnly,
    NoJob,
    ProviderNotJoined,
    RunningStatusOnly,
    SameStatusError,
)
from deepsquare.errors import DeepSquareError
from deepsquare_supervisor.app.health import Health
from deepsquare_supervisor.domain.commands import (
    AttestRunning,
    ChainCommand,
    RefuseJob,
    ReportEnd,
    ReportRunning,
    TakeJobs,
    TakeStops,
    TakeTopUps,
)
from deepsquare_supervisor.ports.chain import (
    ChainUnavailable,
    Fate,
    Ledger,
    Refusal,
    TransactionRefused,
)
from deepsquare_supervisor.ports.journal import Journal, OpenTransaction

log = structlog.get_logger(__name__)

MOST_COMMANDS = 40
"""In one transaction; the worst of them stay far below a block's gas (protocol.md 6)."""

_LOST_RACES = frozenset(
    error.code
    for error in (
        JobHotStatusOnly,
        JobProviderOnly,
        MetaScheduledScheduledStatusOnly,
        NoJob,
        ProviderNotJoined,
        RunningStatusOnly,
        SameStatusError,
    )
)
"""Refusals that mean "already done" or "somebody was faster"; all others need a person."""

_URGENCY: tuple[type[object], ...] = (
    ReportEnd,
    RefuseJob,
    ReportRunning,
    TakeTopUps,
    TakeStops,
    TakeJobs,
    AttestRunning,
)


class TransactionLine:
    """Sends what is due on chain, follows it, and replaces it by fee while it is stuck."""

    def __init__(
        self, *, ledger: Ledger, journal: Journal, health: Health, replace_after_blocks: int
    ) -> None:
        self._ledger = ledger
        self._journal = journal
        self._health = health
        self._replace_after_blocks = replace_after_blocks
        self._open = journal.open_transaction()
        self._is_sent = False
        self._read_from_block = 0
        self._told: frozenset[Refusal] = frozenset()

    @property
    def is_open(self) -> bool:
        """Whether a transaction waits to be mined."""
        return self._open is not None

    async def advance(self, commands: Sequence[ChainCommand], *, block: int) -> None:
        """Follow the open transaction; with none open, send what is due by a view at ``block``.

        Nothing new is sent on a view older than the last transaction's effects.
        """
        try:
            if self._open:
                await self._follow(self._open, block)
            if commands and not self._open and block >= self._read_from_block:
                await self._send(commands, block)
        except ChainUnavailable as error:
            log.warning("the chain is away", code=error.code, reason=error.message)

    async def _follow(self, transaction: OpenTransaction, block: int) -> None:
        verdict = await self._ledger.fate(transaction.rivals)
        newest = transaction.newest
        if verdict.fate is Fate.WAITING:
            await self._push(transaction, block)
            return
        log.info(
            "transaction ended",
            fate=verdict.fate.value,
            label=newest.label,
            tx_hash=newest.tx_hash,
            nonce=newest.nonce,
            block=verdict.block,
            reason=verdict.reason or None,
        )
        if verdict.fate is not Fate.MINED:
            self._health.alarm(f"transaction_{verdict.fate.value}")
        self._close(newest.nonce, verdict.fate.value, verdict.block)

    async def _push(self, transaction: OpenTransaction, block: int) -> None:
        if not self._is_sent:
            await self._broadcast(transaction)
        elif block >= transaction.block + self._replace_after_blocks:
            await self._outbid(transaction, block)

    async def _outbid(self, transaction: OpenTransaction, block: int) -> None:
        try:
            newer = await self._ledger.replace(transaction.newest)
        except TransactionRefused as error:
            self._health.alarm("transaction_stuck")
            log.warning("stuck", label=transaction.newest.label, reason=error.message)
            return
        log.warning("replaced by fee", label=newer.label, tx_hash=newer.tx_hash)
        transaction = replace(transaction, rivals=(*transaction.rivals, newer), block=block)
        await self._broadcast(self._keep(transaction))

    async def _send(self, commands: Sequence[ChainCommand], block: int) -> None:
        draft = await self._ledger.sign(in_order(commands)[:MOST_COMMANDS])
        self._tell(draft.refusals)
        if draft.signed is None:
            return
        log.info("sending", label=draft.signed.label, tx_hash=draft.signed.tx_hash)
        await self._broadcast(self._keep(OpenTransaction((draft.signed,), block)))

    def _keep(self, transaction: OpenTransaction) -> OpenTransaction:
        self._journal.save_transaction(transaction)
        self._open, self._is_sent = transaction, False
        return transaction

    async def _broadcast(self, transaction: OpenTransaction) -> None:
        try:
            await self._ledger.broadcast(transaction.newest)
        except TransactionRefused as error:
            self._health.alarm("transaction_refused")
            _log_refused(transaction, error)
            if len(transaction.rivals) == 1:
                self._close(transaction.newest.nonce, "refused", block=0)
            return
        self._is_sent = True

    def _close(self, nonce: int, outcome: str, block: int) -> None:
        self._journal.close_transaction(nonce, outcome)
        self._open = None
        self._read_from_block = max(self._read_from_block, block)

    def _tell(self, refusals: Sequence[Refusal]) -> None:
        """Log each refusal once while it lasts."""
        for refusal in set(refusals) - self._told:
            is_race = refusal.code in _LOST_RACES
            tell = log.info if is_race else log.error
            tell("the chain refuses", command=repr(refusal.command), code=refusal.code)
            if not is_race:
                self._health.alarm("report_refused")
        self._told = frozenset(refusals)


def in_order(commands: Sequence[ChainCommand]) -> list[ChainCommand]:
    """Sort by urgency, ends first; RUNNING stays before the end of the same job."""
    ending = {command.job_id for command in commands if isinstance(command, ReportEnd)}

    def urgency(command: ChainCommand) -> int:
        is_prelude = isinstance(command, ReportRunning) and command.job_id in ending
        return 0 if is_prelude else _URGENCY.index(type(command))

    return sorted(commands, key=urgency)


def _log_refused(transaction: OpenTransaction, error: DeepSquareError) -> None:
    log.warning(
        "the node refuses the transaction",
        label=transaction.newest.label,
        tx_hash=transaction.newest.tx_hash,
        reason=error.message,
    )
