"""One tick: read the state, compute the difference, act. The same code runs at start.

Events only shorten the wait between ticks (faults.md rule 1).
"""

from dataclasses import dataclass, replace

import structlog

from deepsquare.errors import Unavailable
from deepsquare_supervisor.app.health import Health
from deepsquare_supervisor.app.register import Register
from deepsquare_supervisor.app.shipping import LogShipper
from deepsquare_supervisor.app.site_view import SiteView, look_at_site
from deepsquare_supervisor.app.site_work import SiteWork
from deepsquare_supervisor.app.transactions import TransactionLine
from deepsquare_supervisor.domain.claim import ChainJob, Standing
from deepsquare_supervisor.domain.commands import (
    ChainCommand,
    Command,
    JobReport,
    QueueCommand,
    SiteCommand,
    TakeJobs,
    TakeStops,
    TakeTopUps,
)
from deepsquare_supervisor.domain.due import due, strays_of
from deepsquare_supervisor.domain.job import Phase
from deepsquare_supervisor.domain.observations import (
    ChainRead,
    LookUpFailed,
    Observation,
    TimePassed,
)
from deepsquare_supervisor.ports.batch_system import Accounting, BatchSystem
from deepsquare_supervisor.ports.chain import ChainView, JobQueue
from deepsquare_supervisor.ports.clock import Clock
from deepsquare_supervisor.ports.journal import Journal, JournalUnavailable

log = structlog.get_logger(__name__)

MOST_ROUNDS = 3
"""Within one tick a script is fetched, its batch submitted, and its limit set."""

QUEUE_ENTRIES = 64
"""Entries of a queue worked off in one call (protocol.md 2.6, MAX_CLAIMS)."""


@dataclass(frozen=True, slots=True)
class Intake:
    """When new jobs are taken: at most ``jobs`` at once, with ``reserve_wei`` kept for reports."""

    jobs: int
    claims_at_once: int
    reserve_wei: int


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the state is read."""

    chain: JobQueue
    batches: BatchSystem
    accounting: Accounting
    clock: Clock
    journal: Journal


class Reconciler:
    """Brings chain and batch system together, tick by tick."""

    def __init__(
        self,
        *,
        sources: Sources,
        register: Register,
        site_work: SiteWork,
        line: TransactionLine,
        shipper: LogShipper,
        health: Health,
        intake: Intake,
    ) -> None:
        self._sources = sources
        self._register = register
        self._site_work = site_work
        self._line = line
        self._shipper = shipper
        self._health = health
        self._intake = intake
        self._block = 0

    @property
    def is_busy(self) -> bool:
        """Whether something is expected to change soon."""
        waiting = (Phase.STARTED, Phase.CLOSED)
        return self._line.is_open or any(
            job.phase not in waiting or job.chain.standing is not Standing.RUNNING
            for job in self._register
        )

    async def tick(self) -> None:
        """Do one round; what is away is left for the next one. Never raises `Unavailable`."""
        try:
            self._sources.journal.probe()
            self._health.journal_error = ""
            await self._round()
        except JournalUnavailable as error:
            self._health.journal_error = error.message
            log.warning("the journal is away", code=error.code, reason=error.message)
        self._health.last_tick_at = self._sources.clock.now()

    async def _round(self) -> None:
        chain = await self._read_chain()
        self._admit(chain)
        site = await self._look_at_site()
        self._fold(chain, site)
        if site:
            await self._work(site)
        if chain:
            await self._line.advance(self._for_chain(chain, site), block=chain.block)

    async def _read_chain(self) -> ChainView | None:
        try:
            view = await self._sources.chain.read(self._register.job_ids())
        except Unavailable as error:
            self._health.chain_error = error.message
            log.warning("the chain is away", code=error.code, reason=error.message)
            return None
        self._health.chain_error = ""
        self._health.is_joined = view.is_joined
        if view.block < self._block:
            return None
        self._block = self._health.block = view.block
        return view

    def _admit(self, chain: ChainView | None) -> None:
        now = self._sources.clock.now()
        for job in chain.jobs if chain else ():
            self._register.admit(job, now=now)

    async def _look_at_site(self) -> SiteView | None:
        sources = self._sources
        try:
            view = await look_at_site(sources.batches, sources.accounting, self._register)
        except Unavailable as error:
            self._health.batch_system_error = error.message
            log.warning("the batch system is away", code=error.code, reason=error.message)
            return None
        self._health.batch_system_error = ""
        self._health.accounting_error = view.accounting_error
        return view

    def _fold(self, chain: ChainView | None, site: SiteView | None) -> None:
        """Turn the views into observations of every open job, and bring the result to disk."""
        now = self._sources.clock.now()
        on_chain = {job.job_id: job for job in chain.jobs} if chain else {}
        for known in self._register:
            seen: list[Observation] = [TimePassed(now)]
            if known.job_id in on_chain:
                seen.append(ChainRead(on_chain[known.job_id]))
            elif chain and known.job_id in chain.missing:
                seen.append(ChainRead(_vanished(known.chain, chain)))
            job = self._register.apply(known.job_id, seen)
            at_site = site.observations(job) if site else [LookUpFailed()]
            job = self._register.apply(job.job_id, at_site)
            self._shipper.watch(job)
        self._register.save()

    async def _work(self, site: SiteView) -> None:
        done: set[SiteCommand] = set()
        for _ in range(MOST_ROUNDS):
            commands = [command for command in self._for_site(site) if command not in done]
            if not commands:
                return
            await self._site_work.carry_out(commands)
            done.update(commands)

    def _for_site(self, site: SiteView) -> list[SiteCommand]:
        wanted: list[Command] = []
        for job in self._register:
            wanted += strays_of(job, site.live.get(job.job_id, ()))
            wanted += due(job, self._register.policy)
        return [command for command in wanted if isinstance(command, SiteCommand)]

    def _for_chain(self, chain: ChainView, site: SiteView | None) -> list[ChainCommand]:
        reports = [
            command
            for job in self._register
            for command in due(job, self._register.policy)
            if isinstance(command, JobReport)
        ]
        return [*reports, *self._from_queues(chain, site)]

    def _from_queues(self, chain: ChainView, site: SiteView | None) -> list[QueueCommand]:
        commands: list[QueueCommand] = []
        if chain.has_top_ups:
            commands.append(TakeTopUps(QUEUE_ENTRIES))
        if chain.has_stops:
            commands.append(TakeStops(QUEUE_ENTRIES))
        places = min(self._intake.claims_at_once, self._places())
        if chain.has_claimable and self._may_claim(chain, site) and places:
            commands.append(TakeJobs(places))
        return commands

    def _places(self) -> int:
        return max(0, self._intake.jobs - len(self._register.job_ids()))

    def _may_claim(self, chain: ChainView, site: SiteView | None) -> bool:
        """New jobs are taken only while all that is needed to run and settle them works."""
        health = self._health
        is_poor = chain.funds_wei < self._intake.reserve_wei
        health.funds_error = "too little coin is left to settle open jobs" if is_poor else ""
        is_well = not (health.journal_error or health.accounting_error or is_poor)
        return chain.is_joined and site is not None and is_well


def _vanished(known: ChainJob, view: ChainView) -> ChainJob:
    """A job the chain no longer knows: a reorganisation took it."""
    return replace(known, standing=Standing.LOST, read_block=view.block, read_at=view.block_time)
