"""`LogNews` between replicas: one channel, and the news of one process behind it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from redis.exceptions import RedisError

from deepsquare.identifiers import JobId
from deepsquare_sbatch_api.adapters.logs.news import LocalNews
from deepsquare_sbatch_api.adapters.redis.connection import PREFIX, Redis

_CHANNEL = f"{PREFIX}logs"
_RECONNECT_S = 1
_IDLE_S = 2
"""Followers look at this interval too: a message may be lost while Redis is away."""


class RedisNews:
    """Announces to all replicas; open it with `running`."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._local = LocalNews(idle_s=_IDLE_S)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["RedisNews"]:
        """Hear what other replicas announce while the block runs."""
        hearing = asyncio.create_task(self._hear())
        try:
            yield self
        finally:
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)

    async def announce(self, job_id: JobId) -> None:
        """See `LogNews.announce`."""
        self._local.wake(job_id)
        try:
            await self._client.publish(_CHANNEL, job_id)
        except (RedisError, OSError):
            return

    def stop(self) -> None:
        """See `LogNews.stop`."""
        self._local.stop()

    def listen(self, job_id: JobId) -> AbstractAsyncContextManager[AsyncIterator[None]]:
        """See `LogNews.listen`."""
        return self._local.listen(job_id)

    async def _hear(self) -> None:
        while True:
            try:
                await self._pass_on()
            except (RedisError, OSError):
                await asyncio.sleep(_RECONNECT_S)

    async def _pass_on(self) -> None:
        async with self._client.pubsub(ignore_subscribe_messages=True) as channel:
            await channel.subscribe(_CHANNEL)
            while True:
                message = await channel.get_message(timeout=None)
                if message:
                    self._local.wake(JobId(message["data"].decode()))
