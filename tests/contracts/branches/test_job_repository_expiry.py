"""The branches of an expiry."""

from dataclasses import replace

import pytest
from tests.contracts.branches.bills import after_minutes, bill, cancelled_at_30
from tests.contracts.branches.bound_jobs import (
    CANCELLING,
    LOCK,
    MINUTE_S,
    NO_TERMS,
    PRICE,
    REFUNDED,
    BoundJobs,
    bind,
)
from tests.contracts.branches.facts import UNKNOWN
from tests.contracts.conformance.stage import PROVIDER, Stage

from deepsquare.chain._generated import errors as er
from deepsquare.chain._generated.enums import JobStatus as S


@pytest.fixture
def bound(stage: Stage) -> BoundJobs:
    return bind(stage)


def test_expire__others_call__revert_with_metascheduleronly(bound: BoundJobs) -> None:
    bound.refused_to_others("expire", after_minutes(bound, 1000))


def test_expire__the_job_is_unknown__revert_with_invalidjob(bound: BoundJobs) -> None:
    bound.refused(er.InvalidJob(), "expire", UNKNOWN)


@pytest.mark.parametrize("status", [s for s in S if s != S.RUNNING])
def test_expire__the_job_is_not_running__revert_with_runningstatusonly(
    bound: BoundJobs, status: S
) -> None:
    job_id = bound.a_job_in(status)
    bound.chain.pass_time(10**8)
    bound.refused(er.RunningStatusOnly(status), "expire", job_id)


def test_expire__the_deadline_is_ahead__revert_with_deadlinenotreached(bound: BoundJobs) -> None:
    job_id = bound.a_job_in(S.RUNNING)
    deadline = bound.chain.now_s + (100 + 60) * MINUTE_S
    bound.next_call_at(deadline - 1)
    bound.refused(er.DeadlineNotReached(deadline - 1, deadline), "expire", job_id)


def test_expire__the_deadline_after_a_cancel_is_ahead__revert_with_deadlinenotreached(
    bound: BoundJobs,
) -> None:
    job_id = cancelled_at_30(bound, then_at=31, locked=100_000)
    deadline = bound.job(job_id).time.start + (30 + 24 * 60) * MINUTE_S
    bound.next_call_at(deadline - 1)
    bound.refused(er.DeadlineNotReached(deadline - 1, deadline), "expire", job_id)


def test_expire__there_is_no_checkpoint__refund_everything(bound: BoundJobs) -> None:
    job_id = after_minutes(bound, 160)
    bound.ends(replace(REFUNDED, is_stopping=True), "expire", job_id)


def test_expire__there_is_a_checkpoint__bill_the_whole_minutes_until_it(bound: BoundJobs) -> None:
    job_id = bound.a_job_in(S.RUNNING)
    started_s = bound.chain.now_s
    bound.next_call_at(started_s + 31 * MINUTE_S - 1)
    bound.must("checkpoint", job_id, PROVIDER)
    bound.next_call_at(started_s + 160 * MINUTE_S)
    bound.ends(replace(bill(30 * PRICE), is_stopping=True), "expire", job_id)


def test_expire__a_checkpoint_within_the_first_minute__bill_nothing(bound: BoundJobs) -> None:
    job_id = bound.a_job_in(S.RUNNING)
    started_s = bound.chain.now_s
    bound.next_call_at(started_s + 59)
    bound.must("checkpoint", job_id, PROVIDER)
    bound.next_call_at(started_s + 160 * MINUTE_S)
    bound.ends(replace(REFUNDED, is_stopping=True), "expire", job_id)


def test_expire__a_checkpoint_after_the_paid_time__bill_the_paid_time(bound: BoundJobs) -> None:
    job_id = bound.a_job_in(S.RUNNING)
    started_s = bound.chain.now_s
    bound.next_call_at(started_s + 150 * MINUTE_S)
    bound.must("checkpoint", job_id, PROVIDER)
    bound.next_call_at(started_s + 160 * MINUTE_S)
    bound.ends(replace(bill(LOCK), is_stopping=True), "expire", job_id)


def test_expire__a_cancel_request_and_a_checkpoint__bill_no_longer_than_one_grace_after_it(
    bound: BoundJobs,
) -> None:
    job_id = cancelled_at_30(bound, then_at=120, locked=100_000)
    bound.must("checkpoint", job_id, PROVIDER)
    bound.next_call_at(bound.terms(job_id).deadline)
    bound.ends(bill(90 * PRICE, locked=100_000), "expire", job_id)


def test_expire__there_is_no_cancel_request__tell_the_provider_to_stop(bound: BoundJobs) -> None:
    job_id = after_minutes(bound, 160)
    bound.must("expire", job_id)
    assert bound.queued(CANCELLING) == 1


def test_expire__there_is_a_cancel_request__not_tell_it_a_second_time(bound: BoundJobs) -> None:
    job_id = cancelled_at_30(bound, then_at=60 + 24 * 60, locked=100_000)
    bound.ends(replace(REFUNDED, refund=100_000), "expire", job_id)
    assert bound.queued(CANCELLING) == 1


def test_expire__the_job_expires__panic_it_with_one_transition_and_the_word_expired(
    bound: BoundJobs,
) -> None:
    job_id = bound.a_job_in(S.SCHEDULED)
    bound.must("setStarted", job_id, PROVIDER, "earlier", 3)
    before = bound.job(job_id)
    bound.next_call_at(bound.chain.now_s + 160 * MINUTE_S)
    bound.moved(bound.must("expire", job_id), job_id, S.RUNNING, S.PANICKED)
    now, block = bound.chain.now_s, bound.chain.block
    assert bound.job(job_id) == replace(
        before,
        status=S.PANICKED,
        time=replace(before.time, end=now, block_number_state_change=block, panic_timestamp=now),
        last_error="expired",
    )
    assert (bound.active(), bound.terms(job_id)) == (set(), NO_TERMS)
