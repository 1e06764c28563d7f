"""`deepsquare transfer`."""

import click

from deepsquare.cli.invocation import Invocation, pass_invocation, shared_options


@click.command()
@click.argument("to", metavar="ADDRESS")
@click.argument("amount", metavar="CREDITS")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@shared_options
@pass_invocation
def transfer(invocation: Invocation, /, *, to: str, amount: str, yes: bool) -> None:
    """Send CREDITS to ADDRESS; this cannot be undone."""
    from deepsquare.amounts import format_credits, parse_credits  # noqa: PLC0415
    from deepsquare.cli.commands.balance import ROWS  # noqa: PLC0415 - not for --help
    from deepsquare.cli.records import balance_record  # noqa: PLC0415
    from deepsquare.identifiers import parse_address  # noqa: PLC0415

    shown, address = format_credits(parse_credits(amount)), parse_address(to)
    invocation.confirm(f"Send {shown} credits to {address}?", is_agreed=yes)
    found = balance_record(invocation.run(lambda grid: grid.transfer(address, amount)))
    invocation.screen.record(found, ROWS, shown=found)
