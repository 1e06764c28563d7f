"""Wires the parts of the supervisor together by plain constructor calls."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from eth_account import Account as EthAccount

from deepsquare.api import SbatchApi
from deepsquare.chain import Grid, Rpc
from deepsquare.chain.fees import GWEI, FeePolicy
from deepsquare.chain.sender import Sender
from deepsquare.identifiers import Address
from deepsquare.keys import parse_key
from deepsquare_supervisor.adapters.accounts.local import LocalAccounts
from deepsquare_supervisor.adapters.accounts.single import SingleAccount
from deepsquare_supervisor.adapters.chain.reading import GridJobs
from deepsquare_supervisor.adapters.chain.writing import GridLedger
from deepsquare_supervisor.adapters.clock import SystemClock
from deepsquare_supervisor.adapters.journal import SqliteJournal
from deepsquare_supervisor.adapters.output_files import LocalOutputFiles
from deepsquare_supervisor.adapters.sbatch_api import ApiLogs, ApiScripts
from deepsquare_supervisor.adapters.slurm.cli import SlurmCommands, SlurmDatabase
from deepsquare_supervisor.adapters.slurm.commands import SiteOptions
from deepsquare_supervisor.adapters.slurm.completion_log import CompletionLog
from deepsquare_supervisor.adapters.timer import Timer
from deepsquare_supervisor.app.health import Health
from deepsquare_supervisor.app.reconciler import Intake, Reconciler, Sources
from deepsquare_supervisor.app.register import Register
from deepsquare_supervisor.app.shipping import LogShipper
from deepsquare_supervisor.app.site_work import Scripts, SiteWork
from deepsquare_supervisor.app.supervisor import Pace, Supervisor
from deepsquare_supervisor.app.transactions import TransactionLine
from deepsquare_supervisor.domain.job import Policy
from deepsquare_supervisor.ports.accounts import UnixAccounts
from deepsquare_supervisor.ports.batch_system import Accounting
from deepsquare_supervisor.ports.wake import Wake
from deepsquare_supervisor.settings import Settings

JOURNAL_NAME = "journal.sqlite"
HELPER = ("-m", "deepsquare_supervisor.entrypoints.accounts")


@dataclass(frozen=True, slots=True)
class Outside:
    """Connections to the outside, opened and closed together."""

    grid: Grid
    sender: Sender
    api: SbatchApi


@dataclass(frozen=True, slots=True)
class Parts:
    """What the entry points need of a wired supervisor."""

    supervisor: Supervisor
    health: Health
    register: Register
    clock: SystemClock


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Outside]:
    """Open the connections; raises `WrongGrid` for another chain or contract (faults.md C23)."""
    key = parse_key(settings.key_text)
    async with Rpc(settings.rpc_urls) as rpc:
        grid = await Grid.connect(rpc, settings.meta_scheduler_address, settings.chain_id)
        sender = Sender(
            rpc,
            EthAccount.from_key(key.secret),
            chain_id=settings.chain_id,
            policy=FeePolicy(max_fee_cap_wei=settings.max_fee_gwei * GWEI),
        )
        async with SbatchApi(
            settings.sbatch_api_url, signer=key, chain_id=settings.chain_id
        ) as api:
            yield Outside(grid, sender, api)


def build(settings: Settings, outside: Outside) -> Parts:
    """Wire a supervisor."""
    clock, health, policy = SystemClock(), Health(), policy_of(settings)
    journal = SqliteJournal(settings.state_dir / JOURNAL_NAME)
    if journal.was_corrupt:
        health.alarm("journal_corrupt")
    register = Register(journal, policy)
    accounts = accounts_of(settings)
    batches = SlurmCommands(
        options_of(settings, outside.sender.address), slurm_environment(settings)
    )
    shipper = LogShipper(
        sink=ApiLogs(outside.api),
        files=LocalOutputFiles(),
        accounts=accounts,
        journal=journal,
        clock=clock,
    )
    sources = Sources(
        chain=GridJobs(outside.grid, outside.sender.address, confirmations=settings.confirmations),
        batches=batches,
        accounting=accounting_of(settings),
        clock=clock,
        journal=journal,
    )
    reconciler = Reconciler(
        sources=sources,
        register=register,
        site_work=SiteWork(
            register=register,
            journal=journal,
            batches=batches,
            scripts=Scripts(ApiScripts(outside.api)),
            accounts=accounts,
            site={**settings.site, "STOP_SECONDS": str(settings.stop_s)},
            clock=clock,
            health=health,
        ),
        line=TransactionLine(
            ledger=GridLedger(outside.grid, outside.sender),
            journal=journal,
            health=health,
            replace_after_blocks=settings.replace_after_blocks,
        ),
        shipper=shipper,
        health=health,
        intake=Intake(settings.max_jobs, settings.claims_at_once, settings.reserve_wei),
    )
    pace = Pace(settings.busy_tick_s, settings.logs_every_s)
    supervisor = Supervisor(
        reconciler=reconciler,
        shipper=shipper,
        wake=wake_of(settings),
        pace=pace,
        health=health,
    )
    return Parts(supervisor, health, register, clock)


def policy_of(settings: Settings) -> Policy:
    """Return what the rules depend on."""
    return Policy(
        stop_s=settings.stop_s,
        finality_blocks=settings.finality_blocks,
        max_minutes=settings.max_minutes,
    )


def options_of(settings: Settings, provider: Address) -> SiteOptions:
    """Return what the site adds to submissions."""
    return SiteOptions(
        provider=provider,
        stop_s=settings.stop_s,
        partition=settings.slurm_partition,
        account=settings.slurm_account,
        qos=settings.slurm_qos,
    )


def slurm_environment(settings: Settings) -> dict[str, str]:
    """Return the environment of Slurm's commands: nothing of the supervisor's own but PATH."""
    path = os.environ.get("PATH", os.defpath)
    if settings.slurm_bin:
        path = f"{settings.slurm_bin}:{path}"
    conf = {"SLURM_CONF": str(settings.slurm_conf)} if settings.slurm_conf else {}
    return {"PATH": path, **conf}


def accounting_of(settings: Settings) -> Accounting:
    """Return where ends are looked up."""
    if settings.accounting == "filetxt":
        return CompletionLog(settings.completion_log or Path())
    return SlurmDatabase(slurm_environment(settings))


def accounts_of(settings: Settings) -> UnixAccounts:
    """Return whose accounts batches run as."""
    if settings.accounts == "single":
        return SingleAccount(settings.data_root)
    command = settings.accounts_command or (sys.executable, *HELPER, *_helper_options(settings))
    return LocalAccounts(command, {"PATH": os.environ.get("PATH", os.defpath)})


def _helper_options(settings: Settings) -> tuple[str, ...]:
    return (
        f"--root={settings.data_root}",
        f"--group={settings.accounts_group}",
        f"--first-uid={settings.accounts_first_uid}",
        f"--last-uid={settings.accounts_last_uid}",
    )


def wake_of(settings: Settings) -> Wake:
    """Return what wakes the loop: new blocks where a WebSocket is given, else time."""
    if not settings.ws_url:
        return Timer(settings.tick_s)
    from deepsquare.chain.wakeup import WakeUp  # noqa: PLC0415 - loads web3, only where needed

    return WakeUp(settings.ws_url, tick_s=settings.tick_s)
