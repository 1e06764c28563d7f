"""`deepsquare-supervisor check`: tries every part once and changes nothing."""

import contextlib
import os
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from deepsquare.api import NotFound
from deepsquare.errors import DeepSquareError, Refused
from deepsquare.identifiers import ZERO_ADDRESS, JobId
from deepsquare_supervisor.adapters.clock import SystemClock
from deepsquare_supervisor.adapters.process import run_program
from deepsquare_supervisor.adapters.slurm.cli import SlurmCommands
from deepsquare_supervisor.entrypoints.build import (
    Outside,
    accounting_of,
    connect,
    options_of,
    slurm_environment,
)
from deepsquare_supervisor.settings import Settings

CLOCK_WARNING_S = 30
"""A larger difference between the site's clock and the chain's newest block is worth a look."""

_NOBODY = JobId("0x" + "00" * 32)


class CheckFailed(Refused):
    """Something the supervisor needs is not there."""

    code = "check_failed"


class Grade(StrEnum):
    """How well a part did."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of trying one part."""

    part: str
    grade: Grade
    message: str

    @property
    def is_passable(self) -> bool:
        """Whether the supervisor can run like this."""
        return self.grade is not Grade.FAILED


Trial = Callable[[], Awaitable[str]]


async def check(settings: Settings) -> list[Finding]:
    """Try chain, sbatch API, batch system, accounting and accounts."""
    findings = [
        await _try("batch system", lambda: _batch_system(settings)),
        await _try("accounting", lambda: _accounting(settings)),
        await _try("accounts", lambda: _accounts(settings)),
    ]
    try:
        async with connect(settings) as outside:
            findings.append(await _try("chain", lambda: _chain(outside)))
            findings.append(await _clock(outside))
            findings.append(await _try("sbatch API", lambda: _api(outside)))
    except DeepSquareError as error:
        findings.append(Finding("chain", Grade.FAILED, error.message))
    return findings


async def _try(part: str, trial: Trial) -> Finding:
    try:
        return Finding(part, Grade.OK, await trial())
    except DeepSquareError as error:
        return Finding(part, Grade.FAILED, error.message)


async def _batch_system(settings: Settings) -> str:
    commands = SlurmCommands(options_of(settings, ZERO_ADDRESS), slurm_environment(settings))
    await commands.live()
    return "squeue answers"


async def _accounting(settings: Settings) -> str:
    """Without accounting an ended batch is forgotten after MinJobAge: refused (faults.md B10)."""
    config = await _slurm_config(settings)
    if settings.accounting == "filetxt":
        _expect(config, "JobCompType", "jobcomp/filetxt")
        _expect(config, "JobCompLoc", str(settings.completion_log))
    else:
        _expect(config, "AccountingStorageType", "accounting_storage/slurmdbd")
    await accounting_of(settings).ended([_NOBODY])
    return f"{settings.accounting} answers"


def _expect(config: dict[str, str], name: str, value: str) -> None:
    actual = config.get(name, "nothing")
    if actual != value:
        raise CheckFailed(f"slurm.conf says {name}={actual}, but {value} is needed")


async def _slurm_config(settings: Settings) -> dict[str, str]:
    argv = ["scontrol", "show", "config"]
    outcome = await run_program(argv, env=slurm_environment(settings))
    if outcome.code:
        raise CheckFailed(f"scontrol: {outcome.stderr}")
    pairs = (line.partition("=") for line in outcome.stdout.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


async def _accounts(settings: Settings) -> str:
    if settings.accounts == "single":
        return "one account for all customers: nobody is kept apart"
    if settings.accounts_command:
        program = settings.accounts_command[0]
        if not shutil.which(program):
            raise CheckFailed(f"there is no program {program}")
        return "made by " + " ".join(settings.accounts_command)
    if os.geteuid() != 0:
        raise CheckFailed("accounts can be made by root only: set SUPERVISOR_ACCOUNTS_COMMAND")
    return "made by root"


async def _chain(outside: Outside) -> str:
    address = outside.sender.address
    if not await outside.grid.providers.is_valid_for_scheduling(address):
        raise CheckFailed(f"the provider {address} is not approved, or banned")
    if not await outside.sender.balance_wei():
        raise CheckFailed(f"the provider {address} has no coin to pay gas with")
    return f"provider {address} is approved and can pay gas"


async def _clock(outside: Outside) -> Finding:
    head = await outside.grid.head()
    off_s = SystemClock().now() - head.timestamp
    grade = Grade.WARNING if abs(off_s) > CLOCK_WARNING_S else Grade.OK
    return Finding("clock", grade, f"{off_s} s ahead of block {head.number}")


async def _api(outside: Outside) -> str:
    with contextlib.suppress(NotFound):
        await outside.api.log_size(_NOBODY)
    return "the provider can sign in"
