"""Domain values with defaults, and Hypothesis strategies for what can happen to a job."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from tests.supervisor.doubles import CUSTOMER, SCRIPT
from tests.supervisor.site import JOB

from deepsquare.hashing import batch_location_hash
from deepsquare_supervisor.domain.advance import open_job
from deepsquare_supervisor.domain.batch import Batch, BatchState, SlurmId, WaitStatus
from deepsquare_supervisor.domain.claim import ChainJob, Shape, Standing
from deepsquare_supervisor.domain.job import Job, Phase
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

NOW = 1_700_000_000


def a_chain_job(**changes: Any) -> ChainJob:
    job = ChainJob(
        job_id=JOB,
        customer=CUSTOMER,
        standing=Standing.CLAIMED,
        script_hash=batch_location_hash(SCRIPT),
        shape=Shape(ntasks=1, cpus_per_task=1, mem_per_cpu_mb=100, gpus=0),
        read_block=10,
        read_at=NOW,
        changed_block=10,
        paid_minutes=30,
        claim_timeout_s=600,
        claimed_at=NOW,
    )
    return replace(job, **changes)


def a_batch(**changes: Any) -> Batch:
    batch = Batch(
        batch_id=SlurmId(7),
        job_id=JOB,
        state=BatchState.STARTED,
        submitted_at=NOW,
        started_at=NOW + 5,
        limit_minutes=30,
    )
    return replace(batch, **changes)


def an_ended_batch(
    state: BatchState = BatchState.COMPLETED, *, ran_s: int = 600, **changes: Any
) -> Batch:
    return a_batch(state=state, ended_at=NOW + 5 + ran_s, **changes)


def a_job(phase: Phase = Phase.CLAIMED, **changes: Any) -> Job:
    return replace(open_job(a_chain_job(), now=NOW), phase=phase, **changes)


blocks = st.integers(5, 40)
batch_ids = st.integers(1, 4).map(SlurmId)
live_states = st.sampled_from([BatchState.QUEUED, BatchState.STARTED, BatchState.ENDING])
ended_states = st.sampled_from([state for state in BatchState if not state.is_live])
chain_jobs = st.builds(
    a_chain_job,
    standing=st.sampled_from(Standing),
    read_block=blocks,
    changed_block=blocks,
    paid_minutes=st.integers(1, 60),
    cancel_requested_at=st.sampled_from([0, NOW + 50]),
    started_at=st.sampled_from([0, NOW + 5]),
)
live_batches = st.builds(
    a_batch, batch_id=batch_ids, state=live_states, limit_minutes=st.integers(1, 60)
)
ended_batches = st.builds(
    an_ended_batch,
    state=ended_states,
    batch_id=batch_ids,
    ran_s=st.integers(0, 5000),
    status=st.builds(WaitStatus, st.integers(0, 255), st.integers(0, 15)),
)
observations: st.SearchStrategy[Observation] = st.one_of(
    st.builds(ChainRead, chain_jobs),
    st.just(ScriptFetched()),
    st.just(ScriptMissed()),
    st.just(ScriptDiffered("other")),
    st.just(SubmissionBegan()),
    st.just(SubmissionRefused("no such partition")),
    st.builds(BatchSeen, live_batches),
    st.builds(BatchEnded, ended_batches),
    st.just(BatchUnseen()),
    st.just(LookUpFailed()),
    st.just(CancelSent()),
    st.builds(TimePassed, st.integers(NOW, NOW + 2000)),
)
