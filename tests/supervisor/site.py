"""A supervisor wired to doubles, which can be killed and started again."""

from dataclasses import replace
from pathlib import Path

from tests.supervisor.crashing import Crasher, deadly
from tests.supervisor.doubles import (
    FakeAccounts,
    FakeApi,
    FakeChain,
    FakeClock,
    FakeOutput,
    FakeSlurm,
)

from deepsquare.identifiers import JobId
from deepsquare_supervisor.adapters.journal import SqliteJournal
from deepsquare_supervisor.app.health import Health
from deepsquare_supervisor.app.reconciler import Intake, Reconciler, Sources
from deepsquare_supervisor.app.register import Register
from deepsquare_supervisor.app.shipping import LogShipper
from deepsquare_supervisor.app.site_work import Scripts, SiteWork
from deepsquare_supervisor.app.transactions import TransactionLine
from deepsquare_supervisor.domain.job import Job, Policy
from deepsquare_supervisor.ports.accounts import UnixAccounts
from deepsquare_supervisor.ports.batch_system import Accounting, BatchSystem
from deepsquare_supervisor.ports.chain import JobQueue, Ledger
from deepsquare_supervisor.ports.journal import Journal
from deepsquare_supervisor.ports.output import OutputFiles

JOB = JobId("0x" + "00" * 31 + "01")
OTHER_JOB = JobId("0x" + "00" * 31 + "02")


def a_policy(**changes: int) -> Policy:
    return replace(Policy(stop_s=25, finality_blocks=5, max_minutes=525_600), **changes)


def an_intake(**changes: int) -> Intake:
    return replace(Intake(jobs=1000, claims_at_once=16, reserve_wei=0), **changes)


class Site:
    """The world around one supervisor, and the supervisor itself once `start` was called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FakeClock()
        self.chain = FakeChain(self.clock)
        self.slurm = FakeSlurm(self.clock)
        self.api = FakeApi()
        self.api.hold()
        self.output = FakeOutput()
        self.policy = a_policy(finality_blocks=2)
        self.intake = an_intake()
        self.batches: BatchSystem = self.slurm
        self.accounting: Accounting = self.slurm
        self.accounts: UnixAccounts = FakeAccounts(folder)
        self.files: OutputFiles = self.output
        self.queue: JobQueue = self.chain
        self.ledger: Ledger = self.chain
        self.crasher = Crasher()
        self.start()

    def start(self) -> None:
        """Start, or start again after a crash: only the journal's file is left of the past."""
        self.journal = SqliteJournal(self.folder / "journal.sqlite")
        journal: Journal = deadly(self.journal, self.crasher)
        queue = deadly(self.queue, self.crasher)
        ledger = deadly(self.ledger, self.crasher)
        batches = deadly(self.batches, self.crasher)
        api = deadly(self.api, self.crasher)
        self.health = Health()
        self.register = Register(journal, self.policy)
        self.shipper = LogShipper(
            sink=api,
            files=self.files,
            accounts=self.accounts,
            journal=journal,
            clock=self.clock,
        )
        self.site_work = SiteWork(
            register=self.register,
            journal=journal,
            batches=batches,
            scripts=Scripts(api),
            accounts=self.accounts,
            site={},
            clock=self.clock,
            health=self.health,
        )
        self.line = TransactionLine(
            ledger=ledger, journal=journal, health=self.health, replace_after_blocks=3
        )
        self.reconciler = Reconciler(
            sources=Sources(queue, batches, self.accounting, self.clock, journal),
            register=self.register,
            site_work=self.site_work,
            line=self.line,
            shipper=self.shipper,
            health=self.health,
            intake=self.intake,
        )

    def restart(self) -> None:
        """Die and start again."""
        self.journal.close()
        self.start()

    async def ticks(self, count: int = 1, *, every_s: int = 2) -> None:
        """Let time pass, a tick and a turn of log shipping at each step."""
        for _ in range(count):
            self.clock.pass_s(every_s)
            self.chain.block += 1
            await self.reconciler.tick()
            await self.shipper.ship()

    async def queued(self) -> JobId:
        """Bring `JOB` so far that its batch waits in Slurm's queue."""
        self.chain.assign(JOB)
        await self.ticks(4)
        return JOB

    async def running(self) -> JobId:
        """Bring `JOB` so far that it runs, in Slurm and on chain."""
        await self.queued()
        self.slurm.start()
        await self.ticks(2)
        return JOB

    def job(self, job_id: JobId = JOB) -> Job:
        found = self.journal.find_job(job_id)
        assert found is not None
        return found
