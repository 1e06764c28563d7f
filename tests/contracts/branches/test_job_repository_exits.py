"""The branches of the ways to end a job unreported: cancel and panic."""

from dataclasses import replace

import pytest
from tests.contracts.branches.bound_jobs import (
    CANCELLING,
    CLAIMABLE,
    LOCK,
    MASTER,
    MINUTE_S,
    NO_TERMS,
    OTHER_CUSTOMER,
    PRICE,
    REFUNDED,
    UNCHANGED,
    BoundJobs,
    bind,
)
from tests.contracts.branches.facts import UNKNOWN, happened
from tests.contracts.conformance.stage import CUSTOMER, PROVIDER, Stage

from deepsquare.chain._generated import errors as er
from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain._generated.structs import Ending, JobTime
from deepsquare.identifiers import ZERO_ADDRESS


@pytest.fixture
def bound(stage: Stage) -> BoundJobs:
    return bind(stage)


def test_cancel__others_call__revert_with_metascheduleronly(bound: BoundJobs) -> None:
    bound.refused_to_others("cancel", bound.create(), CUSTOMER)


def test_cancel__the_job_is_unknown__revert_with_invalidjob(bound: BoundJobs) -> None:
    bound.refused(er.InvalidJob(), "cancel", UNKNOWN, CUSTOMER)


@pytest.mark.parametrize("status", [S.PENDING, S.RUNNING, S.FINISHED])
def test_cancel__the_caller_is_not_the_customer__revert_with_customeronly(
    bound: BoundJobs, status: S
) -> None:
    job_id = bound.a_job_in(status)
    for caller in (PROVIDER, OTHER_CUSTOMER, MASTER, ZERO_ADDRESS):
        bound.refused(er.CustomerOnly(caller, CUSTOMER), "cancel", job_id, caller)


@pytest.mark.parametrize(
    "status", [S.CANCELLED, S.FINISHED, S.FAILED, S.OUT_OF_CREDITS, S.PANICKED]
)
def test_cancel__the_job_is_cold__revert_with_jobhotstatusonly(bound: BoundJobs, status: S) -> None:
    job_id = bound.a_job_in(status)
    bound.refused(er.JobHotStatusOnly(status), "cancel", job_id, CUSTOMER)


def test_cancel__the_job_is_pending__end_it_with_a_full_refund(bound: BoundJobs) -> None:
    job_id = bound.create()
    bound.ends(replace(REFUNDED, provider=ZERO_ADDRESS), "cancel", job_id, CUSTOMER)
    assert bound.pending() == set()


def test_cancel__the_job_is_meta_scheduled__end_it_with_a_full_refund(bound: BoundJobs) -> None:
    job_id = bound.a_job_in(S.META_SCHEDULED)
    bound.ends(REFUNDED, "cancel", job_id, CUSTOMER)
    assert bound.active() == set()
    assert (bound.queued(CLAIMABLE), bound.queued(CANCELLING)) == (1, 0)


@pytest.mark.parametrize("status", [S.PENDING, S.META_SCHEDULED, S.SCHEDULED])
def test_cancel__the_job_does_not_run__make_it_cancelled_with_one_transition(
    bound: BoundJobs, status: S
) -> None:
    job_id = bound.a_job_in(status)
    before = bound.job(job_id)
    bound.moved(bound.must("cancel", job_id, CUSTOMER), job_id, status, S.CANCELLED)
    now, block = bound.chain.now_s, bound.chain.block
    final_cost = 5 * PRICE if status == S.SCHEDULED else 0
    assert bound.job(job_id) == replace(
        before,
        status=S.CANCELLED,
        cost=replace(before.cost, final_cost=final_cost),
        time=JobTime(before.time.submit, now, now, now, block, 0),
        has_cancel_request=True,
    )
    assert bound.terms(job_id) == NO_TERMS


