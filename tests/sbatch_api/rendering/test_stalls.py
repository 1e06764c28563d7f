"""A machine so busy that the batch shell stands still again and again."""

import signal
import time

import pytest
from tests.support.batch import BatchSite, RunningBatch, a_job, a_run

from deepsquare.workflow import ForRange, Step, StepFor

pytestmark = pytest.mark.integration


def _stall(batch: RunningBatch) -> None:
    """Let the batch shell work a fraction of a millisecond at a time."""
    while batch.process.poll() is None:
        batch.signal(signal.SIGSTOP)
        time.sleep(0.06)
        batch.signal(signal.SIGCONT)
        time.sleep(0.0003)


@pytest.mark.parametrize("parallel", [False, True])
def test_codes_of_steps__when_the_shell_stands_still__are_not_lost(
    site: BatchSite, parallel: bool
) -> None:
    """W-STEP-1: a code that comes late is no failure."""
    bounds = ForRange(begin=1, end=8)
    loop = Step(for_=StepFor(steps=(a_run("true"),), parallel=parallel, range=bounds))
    with site.start(a_job(loop, a_run("echo done"), tasks=4)) as batch:
        _stall(batch)
        result = batch.result()
    assert (result.code, result.lines) == (0, ["done"]), result.stderr
