"""`deepsquare jobs` and `deepsquare show`."""

import click

from deepsquare.cli.invocation import Invocation, pass_invocation, shared_options
from deepsquare.cli.screen import STATUS_STYLES, Column

COLUMNS = [
    Column("JOB", "id"),
    Column("NAME", "name"),
    Column("STATUS", "status"),
    Column("SUBMITTED", "submitted", is_number=True),
    Column("RAN", "ran", is_number=True),
    Column("LOCKED", "locked", is_number=True),
    Column("COST", "cost", is_number=True),
    Column("PROVIDER", "provider"),
]

ROWS = [
    Column("job", "id"),
    Column("name", "name"),
    Column("status", "status"),
    Column("why", "why"),
    Column("since", "since"),
    Column("ahead", "ahead"),
    Column("deadline", "deadline"),
    Column("provider", "provider"),
    Column("resources", "resources"),
    Column("locked", "locked"),
    Column("price", "price"),
    Column("paid until", "paid_until"),
    Column("cost", "cost"),
    Column("submitted", "submitted"),
    Column("started", "started"),
    Column("ended", "ended"),
    Column("exit", "exit"),
    Column("seen at", "observed"),
]


@click.command()
@click.option(
    "-n", "--limit", type=click.IntRange(1, 1000), default=20, help="Newest jobs to look at (20)."
)
@click.option(
    "--status", type=click.Choice(list(STATUS_STYLES), case_sensitive=False), help="Only these."
)
@shared_options
@pass_invocation
def jobs(invocation: Invocation, /, *, limit: int, status: str | None) -> None:
    """List your jobs, the newest first."""
    from deepsquare.chain import JobStatus  # noqa: PLC0415 - not for --help
    from deepsquare.cli.records import job_record, job_words  # noqa: PLC0415

    wanted = JobStatus[status] if status else None
    states = invocation.run(lambda grid: grid.jobs(limit=limit, status=wanted))
    invocation.screen.records(
        [job_record(state) for state in states],
        COLUMNS,
        shown=[job_words(state) for state in states],
    )
    if not states:
        invocation.screen.say("no jobs")


@click.command()
@click.argument("job")
@shared_options
@pass_invocation
def show(invocation: Invocation, /, *, job: str) -> None:
    """Show all about JOB: its stage, since when, why, and what it costs."""
    from deepsquare.cli.records import (  # noqa: PLC0415 - not for --help
        job_record,
        page_words,
        stage_record,
    )
    from deepsquare.client import AsyncClient, JobState, Stage  # noqa: PLC0415

    async def look(grid: AsyncClient) -> tuple[JobState, Stage]:
        handle = await grid.job(job)
        return await handle.state(), await handle.stage()

    state, stage = invocation.run(look)
    record = {**job_record(state), "stage": dict(stage_record(stage))}
    invocation.screen.record(record, ROWS, shown=page_words(state, stage))
