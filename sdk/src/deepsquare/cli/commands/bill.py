"""`deepsquare bill`."""

import click

from deepsquare.cli.invocation import Invocation, pass_invocation, shared_options


@click.command()
@click.argument("job")
@shared_options
@pass_invocation
def bill(invocation: Invocation, /, *, job: str) -> None:
    """Show the bill of JOB as it was settled, or what an end now would cost."""
    from deepsquare.cli.commands.watching import BILL_ROWS  # noqa: PLC0415 - not for --help
    from deepsquare.cli.records import bill_record, bill_words  # noqa: PLC0415
    from deepsquare.cli.screen import Column  # noqa: PLC0415
    from deepsquare.client import AsyncClient, JobBill  # noqa: PLC0415

    async def read(grid: AsyncClient) -> JobBill:
        return await (await grid.job(job)).bill()

    found = invocation.run(read)
    rows = [Column("job", "job_id"), Column("status", "status"), *BILL_ROWS]
    invocation.screen.record(bill_record(found), rows, shown=bill_words(found))
