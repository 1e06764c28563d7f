"""Limits on how often a caller may ask."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol


@dataclass(frozen=True)
class Allowance:
    """`count` requests in `period`, after which they come back one by one."""

    count: int
    period: timedelta


class RateLimiter(Protocol):
    """Counts requests by caller."""

    async def take(self, caller: str, allowance: Allowance) -> timedelta:
        """Count one request; return zero when it is allowed, else how long to wait."""
