"""`deepsquare events`."""

import json

import click

from deepsquare.cli.invocation import Invocation, pass_invocation, shared_options


@click.command()
@click.argument("job")
@click.option("--since-block", type=click.IntRange(min=0), help="Begin after this block.")
@shared_options
@pass_invocation
def events(invocation: Invocation, /, *, job: str, since_block: int | None) -> None:
    """Follow the changes of JOB until it has ended; with --json one object a line."""
    from deepsquare.cli.records import event_record  # noqa: PLC0415 - not for --help
    from deepsquare.cli.words import clock  # noqa: PLC0415
    from deepsquare.client import AsyncClient, JobEvent  # noqa: PLC0415

    screen = invocation.screen

    def tell(event: JobEvent) -> None:
        if screen.is_for_people:
            screen.log_line(f"{clock(event.at):19}  {event.status.name:14}  {event.why}")
        else:
            screen.text(json.dumps(event_record(event)) + "\n")

    async def follow(grid: AsyncClient) -> None:
        handle = await grid.job(job)
        invocation.on_interrupt = "detached; the job goes on"
        async for event in handle.events(since_block=since_block):
            tell(event)

    if screen.format not in {"table", "json"}:
        raise click.UsageError("events come as text or, with --json, as one object a line")
    invocation.run(follow)
