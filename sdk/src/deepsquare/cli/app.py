"""The command line: its commands, loaded when they are called, and how errors end it."""

import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import click

from deepsquare.cli.exit_codes import ExitCode, exit_code_of
from deepsquare.cli.invocation import Invocation, shared_options
from deepsquare.cli.terminal import neutralise
from deepsquare.errors import Broken, DeepSquareError


class Entry(NamedTuple):
    """Where a command is, and what it does in a few words."""

    module: str
    text: str


COMMANDS = {
    "init": Entry("init", "Write an example workflow to start from"),
    "validate": Entry("workflow", "Check a workflow without submitting it"),
    "render": Entry("workflow", "Show the batch script of a workflow"),
    "quote": Entry("quote", "Compare what providers would take for a workflow"),
    "submit": Entry("submit", "Submit a workflow and lock credits for it"),
    "jobs": Entry("jobs", "List your jobs"),
    "show": Entry("jobs", "Show all about a job"),
    "wait": Entry("wait", "Wait until a job has ended"),
    "logs": Entry("logs", "Print or follow the log of a job"),
    "events": Entry("events", "Follow the changes of a job"),
    "bill": Entry("bill", "Show what a job costs or has cost"),
    "cancel": Entry("cancel", "Cancel a job"),
    "topup": Entry("topup", "Lock more credits for a job that runs"),
    "rerun": Entry("rerun", "Request a job once more, with its very script"),
    "providers": Entry("providers", "List the providers and their prices"),
    "wallet": Entry("wallet", "Make and look at keys"),
    "balance": Entry("balance", "Show credits, native coin and allowance"),
    "transfer": Entry("transfer", "Send credits to another account"),
    "allowance": Entry("allowance", "Let the grid take credits without a signature each time"),
    "spend": Entry("spend", "Sum up what your jobs have cost"),
    "profile": Entry("profile", "Look at settings and keep them"),
    "doctor": Entry("doctor", "Check settings, key, chain and services"),
    "completion": Entry("completion", "Print what makes your shell complete commands"),
}


class ReaderLeft(Exception):
    """What reads our output has closed it."""


class LazyGroup(click.Group):
    """Loads a command's module when the command is called, so that every start is fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002, D102
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002, D102
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"deepsquare.cli.commands.{COMMANDS[cmd_name].module}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002, D102
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.text) for name, entry in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; click itself would end with 1 when the reader leaves."""
        try:
            result: object = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            raise ReaderLeft from None
        return result

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest the nearest command for an unknown one."""
        from difflib import get_close_matches  # noqa: PLC0415 - only for typing errors

        name = args[0]
        near = get_close_matches(name, COMMANDS, n=1)
        if name not in COMMANDS and near and not name.startswith("-"):
            ctx.fail(f'there is no command "{name}"; did you mean "{near[0]}"?')
        return super().resolve_command(ctx, args)


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="JOB is the start of an id, a name, or @last. Exit codes: docs/cli.md.",
)
@click.version_option(package_name="deepsquare", prog_name="deepsquare")
@shared_options
@click.pass_context
def cli(context: click.Context) -> None:
    """Run workflows on the DeepSquare Grid and pay for them with credits."""
    context.ensure_object(Invocation)


def run(arguments: Sequence[str] | None = None, *, invocation: Invocation | None = None) -> int:
    """Run the command line and return its exit code; errors are told on stderr in one line."""
    invocation = invocation or Invocation()
    try:
        result = cli.main(
            args=None if arguments is None else list(arguments),
            prog_name="deepsquare",
            standalone_mode=False,
            obj=invocation,
        )
    except click.exceptions.Abort:
        return _interrupted(invocation)
    except KeyboardInterrupt:
        return _interrupted(invocation)
    except click.ClickException as error:
        return _misused(error)
    except ReaderLeft:
        return _reader_left()
    except DeepSquareError as error:
        return _failed(error, invocation)
    except Exception as error:  # noqa: BLE001 - the top of the process
        return _broke(error)
    return result if isinstance(result, int) else ExitCode.DONE


def _misused(error: click.ClickException) -> int:
    """Tell what is wrong in one line, or show the help where nothing was asked for."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return ExitCode.USAGE
    context = error.ctx if isinstance(error, click.UsageError) else None
    hint = f" (see {context.command_path} --help)" if context else ""
    _tell(f"error: {error.format_message()}{hint}")
    return ExitCode.USAGE


def _failed(error: DeepSquareError, invocation: Invocation) -> int:
    label, exit_code = "bug" if isinstance(error, Broken) else "error", exit_code_of(error)
    place = f"{invocation.file}:" if error.code == "invalid_workflow" else ""
    for line in error.message.splitlines():
        _tell(f"{label}: {place}{line}")
    if invocation.waits_for_job:
        _tell(f"exit code {exit_code:d} is not the job's: the job goes on")
    return exit_code


def _tell(text: str) -> None:
    click.echo(neutralise(f"deepsquare: {text}"), err=True)


def _broke(error: Exception) -> int:
    where = traceback.extract_tb(error.__traceback__)[-1]
    told = f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"
    _tell(f"bug: {told}; please report it")
    return ExitCode.INTERNAL


def _interrupted(invocation: Invocation) -> int:
    click.echo("", err=True)
    _tell(invocation.on_interrupt or "interrupted")
    return ExitCode.INTERRUPTED


def _reader_left() -> int:
    """End quietly when what reads our output has seen enough, as in ``... | head``."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.DONE
