"""The branches of a provider's report."""

from dataclasses import replace

import pytest
from tests.contracts.branches.bills import after_minutes, bill, cancelled_at_30, over
from tests.contracts.branches.bound_jobs import (
    CANCELLING,
    CLAIMABLE,
    LOCK,
    MASTER,
    MINUTE_S,
    NO_TERMS,
    OTHER_PROVIDER,
    PRICE,
    REFUNDED,
    TOP_UP,
    BoundJobs,
    Terms,
    bind,
)
from tests.contracts.branches.facts import UNKNOWN
from tests.contracts.conformance.stage import CUSTOMER, PROVIDER, Stage
from tests.contracts.invariants.revm import read
from tests.contracts.invariants.world import STRANGER

from deepsquare.chain._generated import errors as er
from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain._generated.structs import Ending, JobCost, Label
from deepsquare.identifiers import ZERO_ADDRESS, JobId


@pytest.fixture
def bound(stage: Stage) -> BoundJobs:
    return bind(stage)


def reports(
    bound: BoundJobs, job_id: JobId, minutes: int, expected: Ending, status: S = S.FINISHED
) -> None:
    """Require what a report without a message leaves."""
    bound.ends(expected, "report", job_id, PROVIDER, status, minutes, "", 0)


def test_report__others_call__revert_with_metascheduleronly(bound: BoundJobs) -> None:
    bound.refused_to_others("report", bound.a_job_in(S.RUNNING), PROVIDER, S.FINISHED, 1, "", 0)


def test_report__the_job_is_unknown__revert_with_invalidjob(bound: BoundJobs) -> None:
    bound.refused(er.InvalidJob(), "report", UNKNOWN, PROVIDER, S.FINISHED, 1, "", 0)


@pytest.mark.parametrize("status", [S.META_SCHEDULED, S.SCHEDULED, S.RUNNING, S.FINISHED])
def test_report__the_caller_is_not_the_provider__revert_with_jobprovideronly(
    bound: BoundJobs, status: S
) -> None:
    job_id = bound.a_job_in(status)
    for caller in (CUSTOMER, OTHER_PROVIDER, MASTER):
        error = er.JobProviderOnly(caller, PROVIDER)
        bound.refused(error, "report", job_id, caller, S.FINISHED, 1, "", 0)


def test_report__the_job_has_no_provider__revert_with_jobprovideronly(bound: BoundJobs) -> None:
    job_id = bound.create()
    error = er.JobProviderOnly(PROVIDER, ZERO_ADDRESS)
    bound.refused(error, "report", job_id, PROVIDER, S.FINISHED, 1, "", 0)


def test_report__a_stranger_reports_no_cold_status__revert_with_jobprovideronly(
    bound: BoundJobs,
) -> None:
    job_id = bound.a_job_in(S.RUNNING)
    error = er.JobProviderOnly(STRANGER, PROVIDER)
    bound.refused(error, "report", job_id, STRANGER, S.PENDING, 1, "", 0)


@pytest.mark.parametrize("status", [S.PENDING, S.META_SCHEDULED, S.SCHEDULED, S.RUNNING])
def test_report__the_status_is_not_cold__revert_with_runningcoldstatusonly(
    bound: BoundJobs, status: S
) -> None:
    for at in (S.RUNNING, S.SCHEDULED, S.META_SCHEDULED):
        job_id = bound.a_job_in(at)
        error = er.RunningColdStatusOnly(status)
        bound.refused(error, "report", job_id, PROVIDER, status, 1, "", 0)


def test_report__the_status_of_a_cold_job_is_not_cold__revert_with_runningcoldstatusonly(
    bound: BoundJobs,
) -> None:
    job_id = bound.a_job_in(S.FINISHED)
    error = er.RunningColdStatusOnly(S.PENDING)
    bound.refused(error, "report", job_id, PROVIDER, S.PENDING, 1, "", 0)


def test_report__the_job_is_not_claimed__revert_with_invalidtransition(bound: BoundJobs) -> None:
    job_id = bound.a_job_in(S.META_SCHEDULED)
    error = er.InvalidTransition(S.META_SCHEDULED, S.FAILED)
    bound.refused(error, "report", job_id, PROVIDER, S.FAILED, 1, "", 0)


