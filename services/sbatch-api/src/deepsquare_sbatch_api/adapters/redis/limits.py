"""`RateLimiter` that all replicas share: GCRA as in the limiter of one replica."""

from datetime import timedelta

from redis.exceptions import OutOfMemoryError

from deepsquare_sbatch_api.adapters.redis.connection import PREFIX, Redis, mapped
from deepsquare_sbatch_api.ports.limits import Allowance

_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1e6
local period, count = tonumber(ARGV[1]), tonumber(ARGV[2])
local free_at = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now) + period / count
local excess = free_at - now - period
if excess > 1e-6 then return tostring(excess) end
redis.call('SET', KEYS[1], string.format('%.6f', free_at), 'PX', math.ceil(period * 1000))
return '0'
"""


class RedisLimiter:
    """Keeps for each caller the moment at which everything taken will have come back."""

    def __init__(self, client: Redis) -> None:
        self._take = client.register_script(_TAKE)

    async def take(self, caller: str, allowance: Allowance) -> timedelta:
        """See `RateLimiter.take`.

        A Redis that is full counts nothing, and nobody is refused for that: what can still be read,
        such as the scripts of jobs that wait, stays to be had.
        """
        name, period_s = f"{PREFIX}limit:{caller}", allowance.period.total_seconds()
        with mapped():
            try:
                wait = await self._take(keys=[name], args=[period_s, allowance.count])
            except OutOfMemoryError:
                return timedelta()
        return timedelta(seconds=float(wait))
