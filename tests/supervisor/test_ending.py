"""From the end of a batch to what is reported."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.supervisor.builders import NOW, a_chain_job, an_ended_batch

from deepsquare.chain import JobStatus
from deepsquare_supervisor.domain.batch import BatchState, WaitStatus
from deepsquare_supervisor.domain.claim import Standing
from deepsquare_supervisor.domain.ending import Ending, billable_minutes, ending_of

RUNNING = a_chain_job(standing=Standing.RUNNING, started_at=NOW + 7)
BY_TERM = WaitStatus(143)


def test_completed_batch__is_finished_with_its_whole_minutes() -> None:
    assert ending_of(an_ended_batch(ran_s=659), RUNNING, stop_s=25) == Ending(
        JobStatus.FINISHED, 10, 0
    )


def test_failed_batch__keeps_its_code_as_raw_wait_status() -> None:
    batch = an_ended_batch(BatchState.FAILED, status=WaitStatus(3))
    assert ending_of(batch, RUNNING, stop_s=25) == Ending(JobStatus.FAILED, 10, 768, "exit code 3")


def test_batch_killed_by_a_signal__names_it() -> None:
    batch = an_ended_batch(BatchState.FAILED, status=WaitStatus(0, 11))
    assert ending_of(batch, RUNNING, stop_s=25).reason == "ended by signal 11"


def test_fault_b6__out_of_memory__is_failed_and_billed() -> None:
    batch = an_ended_batch(BatchState.OUT_OF_MEMORY, status=WaitStatus(0, 125))
    ending = ending_of(batch, RUNNING, stop_s=25)
    assert (ending.status, ending.minutes) == (JobStatus.FAILED, 10)
    assert ending.reason.startswith("OUT_OF_MEMORY")


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (BatchState.NODE_FAILED, "NODE_FAIL"),
        (BatchState.BOOT_FAILED, "BOOT_FAIL"),
        (BatchState.PREEMPTED, "PREEMPTED"),
        (BatchState.REVOKED, "REVOKED"),
        (BatchState.DEADLINE, "DEADLINE"),
        (BatchState.CANCELLED, "PROVIDER_CANCELLED"),
    ],
)
def test_fault_b4_b11__end_by_the_site__is_panicked_and_not_billed(
    state: BatchState, word: str
) -> None:
    ending = ending_of(an_ended_batch(state), RUNNING, stop_s=25)
    assert (ending.status, ending.minutes) == (JobStatus.PANICKED, 0)
    assert ending.reason.startswith(word)


def test_fault_b7__time_limit__is_out_of_credits() -> None:
    batch = an_ended_batch(BatchState.TIMED_OUT, ran_s=1800)
    ending = ending_of(batch, RUNNING, stop_s=25)
    assert (ending.status, ending.minutes) == (JobStatus.OUT_OF_CREDITS, 30)


@pytest.mark.parametrize("status", [WaitStatus(143), WaitStatus(0, 15)])
@pytest.mark.parametrize("before_limit_s", [0, 25, 85])
def test_fault_b7__term_near_the_limit__is_out_of_credits(
    status: WaitStatus, before_limit_s: int
) -> None:
    """W-SUP-3: Slurm records a failure; it is reported for what it is."""
    batch = an_ended_batch(BatchState.FAILED, ran_s=1800 - before_limit_s, status=status)
    assert ending_of(batch, RUNNING, stop_s=25).status is JobStatus.OUT_OF_CREDITS


def test_term__long_before_the_limit__is_a_failure() -> None:
    batch = an_ended_batch(BatchState.FAILED, ran_s=600, status=BY_TERM)
    assert ending_of(batch, RUNNING, stop_s=25).status is JobStatus.FAILED


@pytest.mark.parametrize("state", [BatchState.FAILED, BatchState.CANCELLED, BatchState.TIMED_OUT])
def test_cancel__was_asked_before_the_end__is_cancelled_and_billed(state: BatchState) -> None:
    chain = a_chain_job(
        standing=Standing.RUNNING, started_at=NOW + 7, cancel_requested_at=NOW + 500
    )
    ending = ending_of(an_ended_batch(state, status=BY_TERM), chain, stop_s=25)
    assert (ending.status, ending.minutes) == (JobStatus.CANCELLED, 10)


def test_cancel__asked_long_after_the_end__does_not_change_it() -> None:
    chain = a_chain_job(
        standing=Standing.RUNNING, started_at=NOW + 7, cancel_requested_at=NOW + 5000
    )
    batch = an_ended_batch(BatchState.FAILED, status=WaitStatus(3))
    assert ending_of(batch, chain, stop_s=25).status is JobStatus.FAILED


def test_cancel__of_a_batch_that_succeeded_first__is_finished() -> None:
    chain = a_chain_job(
        standing=Standing.RUNNING, started_at=NOW + 7, cancel_requested_at=NOW + 100
    )
    assert ending_of(an_ended_batch(), chain, stop_s=25).status is JobStatus.FINISHED


def test_fault_a8__start_was_reported_late__the_gap_is_not_billed() -> None:
    late = a_chain_job(standing=Standing.RUNNING, started_at=NOW + 5 + 300)
    assert billable_minutes(an_ended_batch(ran_s=600), late) == 6


def test_fault_a8__start_is_not_on_chain__nothing_is_asked_for() -> None:
    assert billable_minutes(an_ended_batch(ran_s=600), a_chain_job()) == 0


def test_fault_e2__clock_jumped_back__no_minutes() -> None:
    assert billable_minutes(an_ended_batch(ran_s=-500), RUNNING) == 0


@given(
    st.sampled_from([state for state in BatchState if not state.is_live]),
    st.integers(-(10**6), 10**7),
    st.integers(0, 10**5),
    st.integers(-(10**6), 10**6),
)
def test_bill__any_end_at_any_time__is_within_bounds(
    state: BatchState, ran_s: int, paid_minutes: int, start_lag_s: int
) -> None:
    chain = a_chain_job(
        standing=Standing.RUNNING, paid_minutes=paid_minutes, started_at=NOW + 5 + start_lag_s
    )
    ending = ending_of(an_ended_batch(state, ran_s=ran_s), chain, stop_s=25)
    assert 0 <= ending.minutes <= paid_minutes
    assert ending.minutes * 60 <= max(0, ran_s)
    assert ending.status >= JobStatus.CANCELLED
    assert ending.status is JobStatus.FINISHED or ending.reason