@pytest.mark.parametrize(
    "status", [S.CANCELLED, S.FINISHED, S.FAILED, S.OUT_OF_CREDITS, S.PANICKED]
)
def test_report__the_job_has_that_status__revert_with_samestatuserror(
    bound: BoundJobs, status: S
) -> None:
    job_id = bound.a_job_in(status)
    bound.refused(er.SameStatusError(), "report", job_id, PROVIDER, status, 1, "", 0)


@pytest.mark.parametrize(
    "status", [S.CANCELLED, S.FINISHED, S.FAILED, S.OUT_OF_CREDITS, S.PANICKED]
)
def test_report__the_job_has_another_cold_status__revert_with_jobhotstatusonly(
    bound: BoundJobs, status: S
) -> None:
    job_id = bound.a_job_in(status)
    other = S.FAILED if status == S.FINISHED else S.FINISHED
    bound.refused(er.JobHotStatusOnly(status), "report", job_id, PROVIDER, other, 1, "", 0)


@pytest.mark.parametrize("status", [S.FINISHED, S.OUT_OF_CREDITS])
def test_report__it_is_finished_or_out_of_credits__revert_with_invalidtransition(
    bound: BoundJobs, status: S
) -> None:
    job_id = bound.a_job_in(S.SCHEDULED)
    error = er.InvalidTransition(S.SCHEDULED, status)
    bound.refused(error, "report", job_id, PROVIDER, status, 1, "", 0)


@pytest.mark.parametrize("status", [S.CANCELLED, S.FAILED, S.PANICKED])
@pytest.mark.parametrize("minutes", [0, 30, 2**64 - 1])
def test_report__it_is_cancelled_failed_or_panicked__refund_everything_whatever_the_duration(
    bound: BoundJobs, status: S, minutes: int
) -> None:
    job_id = bound.a_job_in(S.SCHEDULED)
    bound.chain.pass_time(30 * MINUTE_S)
    reports(bound, job_id, minutes, REFUNDED, status)
    now = bound.chain.now_s
    job = bound.job(job_id)
    assert (job.status, job.cost.final_cost) == (status, 0)
    assert (job.time.start, job.time.end) == (now, now)
    assert job.time.panic_timestamp == (now if status == S.PANICKED else 0)


def test_report__the_reported_minutes_have_passed__bill_them(bound: BoundJobs) -> None:
    for minutes in (1, 29, 30):
        reports(bound, after_minutes(bound, 30), minutes, bill(minutes * PRICE))


def test_report__they_exceed_the_time_by_the_delta__bill_them(bound: BoundJobs) -> None:
    reports(bound, after_minutes(bound, 30), 45, bill(45 * PRICE))


def test_report__they_exceed_the_time_by_more__bill_the_elapsed_time_and_say_so(
    bound: BoundJobs,
) -> None:
    for minutes in (46, 2**64 - 1):
        expected = replace(bill(30 * PRICE), is_overbilled=True)
        reports(bound, after_minutes(bound, 30), minutes, expected)


def test_report__no_minutes_are_reported__bill_one(bound: BoundJobs) -> None:
    for elapsed in (1, 30):
        reports(bound, after_minutes(bound, elapsed), 0, bill(PRICE))
    reports(bound, bound.a_job_in(S.RUNNING), 0, bill(PRICE))


def test_report__a_minute_is_not_full_yet__not_count_it(bound: BoundJobs) -> None:
    job_id = bound.a_job_in(S.RUNNING)
    bound.next_call_at(bound.chain.now_s + 59)
    reports(bound, job_id, 16, replace(bill(0), is_overbilled=True))


def test_report__they_exceed_the_paid_time__bill_the_paid_time(bound: BoundJobs) -> None:
    reports(bound, after_minutes(bound, 200), 200, bill(LOCK))
    locked = LOCK + PRICE - 1
    reports(bound, after_minutes(bound, 200, locked), 300, over(bill(LOCK, locked=locked)))


