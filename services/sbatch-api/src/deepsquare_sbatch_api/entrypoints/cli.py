"""The command `deepsquare-sbatch-api`."""

import asyncio
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from deepsquare.errors import DeepSquareError
from deepsquare.exit_codes import REFUSED, exit_code_of_kind
from deepsquare.workflow import WorkflowError, WorkflowInvalid, workflow_schema
from deepsquare_sbatch_api.app.images import LookUpMode
from deepsquare_sbatch_api.app.workflows import Planner, new_nonce
from deepsquare_sbatch_api.domain.rendering import NONCE
from deepsquare_sbatch_api.entrypoints.planner import OutsideWorld, parse_mirrors, planner_for
from deepsquare_sbatch_api.settings import load_settings

_FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))


def _outside_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options on what may be contacted for a workflow."""
    for option in (
        click.option(
            "--image-lookup",
            type=click.Choice(["off", "prefer", "require"]),
            default="prefer",
            show_default=True,
            help="Look images up to pin them; require: refuse when a registry does not answer.",
        ),
        click.option(
            "--no-image-lookup",
            "image_lookup",
            flag_value="off",
            help="The same as --image-lookup=off.",
        ),
        click.option("--no-modules", is_flag=True, help="Refuse modules: contact no git host."),
        click.option(
            "--module-mirror",
            "module_mirrors",
            metavar="PREFIX=DIRECTORY",
            multiple=True,
            help="Take modules whose source starts with PREFIX from a local directory.",
        ),
    ):
        command = option(command)
    return command


@click.group()
@click.version_option(package_name="deepsquare-sbatch-api")
def cli() -> None:
    """Turn workflows into batch scripts, keep them, and carry the logs of jobs."""


@cli.command()
def serve() -> None:
    """Serve the HTTP interface; settings are SBATCH_API_... variables."""
    # Loading a web server takes longer than all that the other commands do.
    from deepsquare_sbatch_api.entrypoints.serve import serve_until_stopped  # noqa: PLC0415

    serve_until_stopped(load_settings())


def _as_nonce(_context: click.Context, _option: click.Parameter, value: str | None) -> str:
    if value is not None and not NONCE.fullmatch(value):
        raise click.BadParameter("a nonce is 32 lower-case hex digits")
    return value or new_nonce()


@cli.command()
@_FILE
@_outside_options
@click.option(
    "--nonce",
    metavar="HEX",
    callback=_as_nonce,
    help="Render with this nonce, 32 lower-case hex digits: the same bytes again. [default: fresh]",
)
def render(
    file: str,
    *,
    image_lookup: LookUpMode,
    no_modules: bool,
    module_mirrors: tuple[str, ...],
    nonce: str,
) -> None:
    """Write the batch script of a workflow to standard output; warnings to standard error."""
    planner = _planner(image_lookup, no_modules=no_modules, module_mirrors=module_mirrors)
    plan = asyncio.run(planner.plan(_read(file), nonce=nonce))
    _warn(plan.report)
    sys.stdout.buffer.write(plan.script)


@cli.command()
@_FILE
@_outside_options
def validate(
    file: str, *, image_lookup: LookUpMode, no_modules: bool, module_mirrors: tuple[str, ...]
) -> None:
    """Check a workflow; every problem is one line on standard error."""
    planner = _planner(image_lookup, no_modules=no_modules, module_mirrors=module_mirrors)
    _warn(asyncio.run(planner.check(_read(file))))
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
        click.echo(error.message, err=True)
        sys.exit(REFUSED)
    except DeepSquareError as error:
        click.echo(f"deepsquare-sbatch-api: {error.message}", err=True)
        sys.exit(exit_code_of_kind(error))


def _planner(
    image_lookup: LookUpMode, no_modules: bool, module_mirrors: tuple[str, ...]
) -> Planner:
    world = OutsideWorld(image_lookup=image_lookup, module_mirrors=parse_mirrors(module_mirrors))
    return planner_for(world, has_modules=not no_modules)


def _read(file: str) -> bytes:
    return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()


def _warn(report: Mapping[str, Any]) -> None:
    for warning in report["warnings"]:
        click.echo(f"warning: {WorkflowError(**warning)}", err=True)
