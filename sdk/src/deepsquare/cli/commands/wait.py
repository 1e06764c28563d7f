"""`deepsquare wait`."""

import re
from datetime import timedelta

import click

from deepsquare.cli.invocation import Invocation, pass_invocation, shared_options

_SECONDS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
_LENGTH = re.compile(r"(\d{1,9})\s*(s|m|min|h|d|)")


class Length(click.ParamType[timedelta]):
    """A length of time: ``90``, ``90s``, ``15m``, ``2h``, ``1d``; without a unit in seconds."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Read it, or fail."""
        match = _LENGTH.fullmatch(str(value).strip())
        if not match:
            self.fail(f'"{value}" is no length of time: write 90s, 15m, 2h or 1d', param, ctx)
        count, unit = match.groups()
        return timedelta(seconds=int(count) * _SECONDS[unit])


@click.command()
@click.argument("job")
@click.option("--timeout", type=Length(), help="Give up after 90s, 15m, 2h ...; the job goes on.")
@shared_options
@pass_invocation
def wait(invocation: Invocation, /, *, job: str, timeout: timedelta | None) -> int:
    """Wait until JOB has ended; the exit code is the job's."""
    from deepsquare.cli.commands.watching import announce, report  # noqa: PLC0415
    from deepsquare.client import AsyncClient, JobResult  # noqa: PLC0415 - not for --help

    async def work(grid: AsyncClient) -> JobResult:
        handle = await grid.job(job)
        announce(invocation, handle)
        return await handle.wait(timeout=timeout)

    return report(invocation, invocation.run(work), [])
