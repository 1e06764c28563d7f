"""Time that passes here, not on the chain."""

from typing import Protocol


class Clock(Protocol):
    """Measures durations."""

    def monotonic_s(self) -> float:
        """Return seconds from some fixed moment."""
        ...
