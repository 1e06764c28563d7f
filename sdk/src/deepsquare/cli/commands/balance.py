"""`deepsquare balance`."""

import click

from deepsquare.cli.invocation import Invocation, pass_invocation, shared_options
from deepsquare.cli.screen import Column

ROWS = [
    Column("account", "account"),
    Column("credits", "credits"),
    Column("native coin", "native"),
    Column("allowance", "allowance"),
]


@click.command()
@click.argument("account", required=False)
@shared_options
@pass_invocation
def balance(invocation: Invocation, /, *, account: str | None) -> None:
    """Show credits, native coin for gas, and what the grid may take, of yours or of ACCOUNT."""
    from deepsquare.cli.records import balance_record  # noqa: PLC0415 - not for --help

    found = balance_record(invocation.run(lambda grid: grid.balance(account)))
    invocation.screen.record(found, ROWS, shown=found)
