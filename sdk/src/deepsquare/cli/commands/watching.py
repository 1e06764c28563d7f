"""Showing a job while it runs, and ending with its exit code."""

from collections import deque
from dataclasses import dataclass, field

from deepsquare._client.log_lines import LineDecoder
from deepsquare.api import LogChunk
from deepsquare.cli.exit_codes import LARGEST_PASSED_THROUGH, exit_code_of_job
from deepsquare.cli.invocation import Invocation
from deepsquare.cli.records import bill_record, bill_words, job_record
from deepsquare.cli.screen import Column, Screen
from deepsquare.cli.words import time_of_day
from deepsquare.client import AsyncJob, JobEvent, JobResult, LogLost, short_id

SHOWN_LINES = 10
"""Lines of the log that are shown again when a job ended badly."""

BILL_ROWS = [
    Column("bill", "what"),
    Column("time", "time"),
    Column("locked", "locked"),
    Column("to the provider", "provider"),
    Column("fee", "fee"),
    Column("refund", "refund"),
    Column("cost", "cost"),
]


@dataclass
class Watch:
    """Prints what happens to a job: changes on stderr, its log on stdout.

    Where stdout is for programs, the log goes to stderr too.
    """

    screen: Screen
    lines: LineDecoder = field(default_factory=LineDecoder)
    last: deque[str] = field(default_factory=lambda: deque(maxlen=SHOWN_LINES))

    def show(self, item: JobEvent | LogChunk | LogLost) -> None:
        """Print one item."""
        if isinstance(item, JobEvent):
            self.screen.stage(time_of_day(item.at), item.status.name, item.why)
        elif isinstance(item, LogChunk):
            self._print(self.lines.feed(item.data))
        else:
            self.screen.say(f"the log cannot be followed: {item.error.message}", style="yellow")

    def finish(self) -> None:
        """Print what is left of the log."""
        self._print(self.lines.finish())

    def _print(self, lines: list[str]) -> None:
        for line in lines:
            self.last.append(line)
            self.screen.log_line(line, to_stderr=not self.screen.is_for_people)


async def watch_to_the_end(invocation: Invocation, job: AsyncJob) -> int:
    """Show a job until it has ended, then its bill; returns the exit code."""
    watch = Watch(invocation.screen)
    announce(invocation, job)
    async for item in job.follow():
        watch.show(item)
    watch.finish()
    result = await job.wait()
    return report(invocation, result, list(watch.last))


def announce(invocation: Invocation, job: AsyncJob) -> None:
    """Note what to tell people if they stop waiting, and that the exit code may be the job's."""
    short = short_id(job.id)
    invocation.waits_for_job = True
    invocation.on_interrupt = (
        f"detached from job {short}, which goes on\n"
        f"  follow it again:  deepsquare logs -f {short}\n"
        f"  cancel it:        deepsquare cancel {short}"
    )


def report(invocation: Invocation, result: JobResult, last: list[str]) -> int:
    """Tell how a job ended; the last line on stderr says whose the exit code is."""
    screen, state = invocation.screen, result.state
    is_bad = result.status.name != "FINISHED"
    if is_bad and (lines := last or result.tail.splitlines()[-SHOWN_LINES:]):
        screen.say(f"the last lines of job {short_id(state.id)}:", style="bold")
        for line in lines:
            screen.log_line(f"  {line}", to_stderr=True)
    if screen.is_for_people:
        screen.note(BILL_ROWS, bill_words(result.bill))
    else:
        record = {**job_record(state), "bill": dict(bill_record(result.bill))}
        screen.record(record, [], shown={})
    exit_code = exit_code_of_job(result)
    screen.say(_verdict(result, exit_code), style="bold red" if is_bad else "bold green")
    return exit_code


def _verdict(result: JobResult, exit_code: int) -> str:
    name = f"job {short_id(result.state.id)} {result.status.name}"
    exited = f" with {result.exit_status.shown}" if result.exit_status else ""
    if not exit_code:
        return f"{name}{exited}"
    is_own = exit_code <= LARGEST_PASSED_THROUGH
    return f"{name}{exited}; exit code {exit_code:d} {_whose(is_own=is_own)}"


def _whose(*, is_own: bool) -> str:
    return "is the job's own" if is_own else "stands for that"
