"""The site's clock."""

from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> int:
        """Return Unix seconds."""
        ...
