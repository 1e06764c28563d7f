"""`deepsquare allowance`."""

import click

from deepsquare.cli.invocation import Invocation, pass_invocation, shared_options


@click.command()
@click.argument("amount", metavar="CREDITS")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@shared_options
@pass_invocation
def allowance(invocation: Invocation, /, *, amount: str, yes: bool) -> None:
    """Let the grid take up to CREDITS of yours, 0 to take it back.

    Submitting signs for its own amount and does not need this; --may-top-up and --no-permit do.
    """
    from deepsquare.amounts import format_credits, parse_credits  # noqa: PLC0415
    from deepsquare.cli.commands.balance import ROWS  # noqa: PLC0415 - not for --help
    from deepsquare.cli.records import balance_record  # noqa: PLC0415

    shown = format_credits(parse_credits(amount))
    invocation.confirm(f"Let the grid take up to {shown} of your credits?", is_agreed=yes)
    found = balance_record(invocation.run(lambda grid: grid.set_allowance(amount)))
    invocation.screen.record(found, ROWS, shown=found)
