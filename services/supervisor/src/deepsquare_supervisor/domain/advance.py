"""The state machine: one observation in, the new record and what is now due out.

Pure. A late or repeated observation changes nothing; within an attempt the phase never goes back.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from deepsquare_supervisor.domain.batch import NO_BATCH, Batch, BatchState
from deepsquare_supervisor.domain.claim import ChainJob, Standing
from deepsquare_supervisor.domain.commands import Command
from deepsquare_supervisor.domain.due import due
from deepsquare_supervisor.domain.job import HandBack, Job, Phase, Policy
from deepsquare_supervisor.domain.observations import (
    BatchEnded,
    BatchSeen,
    BatchUnseen,
    CancelSent,
    ChainRead,
    LookUpFailed,
    Observation,
    ScriptDiffered,
    ScriptFetched,
    ScriptMissed,
    SubmissionBegan,
    SubmissionRefused,
    TimePassed,
)

CLAIM_CLOCK_TOLERANCE_S = 900
"""How far the site's clock may be behind the chain's when an ended batch is matched by time."""

_STATE_ORDER = (BatchState.QUEUED, BatchState.STARTED, BatchState.ENDING)


@dataclass(frozen=True, slots=True)
class Step:
    """The record after an observation, and the commands due if it changed."""

    job: Job
    commands: tuple[Command, ...] = ()


def open_job(chain: ChainJob, *, now: int) -> Job:
    """Start the record of a job that the chain says this provider holds."""
    return Job(chain=chain, now=now, claimed_at=now)


def advance(job: Job, observation: Observation, policy: Policy) -> Step:
    """Take one observation into account."""
    rule: Callable[[Job, Any, Policy], Job] = _RULES[type(observation)]
    after = rule(job, observation, policy)
    after = _close_if_final(after, policy)
    return Step(after, due(after, policy) if after != job else ())


def _on_chain_read(job: Job, seen: ChainRead, _policy: Policy) -> Job:
    chain = seen.chain
    if chain.read_block < job.chain.read_block:
        return job
    if _is_new_attempt(job, chain):
        return _next_attempt(job, chain)
    if job.phase is Phase.CLOSED:
        return job
    is_ours = chain.standing.is_held or chain.standing is Standing.ASSIGNED
    gone = 0 if is_ours else (job.gone_block or chain.read_block)
    return replace(job, chain=chain, gone_block=gone)


def _is_new_attempt(job: Job, chain: ChainJob) -> bool:
    if chain.standing is not Standing.CLAIMED:
        return False
    if job.gone_block:
        return chain.changed_block > job.gone_block
    return job.hand_back is not None and chain.changed_block > job.chain.changed_block


def _next_attempt(job: Job, chain: ChainJob) -> Job:
    seen = job.batch.batch_id if job.batch else NO_BATCH
    return Job(
        chain=chain,
        now=job.now,
        claimed_at=job.now,
        attempt=job.attempt + 1,
        ignore_up_to=max(job.ignore_up_to, seen),
    )


def _on_script_fetched(job: Job, _seen: ScriptFetched, _policy: Policy) -> Job:
    if job.phase is not Phase.CLAIMED or job.hand_back:
        return job
    return replace(job, phase=Phase.READY, script_missed_at=0)


def _on_script_missed(job: Job, _seen: ScriptMissed, policy: Policy) -> Job:
    if job.phase is not Phase.CLAIMED or job.hand_back:
        return job
    since = job.script_missed_at or job.now
    job = replace(job, script_missed_at=since)
    if job.now - since < policy.script_grace_s:
        return job
    return _handed_back(job, HandBack.SCRIPT_MISSING, "the sbatch API has no such script")


def _on_script_differed(job: Job, seen: ScriptDiffered, _policy: Policy) -> Job:
    if job.phase is not Phase.CLAIMED or job.hand_back:
        return job
    reason = f"the script received has the hash {seen.actual_hash}"
    return _handed_back(job, HandBack.HASH_DIFFERS, reason)


def _on_submission_began(job: Job, _seen: SubmissionBegan, _policy: Policy) -> Job:
    if job.phase is not Phase.READY:
        return job
    return replace(job, has_submission_begun=True, unseen_since=0)


def _on_submission_refused(job: Job, seen: SubmissionRefused, _policy: Policy) -> Job:
    if job.phase is not Phase.READY or job.hand_back:
        return job
    return _handed_back(job, HandBack.SUBMIT_REFUSED, seen.reason)


def _on_batch_seen(job: Job, seen: BatchSeen, _policy: Policy) -> Job:
    batch = seen.batch
    if not batch.state.is_live or job.phase >= Phase.ENDED or batch.batch_id <= job.ignore_up_to:
        return job
    if job.batch and not _replaces(batch, job.batch):
        return job
    has_started = batch.state is not BatchState.QUEUED
    reached = Phase.STARTED if has_started else Phase.SUBMITTED
    return replace(
        job,
        batch=batch,
        phase=max(job.phase, reached),
        has_submission_begun=True,
        unseen_since=0,
    )


def _replaces(batch: Batch, known: Batch) -> bool:
    """Tell whether a live batch is the older of two, or a newer view of the known one."""
    if batch.batch_id != known.batch_id:
        return batch.batch_id < known.batch_id
    return _STATE_ORDER.index(batch.state) >= _STATE_ORDER.index(known.state)


def _on_batch_ended(job: Job, seen: BatchEnded, _policy: Policy) -> Job:
    batch = seen.batch
    if batch.state.is_live or job.phase >= Phase.ENDED or not is_of_attempt(job, batch):
        return job
    return replace(job, batch=batch, phase=Phase.ENDED, unseen_since=0)


def is_of_attempt(job: Job, batch: Batch) -> bool:
    """Tell whether an ended batch of the job's name belongs to this attempt.

    Known by its number; else, when the record was lost, by the chain's word that the job started,
    or by a submission not before the claim.
    """
    if batch.batch_id <= job.ignore_up_to:
        return False
    if job.batch:
        return batch.batch_id == job.batch.batch_id
    if job.has_submission_begun or job.chain.standing is Standing.RUNNING:
        return True
    claimed_at = job.chain.claimed_at or job.claimed_at
    return batch.submitted_at >= claimed_at - CLAIM_CLOCK_TOLERANCE_S


def _on_batch_unseen(job: Job, _seen: BatchUnseen, policy: Policy) -> Job:
    if job.phase >= Phase.ENDED:
        return job
    job = replace(job, unseen_since=job.unseen_since or job.now)
    is_long = job.now - job.unseen_since >= policy.lost_after_s
    return _lost(job) if is_long and _had_a_batch(job) else job


def _had_a_batch(job: Job) -> bool:
    return job.phase >= Phase.SUBMITTED or job.chain.standing is Standing.RUNNING


def _lost(job: Job) -> Job:
    """Slurm answers but forgot the batch, as after a crash before it saved its state.

    A job in the provider's hands must not hang on that for ever: it ends at the provider's cost.
    """
    batch = job.batch or Batch(batch_id=NO_BATCH, job_id=job.job_id, state=BatchState.LOST)
    return replace(job, batch=replace(batch, state=BatchState.LOST), phase=Phase.ENDED)


def _on_look_up_failed(job: Job, _seen: LookUpFailed, _policy: Policy) -> Job:
    return replace(job, unseen_since=0) if job.phase < Phase.ENDED else job


def _on_cancel_sent(job: Job, _seen: CancelSent, _policy: Policy) -> Job:
    return job if job.cancel_sent_at else replace(job, cancel_sent_at=job.now)


def _on_time_passed(job: Job, seen: TimePassed, policy: Policy) -> Job:
    if seen.now <= job.now or job.phase is Phase.CLOSED:
        return job
    job = replace(job, now=seen.now)
    if not _is_too_late_to_submit(job, policy):
        return job
    reason = "the script or the batch system could not be reached within the claim time-out"
    return _handed_back(job, HandBack.NOT_SUBMITTED_IN_TIME, reason)


def _is_too_late_to_submit(job: Job, policy: Policy) -> bool:
    if job.phase >= Phase.SUBMITTED or job.hand_back or job.chain.standing is not Standing.CLAIMED:
        return False
    limit = job.chain.claim_timeout_s
    margin = min(policy.hand_back_margin_s, limit // 2)
    return bool(limit) and job.now >= job.claimed_at + limit - margin


def _handed_back(job: Job, why: HandBack, reason: str) -> Job:
    return replace(job, hand_back=why, reason=reason)


def _close_if_final(job: Job, policy: Policy) -> Job:
    if not job.gone_block or job.phase is Phase.CLOSED:
        return job
    is_deep = job.chain.read_block >= job.gone_block + policy.finality_blocks
    never_submitted = job.batch is None and not job.has_submission_begun
    is_over = job.phase is Phase.ENDED or never_submitted or bool(job.unseen_since)
    return replace(job, phase=Phase.CLOSED) if is_deep and is_over else job


_RULES: dict[type[Any], Callable[[Job, Any, Policy], Job]] = {
    ChainRead: _on_chain_read,
    ScriptFetched: _on_script_fetched,
    ScriptMissed: _on_script_missed,
    ScriptDiffered: _on_script_differed,
    SubmissionBegan: _on_submission_began,
    SubmissionRefused: _on_submission_refused,
    BatchSeen: _on_batch_seen,
    BatchEnded: _on_batch_ended,
    BatchUnseen: _on_batch_unseen,
    LookUpFailed: _on_look_up_failed,
    CancelSent: _on_cancel_sent,
    TimePassed: _on_time_passed,
}
