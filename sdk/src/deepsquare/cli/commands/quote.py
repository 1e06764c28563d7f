"""`deepsquare quote`."""

import click

from deepsquare.cli.invocation import Invocation, pass_invocation, shared_options
from deepsquare.cli.screen import Column

COLUMNS = [
    Column("PROVIDER", "provider"),
    Column("CREDITS/MIN", "cost_per_minute", is_number=True),
    Column("MINUTES", "minutes", is_number=True),
    Column("CREDITS", "cost", is_number=True),
    Column("WHY NOT", "reason"),
]


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@click.option("--minutes", type=click.IntRange(min=1), help="Time to compare (60).")
@click.option("-c", "--credits", "amount", metavar="N", help="Compare how long these would pay.")
@click.option("--uses", multiple=True, metavar="KEY=VALUE", help="Label a provider must have.")
@click.option("--affinity", multiple=True, metavar="CONDITION", help="Condition on a label.")
@shared_options
@pass_invocation
def quote(
    invocation: Invocation,
    /,
    *,
    file: str,
    minutes: int | None,
    amount: str | None,
    uses: tuple[str, ...],
    affinity: tuple[str, ...],
) -> int:
    """Compare what each provider would take for FILE (- for stdin), and why the others are out."""
    from deepsquare.cli.exit_codes import ExitCode  # noqa: PLC0415 - not for --help
    from deepsquare.cli.records import offer_record, rejection_record  # noqa: PLC0415

    workflow = invocation.workflow(file)
    if minutes is None and amount is None:
        minutes = 60
    found = invocation.run(
        lambda grid: grid.quote(
            workflow, minutes=minutes, credits=amount, uses=uses, affinity=affinity
        )
    )
    records = [offer_record(offer) for offer in found.offers]
    records += [rejection_record(rejection) for rejection in found.rejections]
    invocation.screen.records(records, COLUMNS, shown=records)
    if not found.offers:
        invocation.screen.say("no provider fits", style="red")
        return ExitCode.NO_PROVIDER
    return ExitCode.DONE
