"""Following a job on the chain: its state at each look, and every change between two looks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from deepsquare._client.errors import JobNotFound
from deepsquare._client.status import JobState, moment, stage_of
from deepsquare.chain import BlockRef, Grid, JobStatus
from deepsquare.chain.errors import InvalidJob
from deepsquare.chain.events import JobCreated, JobTransitionEvent, decode_event, topic_of
from deepsquare.chain.logs import LogFilter, RawLog
from deepsquare.errors import Unavailable
from deepsquare.identifiers import JobId

DEFAULT_POLL_S = 1.0
PATIENCE_S = 120.0
"""How long the chain may be away before following gives up."""

LARGEST_LOOK_BACK_BLOCKS = 5000

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class JobEvent:
    """One change of a job's status; ``block`` is where to resume, see `AsyncJob.events`.

    ``has_run`` tells whether the batch has been started, so that there may be a log.
    """

    job_id: JobId
    status: JobStatus
    at: datetime | None
    why: str
    block: int
    has_run: bool


async def read_state(grid: Grid, job_id: JobId, *, block: BlockRef | None = None) -> JobState:
    """Read a job at one block, the newest by default; raises `JobNotFound`."""
    at = block or await grid.head()
    try:
        job = await grid.jobs.get(job_id, at=at)
        terms = await grid.jobs.get_terms(job_id, at=at)
    except InvalidJob as error:
        raise JobNotFound(f"the grid has no job {job_id}") from error
    return JobState(job, terms, at)


async def watch(
    grid: Grid, job_id: JobId, *, poll_s: float = DEFAULT_POLL_S, sleep: Sleep = asyncio.sleep
) -> AsyncIterator[JobState]:
    """Yield the job at each new block until it has ended, that last state included.

    While the chain is away it asks again, and raises after `PATIENCE_S`.
    """
    last_block, away_s = -1, 0.0
    while True:
        try:
            block = await grid.head()
            state = await read_state(grid, job_id, block=block)
        except Unavailable:
            away_s += poll_s
            if away_s > PATIENCE_S:
                raise
        else:
            away_s = 0.0
            if block.number != last_block:
                yield state
            last_block = block.number
            if state.is_over:
                return
        await sleep(poll_s)


async def events(
    grid: Grid,
    job_id: JobId,
    *,
    since_block: int | None = None,
    poll_s: float = DEFAULT_POLL_S,
    sleep: Sleep = asyncio.sleep,
) -> AsyncIterator[JobEvent]:
    """Yield the changes of a job until it has ended.

    Starts with the present stage, or with all changes after ``since_block``. What happened between
    two looks is read from the chain's logs; where a node does not give them, the states tell.
    """
    shown: JobStatus | None = None
    done_block = since_block
    async for state in watch(grid, job_id, poll_s=poll_s, sleep=sleep):
        if done_block is not None:
            for event in await _between(grid, state, done_block):
                shown = event.status
                yield event
        if state.status is not shown:
            shown = state.status
            yield _event(state)
        done_block = state.block.number


async def _between(grid: Grid, state: JobState, done_block: int) -> list[JobEvent]:
    """Return the transitions after a block, up to the one before the state's own status."""
    last = state.block.number
    first = max(done_block + 1, last - LARGEST_LOOK_BACK_BLOCKS)
    if first > last:
        return []
    topics = [topic_of(JobCreated), topic_of(JobTransitionEvent)]
    try:
        logs = await grid.rpc.get_logs(LogFilter([grid.jobs.address], first, last, [topics]))
    except Unavailable:
        return []
    found = [(_status_after(log, state.id), log.block_number) for log in logs]
    return [
        await _past_event(grid, state, to=to, number=number)
        for to, number in found
        if to is not None
    ]


def _status_after(log: RawLog, job_id: JobId) -> JobStatus | None:
    """Return the status that a log gives this job; None for logs of other jobs."""
    event = decode_event(log)
    if isinstance(event, JobTransitionEvent) and event.job_id == job_id:
        return event.to
    is_new = isinstance(event, JobCreated) and event.job_id == job_id
    return JobStatus.PENDING if is_new else None


async def _past_event(grid: Grid, state: JobState, *, to: JobStatus, number: int) -> JobEvent:
    if to is state.status and number == state.job.time.block_number_state_change:
        return _event(state)
    block = await grid.rpc.block(number)
    has_run = to is JobStatus.RUNNING
    return JobEvent(state.id, to, moment(block.timestamp), "", number, has_run)


def _event(state: JobState) -> JobEvent:
    stage = stage_of(state)
    return JobEvent(
        state.id, state.status, stage.since, stage.why, state.block.number, state.has_run
    )
