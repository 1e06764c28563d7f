"""News of logs inside one process."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from deepsquare.identifiers import JobId


class LocalNews:
    """`LogNews` between the tasks of one event loop."""

    def __init__(self, *, idle_s: float = 10) -> None:
        self._idle_s = idle_s
        self._listeners: defaultdict[JobId, set[asyncio.Event]] = defaultdict(set)

    async def announce(self, job_id: JobId) -> None:
        """See `LogNews.announce`."""
        self.wake(job_id)

    def wake(self, job_id: JobId) -> None:
        """Wake those who listen in this process."""
        for event in self._listeners.get(job_id, ()):
            event.set()

    @asynccontextmanager
    async def listen(self, job_id: JobId) -> AsyncIterator[AsyncIterator[None]]:
        """See `LogNews.listen`; without news it yields every `idle_s` seconds."""
        event = asyncio.Event()
        self._listeners[job_id].add(event)
        try:
            yield self._ticks(event)
        finally:
            self._listeners[job_id].discard(event)
            if not self._listeners[job_id]:
                del self._listeners[job_id]

    async def _ticks(self, event: asyncio.Event) -> AsyncIterator[None]:
        while True:
            event.clear()
            yield
            try:
                await asyncio.wait_for(event.wait(), self._idle_s)
            except TimeoutError:
                continue
