"""`deepsquare submit`."""

import click

from deepsquare.cli.invocation import Invocation, pass_invocation, shared_options


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@click.option("-c", "--credits", "amount", metavar="N", help="Credits to lock for the job.")
@click.option(
    "--minutes",
    type=click.IntRange(min=1),
    help="Lock what so many minutes cost at the dearest provider that fits, instead.",
)
@click.option("--name", default="", help="Name of the job, at most 32 bytes.")
@click.option("--uses", multiple=True, metavar="KEY=VALUE", help="Label a provider must have.")
@click.option(
    "--affinity",
    multiple=True,
    metavar="CONDITION",
    help='Condition on a label: region==ch, ram>=64, "zone in a,b".',
)
@click.option("--may-top-up", is_flag=True, help="Let the grid lock further slices as it runs.")
@click.option("--no-permit", is_flag=True, help="Rely on an allowance given before.")
@click.option(
    "--idempotency-key",
    metavar="KEY",
    help="The same key never makes a second job: repeat a submission that failed half-way.",
)
@click.option("--watch/--detach", default=False, help="Show it until it has ended; or not.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@shared_options
@pass_invocation
def submit(
    invocation: Invocation, /, *, file: str, watch: bool, yes: bool, **wishes: object
) -> int:
    """Submit the workflow FILE (- for stdin) and lock credits for it.

    Everything is checked first; nothing is locked if anything is wrong. What is not used comes
    back. With --watch the exit code is the job's.
    """
    from deepsquare.cli.submitting import Submission  # noqa: PLC0415 - not for --help

    submission = Submission(
        invocation, workflow=invocation.workflow(file), is_agreed=yes, wishes=wishes
    )
    return invocation.run(submission.watched if watch else submission.detached)
