"""A log store whose reads are shared by those who follow the same log."""

from collections.abc import Sequence
from datetime import datetime

from deepsquare.identifiers import JobId
from deepsquare_sbatch_api.adapters.sharing import SharedCalls
from deepsquare_sbatch_api.domain.log_window import LogState
from deepsquare_sbatch_api.ports.logs import LogId, LogStore


class SharedLogs:
    """`LogStore` around another one; only equal reads that come together are joined."""

    def __init__(self, store: LogStore) -> None:
        self._store = store
        self._calls = SharedCalls()

    async def state(self, log: LogId) -> LogState:
        """See `LogStore.state`."""
        return await self._calls.share(log, lambda: self._store.state(log))

    async def read(self, log: LogId, *, start: int, end: int) -> bytes:
        """See `LogStore.read`."""
        key = (log, start, end)
        return await self._calls.share(key, lambda: self._store.read(log, start=start, end=end))

    async def append(self, log: LogId, data: bytes, *, offset: int) -> LogState:
        """See `LogStore.append`."""
        return await self._store.append(log, data, offset=offset)

    async def end(self, log: LogId) -> LogState:
        """See `LogStore.end`."""
        return await self._store.end(log)

    async def delete(self, job_id: JobId) -> None:
        """See `LogStore.delete`."""
        await self._store.delete(job_id)

    async def idle_since(self, moment: datetime) -> Sequence[JobId]:
        """See `LogStore.idle_since`."""
        return await self._store.idle_since(moment)

    async def check(self) -> None:
        """See `LogStore.check`."""
        await self._store.check()
