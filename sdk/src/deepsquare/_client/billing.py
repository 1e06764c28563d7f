"""The bill of a job: what it would come to now, or what the contract settled."""

from dataclasses import dataclass

from deepsquare._client.status import JobState
from deepsquare.amounts import Wei
from deepsquare.chain import Grid, JobStatus
from deepsquare.chain.errors import RpcUnavailable
from deepsquare.chain.events import GridEvent, JobAssigned, JobSettled, decode_event, topic_of
from deepsquare.chain.logs import LogFilter
from deepsquare.identifiers import JobId, job_id_to_bytes
from deepsquare.pricing import (
    Bill,
    elapsed_minutes,
    full_refund,
    settle_cancel_scheduled,
    settle_report,
)

FIRST_WINDOW_BLOCKS = 1000
LARGEST_WINDOW_BLOCKS = 10_000
"""Blocks asked for logs at once; public endpoints take about as many."""


@dataclass(frozen=True, slots=True)
class JobBill:
    """A bill; while ``is_final`` is false it says what an end now would cost."""

    job_id: JobId
    status: JobStatus
    is_final: bool
    parts: Bill


def bill_so_far(state: JobState) -> Bill:
    """Return what the job would cost if it ended now, by the contract's own formula."""
    job, terms, now_s = state.job, state.terms, state.block.timestamp
    if state.status is JobStatus.RUNNING:
        minutes = elapsed_minutes(job, terms, now_s)
        return settle_report(job, terms, now_s=now_s, reported_minutes=minutes)
    if state.status is JobStatus.SCHEDULED:
        return settle_cancel_scheduled(job, terms, now_s=now_s)
    return full_refund(job, terms)


async def bill_of(grid: Grid, state: JobState) -> JobBill:
    """Return the bill of a job; for one that has ended as its `JobSettled` event says.

    Raises `RpcUnavailable` when no endpoint gives the event, which exists.
    """
    if not state.is_over:
        return JobBill(state.id, state.status, is_final=False, parts=bill_so_far(state))
    ended = state.job.time.block_number_state_change
    settled = await _find(grid, state.id, JobSettled, first=ended, last=ended)
    if not isinstance(settled, JobSettled):
        raise RpcUnavailable(f"no RPC endpoint gives the settlement of job {state.id}")
    return JobBill(
        state.id, state.status, is_final=True, parts=await _settled(grid, state, settled)
    )


async def _settled(grid: Grid, state: JobState, settled: JobSettled) -> Bill:
    final = settled.provider_amount + settled.fee
    cost = await _last_cost_per_minute(grid, state) if state.provider else 0
    return Bill(
        locked_wei=Wei(state.job.cost.max_cost),
        cost_per_minute_wei=Wei(cost),
        minutes=final // cost if cost else 0,
        provider_wei=Wei(settled.provider_amount),
        fee_wei=Wei(settled.fee),
        refund_wei=Wei(settled.refund),
    )


async def _last_cost_per_minute(grid: Grid, state: JobState) -> int:
    """Look back from the end, in growing windows, for the last assignment."""
    last, window = state.job.time.block_number_state_change, FIRST_WINDOW_BLOCKS
    while last >= 0:
        first = max(0, last - window + 1)
        found = await _find(grid, state.id, JobAssigned, first=first, last=last)
        if isinstance(found, JobAssigned):
            return found.cost_per_minute
        if (await grid.rpc.block(first)).timestamp < state.job.time.submit:
            break
        last, window = first - 1, min(2 * window, LARGEST_WINDOW_BLOCKS)
    raise RpcUnavailable(f"no RPC endpoint gives the assignment of job {state.id}")


async def _find(
    grid: Grid, job_id: JobId, kind: type[GridEvent], *, first: int, last: int
) -> GridEvent | None:
    wanted = LogFilter(
        addresses=[grid.meta_scheduler.address],
        from_block=first,
        to_block=last,
        topics=[topic_of(kind), job_id_to_bytes(job_id)],
    )
    logs = await grid.rpc.get_logs(wanted)
    return decode_event(logs[-1]) if logs else None
