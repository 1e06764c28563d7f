"""A wake-up by time alone, for sites without a WebSocket endpoint."""

import asyncio


class Timer:
    """A `Wake` that never wakes early."""

    def __init__(self, tick_s: float) -> None:
        self._tick_s = tick_s

    async def wait(self) -> bool:
        """Return after the tick."""
        await asyncio.sleep(self._tick_s)
        return False

    async def run(self) -> None:
        """There is nothing to listen to."""
