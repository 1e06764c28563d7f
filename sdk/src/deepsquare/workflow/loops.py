"""Iterations of loops (W-FOR-1)."""

from deepsquare.workflow.model import ForRange, StepFor

MAX_ITERATIONS = 1_000_000
"""Iterations of a range."""


def range_of(bounds: ForRange) -> range:
    """Return the values of ``index``: both ends inclusive, an increment of 0 meaning 1."""
    increment = bounds.increment or 1
    return range(bounds.begin, bounds.end + (1 if increment > 0 else -1), increment)


def iteration_count(loop: StepFor) -> int:
    """Return how many iterations a loop has."""
    if loop.range is not None:
        return len(range_of(loop.range))
    return len(loop.items or ())
