"""Following a job whole: its changes and its log, in one stream."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from deepsquare._client.watching import JobEvent, events
from deepsquare.api import LogChunk, SbatchApi
from deepsquare.chain import Grid
from deepsquare.chain.statuses import HOT
from deepsquare.errors import DeepSquareError
from deepsquare.identifiers import JobId

LATE_LOG_S = 15.0
"""How long after a job's end, or after the last late line, more of its log is waited for."""


@dataclass(frozen=True, slots=True)
class LogLost:
    """The log cannot be followed any more; the job itself goes on."""

    error: DeepSquareError


Item = JobEvent | LogChunk | LogLost


@dataclass(frozen=True, slots=True)
class Source:
    """What is followed, and from where; no log without ``api``."""

    grid: Grid
    api: SbatchApi | None
    job_id: JobId
    since_block: int | None = None
    log_start: int = 0


async def follow(source: Source, *, late_log_s: float = LATE_LOG_S) -> AsyncIterator[Item]:
    """Yield changes and bytes of the log as they come, until the job has ended and its log too.

    The log is asked for once the job runs, and is not waited for longer than ``late_log_s`` after
    the end. The last change comes after the last bytes.
    """
    feed = _Feed(source, late_log_s)
    try:
        async for item in feed.items():
            yield item
    finally:
        await feed.close()


class _Feed:
    """A task that follows the changes, one that reads the log, and the queue they fill."""

    def __init__(self, source: Source, late_log_s: float) -> None:
        self._source = source
        self._late_log_s = late_log_s
        self._queue: asyncio.Queue[Item] = asyncio.Queue(maxsize=100)
        self._changes = asyncio.create_task(self._read_changes())
        self._log: asyncio.Task[None] | None = None
        self._was_busy = False

    async def items(self) -> AsyncIterator[Item]:
        """Yield what the tasks put in, until the changes have ended; raises what ended them."""
        while not self._changes.done() or not self._queue.empty():
            next_item = asyncio.ensure_future(self._queue.get())
            await asyncio.wait({next_item, self._changes}, return_when=asyncio.FIRST_COMPLETED)
            if next_item.done():
                yield next_item.result()
            else:
                next_item.cancel()
        await self._changes

    async def close(self) -> None:
        tasks = [task for task in (self._changes, self._log) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _read_changes(self) -> None:
        source = self._source
        changes = events(source.grid, source.job_id, since_block=source.since_block)
        async for event in changes:
            if event.has_run and self._log is None and source.api:
                self._log = asyncio.create_task(self._read_log(source.api))
            if event.status not in HOT:
                await self._late_lines()
            await self._queue.put(event)

    async def _read_log(self, api: SbatchApi) -> None:
        source = self._source
        try:
            async for chunk in api.follow_log(source.job_id, start=source.log_start):
                self._was_busy = True
                await self._queue.put(chunk)
        except DeepSquareError as error:
            await self._queue.put(LogLost(error))

    async def _late_lines(self) -> None:
        """Wait for the end of the log while it still grows, or is still being taken."""
        while self._log is not None and not self._log.done():
            self._was_busy = False
            await asyncio.wait({self._log}, timeout=self._late_log_s)
            if not self._was_busy and self._queue.empty():
                return
