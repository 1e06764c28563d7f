"""`deepsquare doctor`."""

import click

from deepsquare.cli.invocation import Invocation, pass_invocation, shared_options
from deepsquare.cli.screen import Column

COLUMNS = [Column("CHECK", "check"), Column("", "verdict"), Column("FOUND", "text")]


@click.command()
@shared_options
@pass_invocation
def doctor(invocation: Invocation, /) -> int:
    """Check settings, chain, services, account and money."""
    from deepsquare.cli.exit_codes import ExitCode  # noqa: PLC0415 - not for --help

    found = invocation.run(lambda grid: grid.examine())
    records = [
        {"check": finding.check, "is_good": finding.is_good, "text": finding.text}
        for finding in found
    ]
    shown = [{**r, "verdict": "ok" if r["is_good"] else "FAILED"} for r in records]
    invocation.screen.records(records, COLUMNS, shown=shown)
    are_good = all(finding.is_good for finding in found)
    return ExitCode.DONE if are_good else ExitCode.UNREACHABLE
