"""`deepsquare-supervisor run|check|register`."""

import asyncio
import sys
from collections.abc import Awaitable, Callable

import click

from deepsquare.errors import DeepSquareError
from deepsquare.exit_codes import REFUSED, exit_code_of_kind
from deepsquare_supervisor.adapters.lock import only_one
from deepsquare_supervisor.entrypoints.build import connect
from deepsquare_supervisor.entrypoints.check import Finding, check
from deepsquare_supervisor.entrypoints.log_output import configure_logging
from deepsquare_supervisor.entrypoints.serve import register, serve
from deepsquare_supervisor.settings import Settings, load_settings


@click.group()
@click.version_option(package_name="deepsquare-supervisor")
def main() -> None:
    """Run the jobs of a provider: claim, submit to Slurm, report, ship logs.

    All settings come from environment variables named SUPERVISOR_...; see docs/supervisor.md.
    """


@main.command("run")
def run_command() -> None:
    """Run until stopped."""
    _with_settings(_run)


@main.command("check")
def check_command() -> None:
    """Try every part once, change nothing, and say what is missing."""
    _with_settings(_check)


@main.command("register")
def register_command() -> None:
    """Propose the hardware, prices and labels of SUPERVISOR_HARDWARE_FILE for approval."""
    _with_settings(_register)


async def _run(settings: Settings) -> int:
    with only_one(settings.state_dir):
        await serve(settings)
    return 0


async def _check(settings: Settings) -> int:
    findings = await check(settings)
    for finding in findings:
        click.echo(_line(finding))
    return 0 if all(finding.is_passable for finding in findings) else REFUSED


def _line(finding: Finding) -> str:
    return f"{finding.grade.value:7} {finding.part}: {finding.message}"


async def _register(settings: Settings) -> int:
    async with connect(settings) as outside:
        was_sent = await register(settings, outside)
    click.echo("proposed; it waits for approval" if was_sent else "nothing has changed")
    return 0


def _with_settings(act: Callable[[Settings], Awaitable[int]]) -> None:
    try:
        settings = load_settings()
        configure_logging(settings.log_format)
        code = asyncio.run(_awaited(act(settings)))
    except DeepSquareError as error:
        click.echo(f"{error.code}: {error.message}", err=True)
        code = exit_code_of_kind(error)
    sys.exit(code)


async def _awaited(work: Awaitable[int]) -> int:
    return await work
