"""What ends the wait between two ticks."""

from typing import Protocol


class Wake(Protocol):
    """Wakes at news and at the latest after the tick's length."""

    async def wait(self) -> bool:
        """Return True when woken by news, False when the time was over."""
        ...