def test_cancel__the_deadline_is_ahead__bill_the_fee_all_of_it_to_the_provider(
    bound: BoundJobs,
) -> None:
    job_id = bound.a_job_in(S.SCHEDULED)
    bound.next_call_at(bound.terms(job_id).deadline - 1)
    bound.ends(fee_of(5 * PRICE), "cancel", job_id, CUSTOMER)


def fee_of(cost: int, locked: int = LOCK) -> Ending:
    """The ending of a claimed job that is cancelled in time."""
    paid = replace(REFUNDED, provider_amount=cost, refund=locked - cost)
    return replace(paid, is_stopping=True)


def test_cancel__the_lock_pays_for_less_than_the_fee__bill_the_paid_minutes(
    bound: BoundJobs,
) -> None:
    job_id = bound.a_job_in(S.SCHEDULED, 35)
    bound.ends(fee_of(3 * PRICE, locked=35), "cancel", job_id, CUSTOMER)


def test_cancel__the_deadline_has_come__bill_nothing(bound: BoundJobs) -> None:
    job_id = bound.a_job_in(S.SCHEDULED)
    bound.next_call_at(bound.terms(job_id).deadline)
    bound.ends(fee_of(0), "cancel", job_id, CUSTOMER)


def test_cancel__it_is_cancelled__tell_the_provider_to_stop(bound: BoundJobs) -> None:
    job_id = bound.a_job_in(S.SCHEDULED)
    bound.must("cancel", job_id, CUSTOMER)
    assert (bound.queued(CANCELLING), bound.active()) == (1, set())


def test_cancel__there_is_no_cancel_request__note_the_request_and_keep_the_status(
    bound: BoundJobs,
) -> None:
    job_id = bound.a_job_in(S.RUNNING, is_delegated=True)
    before = bound.job(job_id)
    bound.chain.pass_time(MINUTE_S)
    happened(bound.must("cancel", job_id, CUSTOMER))
    assert bound.job(job_id) == replace(
        before,
        cost=replace(before.cost, delegate_spending_authority=False),
        time=replace(before.time, cancel_request_timestamp=bound.chain.now_s),
        has_cancel_request=True,
    )
    assert bound.active() == {job_id}


def test_cancel__there_is_no_cancel_request__tell_the_provider_to_stop_and_settle_nothing(
    bound: BoundJobs,
) -> None:
    job_id = bound.a_job_in(S.RUNNING)
    stopping = replace(UNCHANGED, provider=PROVIDER, is_stopping=True)
    bound.ends(stopping, "cancel", job_id, CUSTOMER)
    assert bound.queued(CANCELLING) == 1


def test_cancel__there_is_no_cancel_request__bring_the_deadline_to_24_graces_from_now(
    bound: BoundJobs,
) -> None:
    job_id = bound.a_job_in(S.RUNNING, 100_000)
    bound.must("cancel", job_id, CUSTOMER)
    assert bound.terms(job_id).deadline == bound.chain.now_s + 24 * 60 * MINUTE_S


def test_cancel__the_deadline_is_earlier_than_that__leave_the_deadline(bound: BoundJobs) -> None:
    job_id = bound.a_job_in(S.RUNNING)
    deadline = bound.terms(job_id).deadline
    bound.must("cancel", job_id, CUSTOMER)
    assert bound.terms(job_id).deadline == deadline


def test_cancel__there_is_a_cancel_request__change_nothing_and_emit_nothing(
    bound: BoundJobs,
) -> None:
    job_id = bound.a_job_in(S.RUNNING)
    bound.must("cancel", job_id, CUSTOMER)
    before = bound.job(job_id)
    bound.chain.pass_time(600)
    happened(bound.must("cancel", job_id, CUSTOMER))
    bound.ends(UNCHANGED, "cancel", job_id, CUSTOMER)
    assert (bound.job(job_id), bound.queued(CANCELLING)) == (before, 1)


def test_panic__others_call__revert_with_metascheduleronly(bound: BoundJobs) -> None:
    bound.refused_to_others("panic", bound.create(), "")


