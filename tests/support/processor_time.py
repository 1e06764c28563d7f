"""What a piece of work costs, for tests that it cannot be made to cost a multiple."""

import time
from collections.abc import Callable


def least_processor_seconds(work: Callable[[], object], *, runs: int = 3) -> float:
    """Return the processor time of the cheapest of several runs.

    A busy machine, or a collection of the test process's own garbage, only adds to the others.
    """
    return min(_processor_seconds(work) for _ in range(runs))


def _processor_seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
