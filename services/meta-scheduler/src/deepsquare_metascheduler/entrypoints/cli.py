"""`deepsquare-metascheduler run|check`."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any

import click

from deepsquare.errors import DeepSquareError, Refused
from deepsquare.exit_codes import exit_code_of_kind
from deepsquare_metascheduler.entrypoints.build import connect
from deepsquare_metascheduler.entrypoints.log_output import configure_logs
from deepsquare_metascheduler.entrypoints.serve import serve
from deepsquare_metascheduler.settings import Settings, load_settings


@click.group()
@click.version_option(package_name="deepsquare-metascheduler")
def cli() -> None:
    """Give jobs to providers, and end what its party left behind.

    All settings come from environment variables named METASCHEDULER_...
    """


@cli.command()
def run() -> None:
    """Run until stopped."""
    settings = load_settings()
    configure_logs(settings.log_level, settings.log_format)
    _finish(serve(settings))


@cli.command()
def check() -> None:
    """Try the chain, the contracts and the wallet once, and change nothing."""
    _finish(_check(load_settings()))


async def _check(settings: Settings) -> None:
    async with connect(settings) as connection:
        balance_wei = await connection.sender.balance_wei()
        click.echo(f"grid: {connection.grid.meta_scheduler.address}")
        click.echo(f"chain: {connection.grid.chain_id}")
        click.echo(f"wallet: {connection.sender.address}, {balance_wei} wei for gas")
        if balance_wei < settings.low_balance_wei:
            raise Refused(f"the wallet has less than {settings.low_balance_wei} wei for gas")


def _finish(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def main() -> None:
    """Run the command; errors are one line each, and the exit code tells their kind."""
    try:
        cli()
    except DeepSquareError as error:
        click.echo(f"deepsquare-metascheduler: {error.message}", err=True)
        sys.exit(exit_code_of_kind(error))
