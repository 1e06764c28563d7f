"""`deepsquare topup`."""

import click

from deepsquare.cli.invocation import Invocation, pass_invocation, shared_options


@click.command()
@click.argument("job")
@click.option("-c", "--credits", "amount", metavar="N", required=True, help="Credits to add.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@shared_options
@pass_invocation
def topup(invocation: Invocation, /, *, job: str, amount: str, yes: bool) -> None:
    """Lock more credits for JOB, so that it may run longer; what is not used comes back."""
    from deepsquare.amounts import format_credits, parse_credits  # noqa: PLC0415
    from deepsquare.cli.commands.jobs import ROWS  # noqa: PLC0415 - not for --help
    from deepsquare.cli.records import job_record, page_words  # noqa: PLC0415
    from deepsquare.client import AsyncClient, short_id  # noqa: PLC0415

    async def add(grid: AsyncClient) -> None:
        shown = format_credits(parse_credits(amount))
        handle = await grid.job(job)
        question = f"Lock {shown} more credits for job {short_id(handle.id)}?"
        invocation.confirm(question, is_agreed=yes)
        state = await handle.top_up(amount)
        stage = await handle.stage()
        invocation.screen.record(job_record(state), ROWS, shown=page_words(state, stage))

    invocation.run(add)
