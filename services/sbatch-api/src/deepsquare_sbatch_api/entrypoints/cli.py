"""The command `deepsquare-sbatch-api`."""

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from deepsquare.errors import DeepSquareError, Refused, Unavailable
from deepsquare.workflow import WorkflowInvalid, workflow_schema
from deepsquare_sbatch_api.app.workflows import new_nonce
from deepsquare_sbatch_api.entrypoints.planner import offline_planner
from deepsquare_sbatch_api.entrypoints.serve import serve_until_stopped
from deepsquare_sbatch_api.settings import load_settings

EXIT_BROKEN, EXIT_REFUSED, EXIT_UNAVAILABLE = 1, 2, 7

_FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))


@click.group()
@click.version_option(package_name="deepsquare-sbatch-api")
def cli() -> None:
    """Turn workflows into batch scripts, keep them, and carry the logs of jobs."""


@cli.command()
def serve() -> None:
    """Serve the HTTP interface; settings are SBATCH_API_... variables."""
    serve_until_stopped(load_settings())


@cli.command()
@_FILE
def render(file: str) -> None:
    """Write the batch script of a workflow to standard output; warnings to standard error."""
    plan = asyncio.run(offline_planner().plan(_read(file), nonce=new_nonce()))
    _warn(plan.report)
    sys.stdout.buffer.write(plan.script)


@cli.command()
@_FILE
def validate(file: str) -> None:
    """Check a workflow; every problem is one line on standard error."""
    _warn(asyncio.run(offline_planner().check(_read(file))))
    click.echo(f"{file}: valid")


@cli.command()
def schema() -> None:
    """Write the JSON Schema of workflows to standard output."""
    click.echo(json.dumps(workflow_schema(), indent=2))


def main() -> None:
    """Run the command; errors are one line each, and the exit code tells their kind."""
    try:
        cli()
    except WorkflowInvalid as error:
        for problem in error.errors:
            click.echo(str(problem), err=True)
        sys.exit(EXIT_REFUSED)
    except DeepSquareError as error:
        click.echo(f"deepsquare-sbatch-api: {error.message}", err=True)
        sys.exit(_exit_code(error))


def _exit_code(error: DeepSquareError) -> int:
    if isinstance(error, Refused):
        return EXIT_REFUSED
    return EXIT_UNAVAILABLE if isinstance(error, Unavailable) else EXIT_BROKEN


def _read(file: str) -> bytes:
    return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()


def _warn(report: Mapping[str, Any]) -> None:
    for warning in report["warnings"]:
        click.echo(f"warning: {warning['namespace']}: {warning['message']}", err=True)