def test_report__the_fee_is_not_whole__round_it_down(bound: BoundJobs) -> None:
    for locked, fee in ((21, 4), (1, 0)):
        job_id = bound.create(locked)
        bound.assign(job_id, price=locked)
        bound.claim()
        bound.start(job_id)
        reports(bound, job_id, 1, replace(bill(locked, locked=locked), fee=fee))


def test_report__a_cancel_request__stop_the_bill_one_grace_after_it(bound: BoundJobs) -> None:
    for minutes, billed in ((0, 1), (90, 90), (105, 105)):
        job_id = cancelled_at_30(bound, then_at=200)
        reports(bound, job_id, minutes, bill(billed * PRICE, locked=10_000), S.CANCELLED)
    job_id = cancelled_at_30(bound, then_at=200)
    reports(bound, job_id, 106, over(bill(90 * PRICE, locked=10_000)), S.CANCELLED)


def test_report__a_cancel_request_of_just_now__bill_the_time_until_now(bound: BoundJobs) -> None:
    job_id = cancelled_at_30(bound, then_at=40)
    reports(bound, job_id, 56, over(bill(40 * PRICE, locked=10_000)), S.CANCELLED)


def test_report__other_terms_were_frozen__bill_by_them(bound: BoundJobs) -> None:
    job_id = bound.create()
    bound.assign(job_id, terms=Terms(cut=50, delta=0))
    bound.claim()
    bound.next_call_at(bound.start(job_id) + 30 * MINUTE_S)
    reports(bound, job_id, 31, over(bill(30 * PRICE, cut=50)))


@pytest.mark.parametrize(
    "status", [S.CANCELLED, S.FINISHED, S.FAILED, S.OUT_OF_CREDITS, S.PANICKED]
)
def test_report__any_cold_status_is_reported__end_it_there_with_one_transition(
    bound: BoundJobs, status: S
) -> None:
    job_id = bound.a_job_in(S.RUNNING, uses=(Label("os", ""),))
    before = bound.job(job_id)
    bound.next_call_at(bound.chain.now_s + 30 * MINUTE_S)
    outcome = bound.must("report", job_id, PROVIDER, status, 30, "bye", -11)
    bound.moved(outcome, job_id, S.RUNNING, status)
    now = bound.chain.now_s
    assert bound.job(job_id) == replace(
        before,
        status=status,
        cost=replace(before.cost, final_cost=30 * PRICE),
        time=replace(
            before.time,
            end=now,
            block_number_state_change=bound.chain.block,
            panic_timestamp=now if status == S.PANICKED else 0,
        ),
        last_error="bye",
        exit_code=-11,
    )


def test_report__a_top_up_is_pending__drop_it_and_refund_by_the_whole_lock(
    bound: BoundJobs,
) -> None:
    job_id = bound.a_job_in(S.RUNNING)
    bound.must("topUp", job_id, 500)
    reports(bound, job_id, 10, bill(10 * PRICE, locked=LOCK + 500))
    assert bound.job(job_id).cost == JobCost(LOCK + 500, 10 * PRICE, 0, False)


def test_report__it_ends__leave_the_active_set_the_terms_and_the_queues(bound: BoundJobs) -> None:
    job_id, other = bound.a_job_in(S.RUNNING), bound.a_job_in(S.RUNNING)
    reports(bound, job_id, 1, bill(PRICE))
    assert (bound.active(), bound.pending()) == ({other}, set())
    assert bound.terms(job_id) == NO_TERMS
    assert [bound.queued(queue) for queue in (CLAIMABLE, CANCELLING, TOP_UP)] == [0, 0, 0]
    assert read(bound.jobs.started_jobs(PROVIDER)) == 2


def test_report__message_and_exit_code_come__cut_the_message_at_256_bytes_take_the_code(
    bound: BoundJobs,
) -> None:
    job_id = bound.a_job_in(S.SCHEDULED)
    bound.must("setStarted", job_id, PROVIDER, "first", 7)
    bound.must("report", job_id, PROVIDER, S.FAILED, 1, "y" * 300, 0)
    job = bound.job(job_id)
    assert (job.last_error, job.exit_code) == ("y" * 256, 0)
