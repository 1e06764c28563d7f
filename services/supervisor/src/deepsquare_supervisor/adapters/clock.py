"""The machine's clock."""

import time


class SystemClock:
    """A `Clock`."""

    def now(self) -> int:
        """See `Clock`."""
        return int(time.time())
