"""A handle on one job."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

from deepsquare._client import following
from deepsquare._client.billing import JobBill, bill_of
from deepsquare._client.errors import (
    JobHasEnded,
    NotRunning,
    NotYourJob,
    WaitTimeout,
)
from deepsquare._client.following import Item, LogLost, Source
from deepsquare._client.log_lines import LineDecoder
from deepsquare._client.result import JobResult
from deepsquare._client.session import Session
from deepsquare._client.spending import check_balance, read_balance
from deepsquare._client.status import JobState, Stage, stage_of
from deepsquare._client.submission import with_permit
from deepsquare._client.watching import JobEvent, events, read_state, watch
from deepsquare.amounts import Wei, parse_credits
from deepsquare.api import LogChunk
from deepsquare.chain import JobStatus
from deepsquare.chain.errors import JobHotStatusOnly
from deepsquare.chain.statuses import CLAIMED
from deepsquare.errors import DeepSquareError
from deepsquare.identifiers import JobId
from deepsquare.profile import Settings

Credits = str | int | Decimal
"""An amount of credits, such as ``"12.5"``; floats are refused, they cannot hold an amount."""

TAIL_LINES = 20
"""Lines of the log that come with an error."""


class AsyncJob:
    """A job on chain: look at it, follow it, read its log, change it.

    Handles pickle and are cheap; they hold an id, not a state.
    """

    def __init__(self, session: Session, job_id: JobId, *, since_block: int | None = None) -> None:
        self.id = job_id
        self._session = session
        self._since_block = since_block

    def __repr__(self) -> str:
        return f"AsyncJob({self.id})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AsyncJob) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __reduce__(self) -> tuple[Any, ...]:
        return _open_job, (self._session.settings, self.id, self._since_block)

    async def state(self) -> JobState:
        """Return all the chain says about the job now; raises `JobNotFound`."""
        return await read_state(await self._session.grid(), self.id)

    async def stage(self) -> Stage:
        """Return what the job is waiting for or doing, since when, and until when."""
        grid, state = await self._session.grid(), await self.state()
        pending = None
        if state.status is JobStatus.PENDING:
            pending = len(await grid.jobs.get_pending(at=state.block))
        return stage_of(state, pending_jobs=pending)

    async def events(self, *, since_block: int | None = None) -> AsyncIterator[JobEvent]:
        """Yield every change of the job until it has ended.

        A fresh submission starts with its first change; a handle that was opened later with the
        present stage, unless ``since_block`` says after which block to begin: resume with the
        ``block`` of the last event you have seen.
        """
        begin = self._since_block if since_block is None else since_block
        async for event in events(await self._session.grid(), self.id, since_block=begin):
            yield event

    async def follow(self, *, log_start: int = 0) -> AsyncIterator[Item]:
        """Yield the job's changes and its log in one stream, until both have ended.

        Items are `JobEvent`, `LogChunk`, or `LogLost` when the log cannot be read any more.
        """
        grid, api = await self._session.grid(), await self._session.api()
        source = Source(grid, api, self.id, self._since_block, log_start)
        async for item in following.follow(source):
            yield item

    async def logs(self, *, follow: bool = False, tail: int | None = None) -> AsyncIterator[str]:
        """Yield the lines of the log, or the last ``tail``; with ``follow`` until it is complete.

        Lines are as the job wrote them: neutralise them before they reach a terminal. Raises
        `NotFound` for a job of somebody else.
        """
        lines = LineDecoder()
        async for chunk in self.log_chunks(follow=follow, tail=tail):
            for line in lines.feed(chunk.data):
                yield line
        for line in lines.finish():
            yield line

    async def log_chunks(
        self, *, follow: bool = False, tail: int | None = None
    ) -> AsyncIterator[LogChunk]:
        """Yield the log as bytes, as `logs` does."""
        api, start = await self._session.api(), 0
        if tail is not None:
            last = await api.tail_log(self.id, lines=tail)
            start = last.offset
            yield last
        if follow:
            async for item in self.follow(log_start=start):
                if isinstance(item, LogLost):
                    raise item.error
                if isinstance(item, LogChunk):
                    yield item
        elif tail is None:
            data = await api.read_log(self.id)
            yield LogChunk(data, len(data))

    async def wait(self, *, timeout: timedelta | None = None) -> JobResult:  # noqa: ASYNC109
        """Return how the job ended; raises `WaitTimeout` when the time is over, the job goes on.

        An end without success is returned, not raised: call `JobResult.check` for that.
        """
        state = await self._wait_for_end(timeout)
        grid = await self._session.grid()
        tail = "" if state.status is JobStatus.FINISHED else await self.tail()
        return JobResult(state, await bill_of(grid, state), tail)

    async def _wait_for_end(self, timeout: timedelta | None) -> JobState:  # noqa: ASYNC109
        grid = await self._session.grid()
        try:
            async with asyncio.timeout(timeout.total_seconds() if timeout else None):
                async for state in watch(grid, self.id):
                    if state.is_over:
                        return state
        except TimeoutError:
            raise WaitTimeout(f"job {self.id} has not ended in time; it goes on") from None
        raise WaitTimeout(f"job {self.id} has not ended")

    async def tail(self, lines: int = TAIL_LINES) -> str:
        """Return the end of the log; empty when there is none or it cannot be read."""
        try:
            api = await self._session.api()
            return (await api.tail_log(self.id, lines=lines)).data.decode(errors="replace")
        except DeepSquareError:
            return ""

    async def bill(self) -> JobBill:
        """Return the bill as the contract settled it, or what an end now would cost."""
        return await bill_of(await self._session.grid(), await self.state())

    async def cancel(self) -> JobState:
        """Cancel the job and return its state after it; a job that runs ends a little later.

        Raises `NotYourJob`, `JobHasEnded`. Cancelling twice changes nothing.
        """
        state = await self._own_state()
        if not state.job.has_cancel_request:
            await self._send_cancel()
        return await self.state()

    async def _send_cancel(self) -> None:
        grid, sender = await self._session.grid(), await self._session.sender()
        try:
            await sender.send(grid.meta_scheduler.cancel_job(self.id))
        except JobHotStatusOnly as error:
            raise JobHasEnded(
                f"job {self.id} has just ended: it is {error.current.name}"
            ) from error

    async def top_up(self, credits: Credits) -> JobState:  # noqa: A002
        """Lock more credits for the job; what is not used comes back.

        Raises `JobHasEnded`, `NotRunning` before a provider has claimed it, `InsufficientCredits`.
        """
        amount = parse_credits(credits)
        state = await self.state()
        _require_hot(state)
        if state.status not in CLAIMED:
            raise NotRunning(f"job {self.id} is {state.status.name}: top it up once it is claimed")
        await self._send_top_up(amount)
        return await self.state()

    async def _send_top_up(self, amount: Wei) -> None:
        grid = await self._session.grid()
        balance = await read_balance(grid, self._session.account)
        check_balance(balance, amount, signs_permit=True)
        call = grid.meta_scheduler.top_up_job(self.id, amount)
        signed = await with_permit(self._session, balance, call, amount_wei=amount)
        await (await self._session.sender()).send(signed)

    async def _own_state(self) -> JobState:
        state, account = await self.state(), self._session.account
        if state.customer != account:
            raise NotYourJob(self.id, customer=state.customer, caller=account)
        _require_hot(state)
        return state


def _require_hot(state: JobState) -> None:
    if state.is_over:
        raise JobHasEnded(f"job {state.id} has ended: it is {state.status.name}")


def _open_job(settings: Settings, job_id: JobId, since_block: int | None) -> AsyncJob:
    return AsyncJob(Session(settings), job_id, since_block=since_block)
