"""Stores in Redis, for a service of several replicas."""

from deepsquare_sbatch_api.adapters.redis.connection import Redis, is_redis_url, open_redis
from deepsquare_sbatch_api.adapters.redis.limits import RedisLimiter
from deepsquare_sbatch_api.adapters.redis.news import RedisNews
from deepsquare_sbatch_api.adapters.redis.nonces import RedisNonces
from deepsquare_sbatch_api.adapters.redis.scripts import RedisScripts

__all__ = [
    "Redis",
    "RedisLimiter",
    "RedisNews",
    "RedisNonces",
    "RedisScripts",
    "is_redis_url",
    "open_redis",
]
