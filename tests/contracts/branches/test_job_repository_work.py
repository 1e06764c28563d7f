"""The branches of work on a job: start, checkpoint, top-up, delegation."""

from dataclasses import replace

import pytest
from tests.contracts.branches.bound_jobs import (
    CANCELLING,
    CLAIMABLE,
    LOCK,
    MASTER,
    MINUTE_S,
    OTHER_CUSTOMER,
    OTHER_PROVIDER,
    PRICE,
    TOP_UP,
    BoundJobs,
    bind,
)
from tests.contracts.branches.facts import CAP, UNKNOWN, UNLIMITED, happened
from tests.contracts.conformance.stage import CUSTOMER, PROVIDER, Stage
from tests.contracts.invariants.revm import read

from deepsquare.chain._generated import errors as er
from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain._generated.structs import JobCost
from deepsquare.identifiers import ZERO_ADDRESS


@pytest.fixture
def bound(stage: Stage) -> BoundJobs:
    return bind(stage)


def test_set_started__others_call__revert_with_metascheduleronly(bound: BoundJobs) -> None:
    bound.refused_to_others("setStarted", bound.a_job_in(S.SCHEDULED), PROVIDER, "", 0)


def test_set_started__the_job_is_unknown__revert_with_invalidjob(bound: BoundJobs) -> None:
    bound.refused(er.InvalidJob(), "setStarted", UNKNOWN, PROVIDER, "", 0)


@pytest.mark.parametrize("status", [S.META_SCHEDULED, S.SCHEDULED, S.RUNNING, S.FINISHED])
def test_set_started__the_caller_is_not_the_provider__revert_with_jobprovideronly(
    bound: BoundJobs, status: S
) -> None:
    job_id = bound.a_job_in(status)
    for caller in (CUSTOMER, OTHER_PROVIDER, MASTER):
        error = er.JobProviderOnly(caller, PROVIDER)
        bound.refused(error, "setStarted", job_id, caller, "", 0)


def test_set_started__the_job_has_no_provider__revert_with_jobprovideronly(
    bound: BoundJobs,
) -> None:
    job_id = bound.create()
    error = er.JobProviderOnly(PROVIDER, ZERO_ADDRESS)
    bound.refused(error, "setStarted", job_id, PROVIDER, "", 0)


def test_set_started__the_job_is_not_claimed__revert_with_invalidtransition(
    bound: BoundJobs,
) -> None:
    job_id = bound.a_job_in(S.META_SCHEDULED)
    error = er.InvalidTransition(S.META_SCHEDULED, S.RUNNING)
    bound.refused(error, "setStarted", job_id, PROVIDER, "", 0)


def test_set_started__the_job_is_running__revert_with_samestatuserror(bound: BoundJobs) -> None:
    bound.refused(er.SameStatusError(), "setStarted", bound.a_job_in(S.RUNNING), PROVIDER, "", 0)


@pytest.mark.parametrize(
    "status", [S.CANCELLED, S.FINISHED, S.FAILED, S.OUT_OF_CREDITS, S.PANICKED]
)
def test_set_started__the_job_is_cold__revert_with_jobhotstatusonly(
    bound: BoundJobs, status: S
) -> None:
    job_id = bound.a_job_in(status)
    bound.refused(er.JobHotStatusOnly(status), "setStarted", job_id, PROVIDER, "", 0)


def test_set_started__its_provider_starts_it__make_it_running_from_now_on(bound: BoundJobs) -> None:
    job_id = bound.a_job_in(S.SCHEDULED)
    before = bound.job(job_id)
    outcome = bound.must("setStarted", job_id, PROVIDER, "warm", -9)
    bound.moved(outcome, job_id, S.SCHEDULED, S.RUNNING)
    now, block = bound.chain.now_s, bound.chain.block
    assert bound.job(job_id) == replace(
        before,
        status=S.RUNNING,
        time=replace(before.time, start=now, block_number_state_change=block),
        last_error="warm",
        exit_code=-9,
    )
    assert bound.active() == {job_id}


def test_set_started__its_provider_starts_it__set_the_deadline_by_the_paid_time(
    bound: BoundJobs,
) -> None:
    job_id = bound.a_job_in(S.SCHEDULED)
    before = bound.terms(job_id)
    started_s = bound.start(job_id)
    deadline = started_s + (100 + 60) * MINUTE_S
    assert bound.terms(job_id) == replace(before, deadline=deadline)


def test_set_started__its_provider_starts_it__count_it_as_started(bound: BoundJobs) -> None:
    for count in (1, 2):
        bound.a_job_in(S.RUNNING)
        assert read(bound.jobs.started_jobs(PROVIDER)) == count
    assert read(bound.jobs.started_jobs(OTHER_PROVIDER)) == 0


