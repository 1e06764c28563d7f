"""The machine's clock."""

from datetime import UTC, datetime


class SystemClock:
    """`Clock` of the operating system."""

    def now(self) -> datetime:
        """Return the present, in UTC."""
        return datetime.now(UTC)
