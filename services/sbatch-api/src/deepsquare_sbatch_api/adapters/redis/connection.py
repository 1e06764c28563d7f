"""One Redis for all stores: its connection, its names, its errors."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from deepsquare_sbatch_api.domain.errors import StoreUnavailable

Redis = redis.asyncio.Redis

PREFIX = "sbatch-api:"
"""All keys and channels begin with it."""

_TIMEOUT_S = 5
_RETRY = Retry(
    ExponentialBackoff(cap=0.5, base=0.05), retries=3, supported_errors=(RedisConnectionError,)
)


@asynccontextmanager
async def open_redis(url: str) -> AsyncIterator[Redis]:
    """Open a pool of connections; nothing is sent before the first use.

    A command whose connection breaks is sent again: doing any of ours twice does no more than once,
    but for a nonce, whose user then signs in anew. One that is not answered in time is not: the
    caller has waited enough.
    """
    client = redis.asyncio.from_url(
        url,
        socket_timeout=_TIMEOUT_S,
        socket_connect_timeout=_TIMEOUT_S,
        retry=_RETRY,
    )
    try:
        yield client
    finally:
        await client.aclose()


def is_redis_url(url: str) -> bool:
    """Tell whether a text is an address of Redis."""
    try:
        redis.asyncio.connection.parse_url(url)
    except ValueError:
        return False
    return True


def untyped(client: Redis) -> Any:  # noqa: ANN401 - see below
    """Return the client without its types: they say `bytes | str`, but nothing is decoded here."""
    return client


@contextmanager
def mapped() -> Iterator[None]:
    """Turn Redis' errors into `StoreUnavailable`, without its address."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise StoreUnavailable(f"Redis does not answer: {type(error).__name__}") from error


async def check_durable(client: Redis) -> None:
    """Raise `StoreUnavailable` when Redis is away, or may forget what it was given."""
    with mapped():
        await client.set(f"{PREFIX}check", "", px=1)
        persistence = await client.info("persistence")
        memory = await client.info("memory")
    if not persistence.get("aof_enabled"):
        raise StoreUnavailable("Redis forgets on restart: set appendonly yes")
    if persistence.get("aof_last_write_status") != "ok":
        raise StoreUnavailable("Redis cannot write its append-only file")
    if memory.get("maxmemory_policy") != "noeviction":
        raise StoreUnavailable("Redis may evict scripts: set maxmemory-policy noeviction")
