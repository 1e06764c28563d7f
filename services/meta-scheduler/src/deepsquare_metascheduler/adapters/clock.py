"""The machine's clock."""

import time


class SystemClock:
    """Measures durations by the system's monotonic clock."""

    def monotonic_s(self) -> float:
        """Return seconds from some fixed moment."""
        return time.monotonic()
