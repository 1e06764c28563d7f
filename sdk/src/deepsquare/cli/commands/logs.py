"""`deepsquare logs`."""

import click

from deepsquare.cli.invocation import Invocation, pass_invocation, shared_options


@click.command()
@click.argument("job")
@click.option("-f", "--follow", is_flag=True, help="Go on until the log is complete.")
@click.option("-n", "--tail", type=click.IntRange(0, 100_000), help="Only the last lines.")
@click.option("--raw", is_flag=True, help="Bytes as the job wrote them: not for a terminal.")
@shared_options
@pass_invocation
def logs(invocation: Invocation, /, *, job: str, follow: bool, tail: int | None, raw: bool) -> None:
    """Print the log of JOB.

    Escape sequences are made harmless, except with --raw.
    """
    import sys  # noqa: PLC0415

    from deepsquare._client.log_lines import LineDecoder  # noqa: PLC0415 - not for --help
    from deepsquare.client import AsyncClient, short_id  # noqa: PLC0415

    async def read(grid: AsyncClient) -> None:
        handle = await grid.job(job)
        short = short_id(handle.id)
        invocation.on_interrupt = f"detached; again: deepsquare logs -f {short}"
        lines = LineDecoder()
        async for chunk in handle.log_chunks(follow=follow, tail=tail):
            if raw:
                sys.stdout.buffer.write(chunk.data)
                sys.stdout.buffer.flush()
            else:
                _print(invocation, lines.feed(chunk.data))
        _print(invocation, lines.finish())

    if raw and sys.stdout.isatty():
        raise click.UsageError("--raw is not for a terminal: send it to a file")
    invocation.run(read)


def _print(invocation: Invocation, lines: list[str]) -> None:
    for line in lines:
        invocation.screen.log_line(line)
