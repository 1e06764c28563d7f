"""What is due for a job: the difference between its record and what the world should be.

Pure and level-triggered: asked again it answers the same until the world has changed.
"""

from collections.abc import Callable, Iterable

from deepsquare.chain import JobStatus
from deepsquare_supervisor.domain.batch import Batch, BatchState
from deepsquare_supervisor.domain.claim import Standing
from deepsquare_supervisor.domain.commands import (
    AttestRunning,
    CancelBatch,
    Command,
    FetchScript,
    RefuseJob,
    ReportEnd,
    ReportRunning,
    SetTimeLimit,
    SubmitBatch,
)
from deepsquare_supervisor.domain.ending import Ending, ending_of
from deepsquare_supervisor.domain.job import Job, Phase, Policy


def due(job: Job, policy: Policy) -> tuple[Command, ...]:
    """Return the commands due now, in the order they are to be carried out."""
    standing = job.chain.standing
    if job.phase is Phase.CLOSED or standing is Standing.ASSIGNED:
        return ()
    if not standing.is_held:
        return tuple(_cancel(job, policy))
    if job.hand_back:
        return (*_cancel(job, policy), *_refuse(job))
    return tuple(_DUE_BY_PHASE[job.phase](job, policy))


def paid_limit(job: Job, policy: Policy) -> int:
    """Return the time limit in minutes: the total paid on chain, within what the site grants."""
    return min(job.chain.paid_minutes, policy.max_minutes)


def strays_of(job: Job, live: Iterable[Batch]) -> tuple[CancelBatch, ...]:
    """Return the cancelling of live batches of the job's name that are not its batch."""
    kept = job.live_batch
    others = (batch for batch in live if not kept or batch.batch_id != kept.batch_id)
    return tuple(CancelBatch(job.job_id, batch.batch_id, is_hard=True) for batch in others)


def _refuse(job: Job) -> Iterable[Command]:
    if job.chain.standing is Standing.CLAIMED and job.hand_back:
        yield RefuseJob(job.job_id, job.hand_back)


def _fetch(job: Job, _policy: Policy) -> Iterable[Command]:
    if job.chain.standing is Standing.CLAIMED:
        yield FetchScript(job.job_id, job.chain.script_hash)


def _submit(job: Job, policy: Policy) -> Iterable[Command]:
    if job.chain.standing is not Standing.CLAIMED or not job.unseen_since:
        return
    chain = job.chain
    yield SubmitBatch(
        job_id=chain.job_id,
        script_hash=chain.script_hash,
        customer=chain.customer,
        shape=chain.shape,
        limit_minutes=paid_limit(job, policy),
    )


def _steer(job: Job, policy: Policy) -> Iterable[Command]:
    """Report the start, keep the limit at what is paid, and obey a cancel."""
    if job.phase is Phase.STARTED and job.chain.standing is Standing.CLAIMED:
        yield ReportRunning(job.job_id)
    if _is_attestation_due(job, policy):
        yield AttestRunning(job.job_id)
    if job.chain.cancel_requested_at:
        yield from _cancel(job, policy)
    elif job.live_batch and job.live_batch.limit_minutes != paid_limit(job, policy):
        yield SetTimeLimit(job.job_id, job.live_batch.batch_id, paid_limit(job, policy))


def _is_attestation_due(job: Job, policy: Policy) -> bool:
    chain, batch = job.chain, job.live_batch
    if chain.standing is not Standing.RUNNING or not batch or batch.state is BatchState.QUEUED:
        return False
    return chain.read_at - max(chain.started_at, chain.attested_at) >= policy.attest_every_s


def _cancel(job: Job, policy: Policy) -> Iterable[Command]:
    batch = job.live_batch
    if batch is None:
        return
    waited = bool(job.cancel_sent_at) and job.now >= job.cancel_sent_at + policy.stop_s
    is_hard = waited or batch.state is BatchState.QUEUED
    if is_hard or not job.cancel_sent_at:
        yield CancelBatch(job.job_id, batch.batch_id, is_hard=is_hard)


def _report(job: Job, policy: Policy) -> Iterable[Command]:
    if job.batch is None:
        return
    ending = ending_of(job.batch, job.chain, stop_s=policy.stop_s)
    if job.chain.standing is Standing.CLAIMED and _has_run(job.batch, ending):
        yield ReportRunning(job.job_id)
    yield ReportEnd(job.job_id, ending)


def _has_run(batch: Batch, ending: Ending) -> bool:
    """Tell whether the chain must hear RUNNING first; a provider's fault is refunded without."""
    return bool(batch.started_at) and ending.status is not JobStatus.PANICKED


_DUE_BY_PHASE: dict[Phase, Callable[[Job, Policy], Iterable[Command]]] = {
    Phase.CLAIMED: _fetch,
    Phase.READY: _submit,
    Phase.SUBMITTED: _steer,
    Phase.STARTED: _steer,
    Phase.ENDED: _report,
}
