"""`deepsquare rerun`."""

import click

from deepsquare.cli.invocation import Invocation, pass_invocation, shared_options


@click.command()
@click.argument("job")
@click.option("-c", "--credits", "amount", metavar="N", help="Credits to lock for the new job.")
@click.option(
    "--minutes", type=click.IntRange(min=1), help="Lock what so many minutes cost, instead."
)
@click.option("--watch/--detach", default=False, help="Show it until it has ended; or not.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@shared_options
@pass_invocation
def rerun(
    invocation: Invocation,
    /,
    *,
    job: str,
    amount: str | None,
    minutes: int | None,
    watch: bool,
    yes: bool,
) -> int:
    """Request JOB once more as a new job, with the script it had.

    Scripts are kept for a day after their last job; later, submit the workflow again.
    """
    from deepsquare.amounts import format_credits  # noqa: PLC0415 - not for --help
    from deepsquare.cli.commands.jobs import ROWS  # noqa: PLC0415
    from deepsquare.cli.commands.watching import watch_to_the_end  # noqa: PLC0415
    from deepsquare.cli.records import job_record, page_words  # noqa: PLC0415
    from deepsquare.client import AsyncClient, short_id  # noqa: PLC0415

    async def repeat(grid: AsyncClient) -> int:
        plan = await grid.prepare_rerun(job, credits=amount, minutes=minutes)
        locked = format_credits(plan.locked_wei)
        question = f"Lock {locked} credits for another run of job {short_id(plan.state.id)}?"
        invocation.confirm(question, is_agreed=yes)
        again = await grid.rerun_plan(plan)
        if watch:
            return await watch_to_the_end(invocation, again)
        state, stage = await again.state(), await again.stage()
        invocation.screen.record(job_record(state), ROWS, shown=page_words(state, stage))
        return 0

    return invocation.run(repeat)
