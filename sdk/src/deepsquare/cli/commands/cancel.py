"""`deepsquare cancel`."""

import click

from deepsquare.cli.invocation import Invocation, pass_invocation, shared_options


@click.command()
@click.argument("job")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@shared_options
@pass_invocation
def cancel(invocation: Invocation, /, *, job: str, yes: bool) -> None:
    """Cancel JOB; what was used until then is billed, the rest comes back."""
    from deepsquare.amounts import format_credits  # noqa: PLC0415 - not for --help
    from deepsquare.cli.commands.jobs import ROWS  # noqa: PLC0415
    from deepsquare.cli.records import job_record, page_words  # noqa: PLC0415
    from deepsquare.client import AsyncClient, short_id  # noqa: PLC0415

    async def stop(grid: AsyncClient) -> None:
        handle = await grid.job(job)
        so_far = (await handle.bill()).parts
        question = (
            f"Cancel job {short_id(handle.id)}? It has cost "
            f"{format_credits(so_far.final_cost_wei)} credits so far, "
            f"{format_credits(so_far.refund_wei)} come back."
        )
        invocation.confirm(question, is_agreed=yes)
        state = await handle.cancel()
        stage = await handle.stage()
        invocation.screen.record(job_record(state), ROWS, shown=page_words(state, stage))

    invocation.run(stop)
