"""One run of the command line: its options, settings, screen and client."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import click

from deepsquare.cli.formats import FORMATS
from deepsquare.cli.screen import Screen

if TYPE_CHECKING:
    from deepsquare.client import AsyncClient, Workflow
    from deepsquare.profile import Resolved, Settings

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


@dataclass
class Invocation:
    """What the shared options say; commands get it as their first argument."""

    overrides: dict[str, Any] = field(default_factory=dict)
    open_client: "Callable[[Settings], AsyncClient] | None" = None
    """Opens the grid; tests give their own."""

    on_interrupt: str = ""
    """What to tell people after Ctrl-C: how to come back, and how to cancel."""

    file: str = ""
    """The workflow's file, to say where its errors are."""

    waits_for_job: bool = False
    """Whether an exit code could be taken for the job's own: then it is said whose it is."""

    @cached_property
    def resolved(self) -> "Resolved":
        """The settings in force and their sources; raises `InvalidSettings`."""
        from deepsquare.profile import resolve  # noqa: PLC0415 - not for --help

        return resolve(self.overrides)

    @cached_property
    def screen(self) -> Screen:
        """Where to print, in the format asked for."""
        chosen = self.resolved.settings.output
        if chosen not in FORMATS:
            raise click.UsageError(f"output must be one of {', '.join(FORMATS)}, not {chosen}")
        return Screen(chosen)

    def workflow(self, file: str) -> "Workflow":
        """Read a workflow from a file, or from stdin for ``-``; raises `WorkflowUnreadable`."""
        from deepsquare.client import Workflow  # noqa: PLC0415 - not for --help

        self.file = "stdin" if file == "-" else file
        return Workflow(sys.stdin.buffer.read()) if file == "-" else Workflow.from_file(file)

    def client(self) -> "AsyncClient":
        """Open the grid of the settings."""
        settings = self.resolved.settings
        if self.open_client:
            return self.open_client(settings)
        from deepsquare.client import AsyncClient  # noqa: PLC0415 - not for --help

        return AsyncClient(settings, ask_password=ask_password if sys.stdin.isatty() else None)

    def run(self, work: "Callable[[AsyncClient], Awaitable[T]]") -> T:
        """Run asynchronous work with the client, and close it."""

        async def session() -> T:
            async with self.client() as grid:
                return await work(grid)

        return asyncio.run(session())

    def confirm(self, question: str, *, is_agreed: bool) -> None:
        """Ask once before something costs or destroys; ``is_agreed`` (``--yes``) skips it."""
        if is_agreed:
            return
        if not sys.stdin.isatty():
            raise click.UsageError(f"{question} There is no terminal to ask: add --yes")
        if not click.confirm(question, err=True):
            self.on_interrupt = "nothing was done"
            raise click.Abort


def ask_password(question: str) -> str:
    """Ask for a password on the terminal without showing it."""
    return str(click.prompt(question, hide_input=True, err=True))


def _remember(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def callback(context: click.Context, _: click.Parameter, value: Any) -> None:  # noqa: ANN401
        if value is not None:
            context.ensure_object(Invocation).overrides[name] = value

    return callback


def _json(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        context.ensure_object(Invocation).overrides["output"] = "json"


def shared_options(command: F) -> F:
    """Add the options that every command has; they may stand before or after its name."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def _setting(flag: str, name: str, text: str, **more: Any) -> Callable[[F], F]:  # noqa: ANN401
    return click.option(flag, name, callback=_remember(name), expose_value=False, help=text, **more)


_OPTIONS: list[Callable[[Any], Any]] = [
    click.option(
        "-o",
        "--output",
        type=click.Choice(FORMATS),
        callback=_remember("output"),
        expose_value=False,
        help="Format of what is printed on stdout.",
    ),
    click.option(
        "--json", is_flag=True, callback=_json, expose_value=False, help="Short for -o json."
    ),
    _setting("--profile", "profile", "Profile of config.toml to use.", metavar="NAME"),
    _setting("--rpc-url", "rpc_urls", "Endpoints of the chain, with commas.", metavar="URLS"),
    _setting(
        "--meta-scheduler",
        "meta_scheduler_address",
        "Address of the grid's MetaScheduler.",
        metavar="ADDRESS",
    ),
    _setting("--sbatch-api", "sbatch_api_url", "Address of the sbatch API.", metavar="URL"),
]

pass_invocation = click.make_pass_decorator(Invocation, ensure=True)
"""Gives a command the `Invocation` as its first argument."""
