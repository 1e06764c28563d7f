"""News of logs inside one process."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from deepsquare.identifiers import JobId


class LocalNews:
    """`LogNews` between the tasks of one event loop; waiting costs no task of its own."""

    def __init__(self, *, idle_s: float = 10) -> None:
        self._idle_s = idle_s
        self._is_stopped = False
        self._listeners: defaultdict[JobId, set[_Listener]] = defaultdict(set)

    async def announce(self, job_id: JobId) -> None:
        """See `LogNews.announce`."""
        self.wake(job_id)

    def wake(self, job_id: JobId) -> None:
        """Wake those who listen in this process."""
        for listener in self._listeners.get(job_id, ()):
            listener.wake()

    def stop(self) -> None:
        """See `LogNews.stop`."""
        self._is_stopped = True
        for job_id in list(self._listeners):
            self.wake(job_id)

    @asynccontextmanager
    async def listen(self, job_id: JobId) -> AsyncIterator[AsyncIterator[None]]:
        """See `LogNews.listen`; without news it yields every `idle_s` seconds."""
        listener = _Listener()
        self._listeners[job_id].add(listener)
        try:
            yield self._ticks(listener)
        finally:
            self._listeners[job_id].discard(listener)
            if not self._listeners[job_id]:
                del self._listeners[job_id]

    async def _ticks(self, listener: "_Listener") -> AsyncIterator[None]:
        while not self._is_stopped:
            yield
            await listener.wait(self._idle_s)


class _Listener:
    """Remembers news that came while nobody waited."""

    def __init__(self) -> None:
        self._has_news = False
        self._waiting: asyncio.Future[None] | None = None

    def wake(self) -> None:
        self._has_news = True
        if self._waiting and not self._waiting.done():
            self._waiting.set_result(None)

    async def wait(self, longest_s: float) -> None:
        """Return when there is news, or after a while."""
        if not self._has_news:
            loop = asyncio.get_running_loop()
            self._waiting = loop.create_future()
            timer = loop.call_later(longest_s, self.wake)
            try:
                await self._waiting
            finally:
                timer.cancel()
        self._has_news = False