def test_panic__the_job_is_unknown__revert_with_invalidjob(bound: BoundJobs) -> None:
    bound.refused(er.InvalidJob(), "panic", UNKNOWN, "")


def test_panic__the_job_is_panicked__revert_with_samestatuserror(bound: BoundJobs) -> None:
    bound.refused(er.SameStatusError(), "panic", bound.a_job_in(S.PANICKED), "")


@pytest.mark.parametrize("status", [S.CANCELLED, S.FINISHED, S.FAILED, S.OUT_OF_CREDITS])
def test_panic__the_job_has_another_cold_status__revert_with_jobhotstatusonly(
    bound: BoundJobs, status: S
) -> None:
    bound.refused(er.JobHotStatusOnly(status), "panic", bound.a_job_in(status), "")


@pytest.mark.parametrize("status", [S.PENDING, S.META_SCHEDULED, S.SCHEDULED, S.RUNNING])
def test_panic__it_panics__refund_everything_in_one_transition(bound: BoundJobs, status: S) -> None:
    job_id = bound.a_job_in(status)
    before = bound.job(job_id)
    bound.chain.pass_time(10 * MINUTE_S)
    bound.moved(bound.must("panic", job_id, "why"), job_id, status, S.PANICKED)
    now, block = bound.chain.now_s, bound.chain.block
    start = before.time.start or now
    assert bound.job(job_id) == replace(
        before,
        status=S.PANICKED,
        time=JobTime(before.time.submit, start, now, 0, block, now),
        last_error="why",
    )
    assert (bound.active(), bound.pending(), bound.terms(job_id)) == (set(), set(), NO_TERMS)


def test_panic__nobody_has_claimed_it__return_a_full_refund_and_tell_nobody(
    bound: BoundJobs,
) -> None:
    job_id = bound.create()
    bound.ends(replace(REFUNDED, provider=ZERO_ADDRESS), "panic", job_id, "")
    bound.ends(REFUNDED, "panic", bound.a_job_in(S.META_SCHEDULED), "")
    assert bound.queued(CANCELLING) == 0


@pytest.mark.parametrize("status", [S.SCHEDULED, S.RUNNING])
def test_panic__a_provider_works_on_it__return_a_full_refund_and_tell_it_to_stop(
    bound: BoundJobs, status: S
) -> None:
    job_id = bound.a_job_in(status)
    bound.chain.pass_time(30 * MINUTE_S)
    bound.ends(replace(REFUNDED, is_stopping=True), "panic", job_id, "")
    assert bound.queued(CANCELLING) == 1


def test_panic__a_checkpoint_was_made__refund_everything_all_the_same(bound: BoundJobs) -> None:
    job_id = bound.a_job_in(S.RUNNING)
    bound.chain.pass_time(30 * MINUTE_S)
    bound.must("checkpoint", job_id, PROVIDER)
    bound.ends(replace(REFUNDED, is_stopping=True), "panic", job_id, "")


def test_panic__there_is_a_cancel_request__not_tell_the_provider_a_second_time(
    bound: BoundJobs,
) -> None:
    job_id = bound.a_job_in(S.RUNNING)
    bound.must("cancel", job_id, CUSTOMER)
    bound.ends(REFUNDED, "panic", job_id, "")
    assert bound.queued(CANCELLING) == 1
    assert bound.job(job_id).has_cancel_request


def test_panic__no_message_comes_with_it__keep_the_message_of_before(bound: BoundJobs) -> None:
    job_id = bound.a_job_in(S.SCHEDULED)
    bound.must("setStarted", job_id, PROVIDER, "first", 0)
    bound.must("panic", job_id, "")
    assert bound.job(job_id).last_error == "first"


def test_panic__the_message_is_longer_than_256_bytes__cut_it_there(bound: BoundJobs) -> None:
    job_id = bound.create()
    bound.must("panic", job_id, "x" * 250 + "y" * 100)
    assert bound.job(job_id).last_error == "x" * 250 + "y" * 6
