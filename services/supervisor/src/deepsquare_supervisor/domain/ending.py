"""From the end of a batch to the end of a job: status, exit code, minutes, reason.

| batch | job | billed |
| --- | --- | --- |
| completed | FINISHED | used minutes |
| ended by a cancel of the customer | CANCELLED | used minutes |
| time limit, or TERM shortly before it | OUT_OF_CREDITS | used minutes |
| out of memory | FAILED, OUT_OF_MEMORY | used minutes |
| failed | FAILED | used minutes |
| node or boot failure, preempted, lost, cancelled by the site | PANICKED, reason | 0: the least |

Reported 0 minutes, the contract bills one minute of a job that was RUNNING and nothing of one that
was not (protocol.md 4.2, 4.3): a provider has no way to report less.
"""

from dataclasses import dataclass

from deepsquare.chain import JobStatus
from deepsquare_supervisor.domain.batch import Batch, BatchState
from deepsquare_supervisor.domain.claim import ChainJob

START_TOLERANCE_S = 60
"""A start reported at most this late counts from Slurm's start; later ones are the site's loss."""

TERM_SLACK_S = 75
"""How much earlier than asked Slurm may send the announced TERM (its time-limit loop, twice 30 s),
and the time a script needs to end after it."""

CANCEL_TOLERANCE_S = 60
"""How far the site's clock may be behind the chain's when a cancel is matched with an end."""

_PROVIDER_FAULTS = {
    BatchState.NODE_FAILED: "NODE_FAIL: the node failed, not billed",
    BatchState.BOOT_FAILED: "BOOT_FAIL: the node did not boot, not billed",
    BatchState.PREEMPTED: "PREEMPTED: the provider needed the place, not billed",
    BatchState.REVOKED: "REVOKED: the provider withdrew the batch, not billed",
    BatchState.DEADLINE: "DEADLINE: the provider's deadline ended the batch, not billed",
    BatchState.LOST: "LOST: the batch system has no trace of the batch, not billed",
    BatchState.CANCELLED: "PROVIDER_CANCELLED: the provider ended the batch, not billed",
}


@dataclass(frozen=True, slots=True)
class Ending:
    """What is reported at the end: arguments of `providerSetJobStatus`."""

    status: JobStatus
    minutes: int
    exit_status: int
    reason: str = ""


def ending_of(batch: Batch, chain: ChainJob, *, stop_s: int) -> Ending:
    """Map the proven end of a batch to the report of its job.

    ``stop_s`` is how long before the end of the paid time TERM is announced (W-SUP-3).
    """
    fault = _fault_of(batch, chain)
    if fault:
        return Ending(JobStatus.PANICKED, 0, batch.status.raw, fault)
    status, reason = _status_of(batch, chain, stop_s)
    return Ending(status, billable_minutes(batch, chain), batch.status.raw, reason)


def billable_minutes(batch: Batch, chain: ChainJob) -> int:
    """Return whole minutes between Slurm's times, less the time before RUNNING was on chain.

    A job whose start was reported late is billed from the report, and never beyond paid minutes.
    """
    if not chain.started_at:
        return 0
    start = max(batch.started_at, chain.started_at - START_TOLERANCE_S)
    used = min(batch.elapsed_s, max(0, batch.ended_at - start))
    return min(used // 60, chain.paid_minutes)


def _fault_of(batch: Batch, chain: ChainJob) -> str:
    if _was_cancelled_by_customer(batch, chain):
        return ""
    return _PROVIDER_FAULTS.get(batch.state, "")


def _status_of(batch: Batch, chain: ChainJob, stop_s: int) -> tuple[JobStatus, str]:
    if batch.state is BatchState.COMPLETED:
        return JobStatus.FINISHED, ""
    if _was_cancelled_by_customer(batch, chain):
        return JobStatus.CANCELLED, "cancelled by the customer"
    if batch.state is BatchState.TIMED_OUT or _ended_at_limit(batch, stop_s):
        return JobStatus.OUT_OF_CREDITS, "the paid time is over"
    if batch.state is BatchState.OUT_OF_MEMORY:
        return JobStatus.FAILED, "OUT_OF_MEMORY: the job used more memory than it asked for"
    return JobStatus.FAILED, _failure(batch)


def _was_cancelled_by_customer(batch: Batch, chain: ChainJob) -> bool:
    asked = chain.cancel_requested_at
    return bool(asked) and asked <= batch.ended_at + CANCEL_TOLERANCE_S


def _ended_at_limit(batch: Batch, stop_s: int) -> bool:
    if not (batch.limit_minutes and batch.status.is_by_term):
        return False
    return batch.elapsed_s >= batch.limit_minutes * 60 - stop_s - TERM_SLACK_S


def _failure(batch: Batch) -> str:
    if batch.status.signal:
        return f"ended by signal {batch.status.signal}"
    return f"exit code {batch.status.code}"