def test_set_started__the_count_cannot_grow__start_it_all_the_same(bound: BoundJobs) -> None:
    job_id = bound.a_job_in(S.SCHEDULED)
    bound.set_started_jobs(PROVIDER, 2**32 - 1)
    bound.start(job_id)
    assert bound.status(job_id) == S.RUNNING
    assert read(bound.jobs.started_jobs(PROVIDER)) == 2**32 - 1


def test_set_started__no_message_comes_with_it__keep_the_message_of_before(
    bound: BoundJobs,
) -> None:
    job_id = bound.a_job_in(S.SCHEDULED)
    bound.must("setStarted", job_id, PROVIDER, "first", 0)
    bound.must("report", job_id, PROVIDER, S.FAILED, 1, "", 0)
    assert bound.job(job_id).last_error == "first"


def test_set_started__the_message_is_longer_than_256_bytes__cut_it_there(bound: BoundJobs) -> None:
    job_id = bound.a_job_in(S.SCHEDULED)
    bound.must("setStarted", job_id, PROVIDER, "x" * 250 + "y" * 100, 0)
    assert bound.job(job_id).last_error == "x" * 250 + "y" * 6


def test_checkpoint__others_call__revert_with_metascheduleronly(bound: BoundJobs) -> None:
    bound.refused_to_others("checkpoint", bound.a_job_in(S.RUNNING), PROVIDER)


def test_checkpoint__the_job_is_unknown__revert_with_invalidjob(bound: BoundJobs) -> None:
    bound.refused(er.InvalidJob(), "checkpoint", UNKNOWN, PROVIDER)


@pytest.mark.parametrize("status", [S.META_SCHEDULED, S.SCHEDULED, S.RUNNING, S.FINISHED])
def test_checkpoint__the_caller_is_not_the_provider__revert_with_jobprovideronly(
    bound: BoundJobs, status: S
) -> None:
    job_id = bound.a_job_in(status)
    for caller in (CUSTOMER, OTHER_PROVIDER, MASTER):
        error = er.JobProviderOnly(caller, PROVIDER)
        bound.refused(error, "checkpoint", job_id, caller)


def test_checkpoint__the_job_has_no_provider__revert_with_jobprovideronly(bound: BoundJobs) -> None:
    job_id = bound.create()
    error = er.JobProviderOnly(PROVIDER, ZERO_ADDRESS)
    bound.refused(error, "checkpoint", job_id, PROVIDER)


@pytest.mark.parametrize("status", [S.META_SCHEDULED, S.SCHEDULED, S.FINISHED, S.PANICKED])
def test_checkpoint__the_job_is_not_running__revert_with_runningstatusonly(
    bound: BoundJobs, status: S
) -> None:
    job_id = bound.a_job_in(status)
    bound.refused(er.RunningStatusOnly(status), "checkpoint", job_id, PROVIDER)


def test_checkpoint__the_job_is_running__note_the_time_and_emit_nothing(bound: BoundJobs) -> None:
    job_id = bound.a_job_in(S.RUNNING)
    before, terms = bound.job(job_id), bound.terms(job_id)
    for _ in range(2):
        bound.chain.pass_time(600)
        happened(bound.must("checkpoint", job_id, PROVIDER))
        assert bound.terms(job_id) == replace(terms, last_checkpoint=bound.chain.now_s)
    assert bound.job(job_id) == before


def test_top_up__others_call__revert_with_metascheduleronly(bound: BoundJobs) -> None:
    bound.refused_to_others("topUp", bound.a_job_in(S.RUNNING), PRICE)


def test_top_up__the_job_is_unknown__revert_with_invalidjob(bound: BoundJobs) -> None:
    bound.refused(er.InvalidJob(), "topUp", UNKNOWN, PRICE)


def test_top_up__the_lock_would_exceed_the_cap__revert_with_amounttoolarge(
    bound: BoundJobs,
) -> None:
    job_id = bound.a_job_in(S.RUNNING)
    for amount in (CAP - LOCK + 1, CAP, UNLIMITED):
        bound.refused(er.AmountTooLarge(amount), "topUp", job_id, amount)
    assert bound.job(job_id).cost.max_cost == LOCK


def test_top_up__the_lock_reaches_the_cap__add_it(bound: BoundJobs) -> None:
    job_id = bound.a_job_in(S.RUNNING)
    bound.must("topUp", job_id, CAP - LOCK)
    assert bound.job(job_id).cost == JobCost(CAP, 0, CAP - LOCK, False)


