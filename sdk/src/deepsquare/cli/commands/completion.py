"""`deepsquare completion`."""

import click

from deepsquare.cli.invocation import Invocation, pass_invocation, shared_options


@click.command()
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@shared_options
@pass_invocation
def completion(invocation: Invocation, /, *, shell: str) -> None:
    """Print what makes SHELL complete commands: put it into your shell's start-up file."""
    from click.shell_completion import get_completion_class  # noqa: PLC0415 - not for --help

    from deepsquare.cli.app import cli  # noqa: PLC0415 - it loads this module

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"there is no completion for {shell}")
    invocation.screen.text(kind(cli, {}, "deepsquare", "_DEEPSQUARE_COMPLETE").source() + "\n")
