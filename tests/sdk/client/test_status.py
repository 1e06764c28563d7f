"""A job's stage in words, from what the chain says."""

import pytest

from deepsquare._client.status import JobState, moment, stage_of
from deepsquare.chain import BlockRef, JobStatus
from deepsquare.testing import a_job, some_terms

BLOCK = BlockRef(number=5, hash="0x05", timestamp=1_700_000_600)


def a_state(status: JobStatus, **changes: object) -> JobState:
    return JobState(a_job(status, **changes), some_terms(), BLOCK)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wait_status", "error", "why"),
    [
        (3 << 8, "", "failed with exit code 3"),
        (3 << 8, "exit code 3", "failed with exit code 3"),
        (9, "OUT_OF_MEMORY", "failed with signal SIGKILL: OUT_OF_MEMORY"),
        (0, "the site has no apptainer", "failed: the site has no apptainer"),
    ],
)
def test_stage__failed__says_how_and_what_the_provider_told(
    wait_status: int, error: str, why: str
) -> None:
    state = a_state(JobStatus.FAILED, exit_code=wait_status, last_error=error)
    assert stage_of(state).why == why


def test_stage__node_lost_b4__shows_the_reason() -> None:
    state = a_state(JobStatus.PANICKED, last_error="NODE_FAIL")
    assert stage_of(state).why == "lost by the grid or the provider: NODE_FAIL"


def test_stage__observed__is_chain_time() -> None:
    stage = stage_of(a_state(JobStatus.RUNNING))
    assert stage.observed_at == moment(BLOCK.timestamp)
    assert stage.observed_block == 5


def test_moment__far_beyond_any_calendar__is_none() -> None:
    assert moment(2**64 - 1) is None
    assert moment(0) is None


def test_paid_until__more_minutes_than_any_calendar_has__is_none() -> None:
    state = JobState(a_job(JobStatus.RUNNING, locked_wei=2**96 - 1), some_terms(1), BLOCK)
    assert state.paid_until is None