@pytest.mark.parametrize("status", [S.SCHEDULED, S.RUNNING])
def test_top_up__less_than_a_minute_is_pending__add_it_and_queue_nothing(
    bound: BoundJobs, status: S
) -> None:
    job_id = bound.a_job_in(status)
    before = bound.job(job_id)
    happened(bound.must("topUp", job_id, PRICE - 1))
    assert bound.job(job_id) == replace(before, cost=JobCost(LOCK + 9, 0, 9, False))
    assert bound.queued(TOP_UP) == 0


@pytest.mark.parametrize("status", [S.SCHEDULED, S.RUNNING])
def test_top_up__a_minute_or_more_is_pending__queue_the_job_for_its_provider(
    bound: BoundJobs, status: S
) -> None:
    job_id = bound.a_job_in(status)
    for amount, queued in ((6, 0), (4, 1)):
        happened(bound.must("topUp", job_id, amount))
        assert bound.queued(TOP_UP) == queued
    assert bound.job(job_id).cost == JobCost(LOCK + 10, 0, 10, False)
    assert (bound.queued(CLAIMABLE), bound.queued(CANCELLING)) == (0, 0)


def test_top_up__the_job_is_queued_for_top_up__add_it_and_queue_it_once(bound: BoundJobs) -> None:
    job_id = bound.a_job_in(S.RUNNING)
    for total in (PRICE, 2 * PRICE, 3 * PRICE):
        bound.must("topUp", job_id, PRICE)
        assert bound.job(job_id).cost == JobCost(LOCK + total, 0, total, False)
        assert bound.queued(TOP_UP) == 1


def test_top_up__the_job_is_running__move_its_deadline_by_the_paid_minutes(
    bound: BoundJobs,
) -> None:
    job_id = bound.a_job_in(S.RUNNING)
    deadline = bound.terms(job_id).deadline
    bound.must("topUp", job_id, 25)
    assert bound.terms(job_id).deadline == deadline + 2 * MINUTE_S
    bound.must("topUp", job_id, 5)
    assert bound.terms(job_id).deadline == deadline + 3 * MINUTE_S


def test_top_up__the_job_is_scheduled__leave_its_deadline(bound: BoundJobs) -> None:
    job_id = bound.a_job_in(S.SCHEDULED)
    terms = bound.terms(job_id)
    bound.must("topUp", job_id, 25)
    assert bound.terms(job_id) == terms


def test_set_delegated__others_call__revert_with_metascheduleronly(bound: BoundJobs) -> None:
    bound.refused_to_others("setDelegated", bound.create(), CUSTOMER, True)


def test_set_delegated__the_job_is_unknown__revert_with_invalidjob(bound: BoundJobs) -> None:
    bound.refused(er.InvalidJob(), "setDelegated", UNKNOWN, CUSTOMER, True)


@pytest.mark.parametrize("status", [S.PENDING, S.RUNNING, S.FINISHED])
def test_set_delegated__the_caller_is_not_the_customer__revert_with_customeronly(
    bound: BoundJobs, status: S
) -> None:
    job_id = bound.a_job_in(status)
    for caller in (PROVIDER, OTHER_CUSTOMER, MASTER, ZERO_ADDRESS):
        bound.refused(er.CustomerOnly(caller, CUSTOMER), "setDelegated", job_id, caller, True)


@pytest.mark.parametrize(
    "status", [S.CANCELLED, S.FINISHED, S.FAILED, S.OUT_OF_CREDITS, S.PANICKED]
)
def test_set_delegated__the_job_is_cold__revert_with_jobhotstatusonly(
    bound: BoundJobs, status: S
) -> None:
    job_id = bound.a_job_in(status)
    bound.refused(er.JobHotStatusOnly(status), "setDelegated", job_id, CUSTOMER, True)


@pytest.mark.parametrize("status", [S.PENDING, S.META_SCHEDULED, S.SCHEDULED, S.RUNNING])
def test_set_delegated__the_job_is_hot__store_the_wish_and_nothing_else(
    bound: BoundJobs, status: S
) -> None:
    job_id = bound.a_job_in(status)
    before = bound.job(job_id)
    for is_delegated in (True, True, False):
        happened(bound.must("setDelegated", job_id, CUSTOMER, is_delegated))
        cost = replace(before.cost, delegate_spending_authority=is_delegated)
        assert bound.job(job_id) == replace(before, cost=cost)


def test_set_delegated__the_job_is_queued_for_top_up__keep_the_mark(bound: BoundJobs) -> None:
    job_id = bound.a_job_in(S.RUNNING)
    bound.must("topUp", job_id, PRICE)
    bound.must("setDelegated", job_id, CUSTOMER, True)
    bound.must("topUp", job_id, PRICE)
    assert bound.queued(TOP_UP) == 1
