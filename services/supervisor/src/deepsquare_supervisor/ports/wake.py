"""What ends the wait between two ticks."""

from typing import Protocol


class Wake(Protocol):
    """Wakes the loop early; `deepsquare.chain.wakeup.WakeUp` is one."""

    async def wait(self) -> bool:
        """Return when something may have happened, or after a while."""
        ...

    async def run(self) -> None:
        """Listen until cancelled."""
        ...
