"""Carrying the output of jobs from their provider to their customer."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta

from deepsquare.identifiers import Address, JobId
from deepsquare_sbatch_api.domain.access import JobFacts, may_read_log, may_write_log
from deepsquare_sbatch_api.domain.errors import NotFound
from deepsquare_sbatch_api.domain.log_window import LogState, cut_notice, start_of_last_lines
from deepsquare_sbatch_api.ports.clock import Clock
from deepsquare_sbatch_api.ports.jobs import JobDirectory
from deepsquare_sbatch_api.ports.logs import LogId, LogNews, LogStore

CHUNK_BYTES = 64 * 1024
TAIL_BYTES = 2**20
LATE_LINES = timedelta(minutes=5)
"""How long after its job's end a log may still grow, when its provider did not mark the end."""


@dataclass(frozen=True)
class Piece:
    """Bytes that a reader gets; `end` is the offset to go on from.

    Without bytes it tells a follower that nothing has come for a while or, as `is_last`, that
    nothing will.
    """

    data: bytes
    end: int
    is_last: bool = False


@dataclass(frozen=True)
class Logs:
    """Writes and reads logs on behalf of an account."""

    logs: LogStore
    jobs: JobDirectory
    news: LogNews
    clock: Clock

    async def append(
        self, job_id: JobId, data: bytes, *, offset: int, is_end: bool, caller: Address
    ) -> LogState:
        """Append as the job's provider, and mark the end if asked to; see `LogStore.append`.

        Raises `NotFound` for anybody but the job's provider.
        """
        await self._job(job_id, lambda job: may_write_log(caller, job=job))
        log = LogId(job_id, caller)
        state = await self.logs.append(log, data, offset=offset)
        if is_end:
            state = await self.logs.end(log)
        await self.news.announce(job_id)
        return state

    async def job(self, job_id: JobId, *, caller: Address) -> JobFacts:
        """Return a job whose log the caller may read; raises `NotFound`."""
        return await self._job(job_id, lambda job: may_read_log(caller, job=job))

    async def state(self, job: JobFacts) -> LogState:
        """Return how long a job's log is; one that nobody has written to is empty."""
        log = _log_of(job)
        return LogState() if log is None else await self.logs.state(log)

    async def tail_start(self, job: JobFacts, *, state: LogState, lines: int) -> int:
        """Return the offset of the last lines of a log as it was in `state`, looked for in the last
        `TAIL_BYTES`.
        """
        log = _log_of(job)
        if log is None:
            return 0
        start = max(0, state.size - TAIL_BYTES, state.tail_start if state.is_cut else 0)
        data = await self.logs.read(log, start=start, end=state.size)
        return start + start_of_last_lines(data, lines)

    async def read(self, job: JobFacts, *, start: int, end: int) -> AsyncIterator[Piece]:
        """Yield what is kept of [start, end), with a notice where the middle was cut."""
        log, offset = _log_of(job), start
        while log is not None and offset < end:
            piece = await self._next_piece(log, offset, end)
            if piece is None:
                return
            yield piece
            offset = piece.end

    async def follow(self, job: JobFacts, *, start: int) -> AsyncIterator[Piece]:
        """Yield as `read` does, wait for more, and finish with a last piece.

        A log is finished when its provider marked the end, or when the chain says that the job
        ended more than `LATE_LINES` ago. When the service stops there is no last piece. The log of
        another provider that takes the job over is read from its start, also by who comes back with
        an offset that only the log before it had.
        """
        offset, writer = start, job.provider
        async with self.news.listen(job.job_id) as news:
            async for _ in news:
                job = await self._now(job)
                if writer and job.provider not in (writer, None):
                    offset = 0
                writer = job.provider or writer
                state = await self.state(job)
                before = offset = offset if offset <= state.size else 0
                async for piece in self.read(job, start=offset, end=state.size):
                    yield piece
                    offset = piece.end
                if state.is_ended or self._is_long_over(job):
                    yield Piece(b"", offset, is_last=True)
                    return
                if offset == before:
                    yield Piece(b"", offset)

    async def _now(self, job: JobFacts) -> JobFacts:
        """Return what is known of a job; without a provider, whose log it is may be news."""
        ask = self.jobs.recall if job.provider else self.jobs.find
        return await ask(job.job_id) or job

    async def _job(self, job_id: JobId, is_allowed: Callable[[JobFacts], bool]) -> JobFacts:
        """Decide by what is known of the job; before refusing, ask the chain anew."""
        job = await self.jobs.recall(job_id)
        if job is None or not is_allowed(job):
            job = await self.jobs.find(job_id)
        if job is None or not is_allowed(job):
            raise NotFound("job")
        return job

    def _is_long_over(self, job: JobFacts) -> bool:
        return job.ended_at is not None and job.ended_at + LATE_LINES < self.clock.now()

    async def _next_piece(self, log: LogId, offset: int, end: int) -> Piece | None:
        state = await self.logs.state(log)
        start, stop = state.kept_from(offset)
        missing = state.cut_between(offset, start)
        if missing:
            return Piece(cut_notice(missing), start)
        data = await self.logs.read(log, start=start, end=min(stop, end, start + CHUNK_BYTES))
        return Piece(data, start + len(data)) if data else None


def _log_of(job: JobFacts) -> LogId | None:
    return LogId(job.job_id, job.provider) if job.provider else None
