"""Rate limits counted in this process: GCRA, one moment per caller."""

import time
from collections.abc import Callable
from datetime import timedelta

from deepsquare_sbatch_api.ports.limits import Allowance

_REMEMBERED = 100_000


class LocalLimiter:
    """`RateLimiter` of one replica.

    For each caller it keeps the moment at which everything taken so far will have come back; see
    the generic cell rate algorithm (ITU-T I.371).
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._free_at: dict[str, float] = {}

    async def take(self, caller: str, allowance: Allowance) -> timedelta:
        """See `RateLimiter.take`."""
        now = self._monotonic()
        if len(self._free_at) >= _REMEMBERED:
            self._forget(now)
        period_s = allowance.period.total_seconds()
        free_at = max(self._free_at.get(caller, now), now) + period_s / allowance.count
        excess_s = free_at - now - period_s
        if excess_s > 1e-9:
            return timedelta(seconds=excess_s)
        self._free_at[caller] = free_at
        return timedelta()

    def _forget(self, now: float) -> None:
        """Forget callers that have everything back; when they are too many still, all of them."""
        busy = {caller: at for caller, at in self._free_at.items() if at > now}
        self._free_at = busy if len(busy) < _REMEMBERED // 2 else {}
