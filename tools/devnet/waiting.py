"""Wait for a condition instead of for time to pass."""

import time
from collections.abc import Callable

from tools.devnet.errors import DevnetError


class NeverHappened(DevnetError):
    """A condition did not come true in time."""


def wait_until(
    condition: Callable[[], bool], *, what: str, timeout_s: float, poll_s: float = 0.05
) -> None:
    """Return as soon as the condition holds; else raises `NeverHappened`, naming ``what``."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise NeverHappened(f"{what}: not within {timeout_s:g} s")
        time.sleep(poll_s)
