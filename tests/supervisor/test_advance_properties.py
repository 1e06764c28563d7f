"""What holds whatever is seen, in whatever order."""

from hypothesis import given
from hypothesis import strategies as st
from tests.supervisor.builders import NOW, a_chain_job, observations
from tests.supervisor.site import a_policy

from deepsquare_supervisor.domain.advance import advance, open_job
from deepsquare_supervisor.domain.claim import Standing
from deepsquare_supervisor.domain.commands import (
    CancelBatch,
    RefuseJob,
    ReportEnd,
    ReportRunning,
    SubmitBatch,
)
from deepsquare_supervisor.domain.due import due
from deepsquare_supervisor.domain.job import Job, Phase
from deepsquare_supervisor.domain.observations import Observation

POLICY = a_policy(finality_blocks=3)
histories = st.lists(observations, max_size=25)


def replay(history: list[Observation]) -> list[Job]:
    jobs = [open_job(a_chain_job(), now=NOW)]
    for observation in history:
        jobs.append(advance(jobs[-1], observation, POLICY).job)
    return jobs


@given(histories)
def test_phase__whatever_is_seen__never_goes_back_within_an_attempt(
    history: list[Observation],
) -> None:
    jobs = replay(history)
    ranks = [(job.attempt, job.phase) for job in jobs]
    assert ranks == sorted(ranks)


@given(histories, observations)
def test_observation__repeated__changes_nothing_and_commands_nothing(
    history: list[Observation], observation: Observation
) -> None:
    once = advance(replay(history)[-1], observation, POLICY).job
    again = advance(once, observation, POLICY)
    assert again.job == once
    assert again.commands == ()


@given(histories)
def test_commands__asked_again__are_the_same(history: list[Observation]) -> None:
    job = replay(history)[-1]
    assert due(job, POLICY) == due(job, POLICY)


@given(histories)
def test_end__is_commanded__only_on_proof_and_while_the_job_is_held(
    history: list[Observation],
) -> None:
    for job in replay(history):
        for command in due(job, POLICY):
            if isinstance(command, ReportEnd):
                assert job.phase is Phase.ENDED
                assert job.chain.standing.is_held
                assert job.batch is not None
                assert not job.batch.state.is_live


@given(histories)
def test_submission__is_commanded__only_for_a_claim_with_a_script_and_no_batch(
    history: list[Observation],
) -> None:
    for job in replay(history):
        if any(isinstance(command, SubmitBatch) for command in due(job, POLICY)):
            assert job.phase is Phase.READY
            assert job.unseen_since
            assert job.chain.standing is Standing.CLAIMED
            assert job.hand_back is None


@given(histories)
def test_refusal__is_commanded__only_before_anything_was_reported(
    history: list[Observation],
) -> None:
    for job in replay(history):
        if any(isinstance(command, RefuseJob) for command in due(job, POLICY)):
            assert job.chain.standing is Standing.CLAIMED


@given(histories)
def test_lost_or_settled_job__gets_no_command__but_the_end_of_its_batch(
    history: list[Observation],
) -> None:
    for job in replay(history):
        if not job.chain.standing.is_held:
            assert all(isinstance(command, CancelBatch) for command in due(job, POLICY))


@given(histories)
def test_bill__whatever_is_seen__is_within_paid_and_run_time(history: list[Observation]) -> None:
    for job in replay(history):
        for command in due(job, POLICY):
            if isinstance(command, ReportEnd) and job.batch:
                minutes = command.ending.minutes
                assert 0 <= minutes <= job.chain.paid_minutes
                assert minutes * 60 <= job.batch.elapsed_s


@given(histories)
def test_closed_job__whatever_comes__commands_nothing(history: list[Observation]) -> None:
    for job in replay(history):
        if job.phase is Phase.CLOSED:
            assert due(job, POLICY) == ()


@given(histories)
def test_running_report__comes_before__the_end_of_the_same_job(
    history: list[Observation],
) -> None:
    for job in replay(history):
        kinds = [type(command) for command in due(job, POLICY)]
        if ReportRunning in kinds and ReportEnd in kinds:
            assert kinds.index(ReportRunning) < kinds.index(ReportEnd)
