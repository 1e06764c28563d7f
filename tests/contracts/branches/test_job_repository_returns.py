"""The branches of the ways back to PENDING: refusal and timeout."""

from dataclasses import replace

import pytest
from tests.contracts.branches.bound_jobs import (
    CANCELLING,
    LOCK,
    MASTER,
    MINUTE_S,
    NO_TERMS,
    OTHER_PROVIDER,
    PRICE,
    BoundJobs,
    bind,
)
from tests.contracts.branches.facts import UNKNOWN
from tests.contracts.conformance.stage import CUSTOMER, PROVIDER, Stage

from deepsquare.chain._generated import errors as er
from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain._generated.structs import Job
from deepsquare.identifiers import ZERO_ADDRESS, Address


@pytest.fixture
def bound(stage: Stage) -> BoundJobs:
    return bind(stage)


def test_refuse__others_call__revert_with_metascheduleronly(bound: BoundJobs) -> None:
    bound.refused_to_others("refuse", bound.a_job_in(S.SCHEDULED), PROVIDER)


def test_refuse__the_job_is_unknown__revert_with_invalidjob(bound: BoundJobs) -> None:
    bound.refused(er.InvalidJob(), "refuse", UNKNOWN, PROVIDER)


@pytest.mark.parametrize("status", [S.META_SCHEDULED, S.SCHEDULED, S.RUNNING, S.FINISHED])
def test_refuse__the_caller_is_not_the_provider__revert_with_jobprovideronly(
    bound: BoundJobs, status: S
) -> None:
    job_id = bound.a_job_in(status)
    for caller in (CUSTOMER, OTHER_PROVIDER, MASTER):
        error = er.JobProviderOnly(caller, PROVIDER)
        bound.refused(error, "refuse", job_id, caller)


def test_refuse__the_job_has_no_provider__revert_with_jobprovideronly(bound: BoundJobs) -> None:
    job_id = bound.create()
    error = er.JobProviderOnly(PROVIDER, ZERO_ADDRESS)
    bound.refused(error, "refuse", job_id, PROVIDER)


@pytest.mark.parametrize(
    "status", [S.RUNNING, S.CANCELLED, S.FINISHED, S.FAILED, S.OUT_OF_CREDITS, S.PANICKED]
)
def test_refuse__the_job_runs_or_is_cold__revert_with_metascheduledscheduledstatusonly(
    bound: BoundJobs, status: S
) -> None:
    job_id = bound.a_job_in(status)
    bound.refused(er.MetaScheduledScheduledStatusOnly(status), "refuse", job_id, PROVIDER)


@pytest.mark.parametrize("status", [S.META_SCHEDULED, S.SCHEDULED])
def test_refuse__its_provider_refuses_it__return_its_customer(bound: BoundJobs, status: S) -> None:
    assert bound.answer(Address, "refuse", bound.a_job_in(status), PROVIDER) == CUSTOMER


@pytest.mark.parametrize("status", [S.META_SCHEDULED, S.SCHEDULED])
def test_refuse__its_provider_refuses_it__take_it_back_to_pending_with_its_lock(
    bound: BoundJobs, status: S
) -> None:
    job_id = bound.a_job_in(status)
    before = bound.job(job_id)
    bound.must("refuse", job_id, PROVIDER)
    taken_back(bound, before)


def taken_back(bound: BoundJobs, before: Job) -> None:
    """Require that the job is pending again, with nothing of its provider left."""
    block = bound.chain.block
    assert bound.job(before.job_id) == replace(
        before,
        status=S.PENDING,
        provider_addr=ZERO_ADDRESS,
        cost=replace(before.cost, pending_top_up=0),
        time=replace(before.time, block_number_state_change=block),
    )
    assert bound.terms(before.job_id) == NO_TERMS
    assert (bound.active(), bound.pending()) == (set(), {before.job_id})


@pytest.mark.parametrize("status", [S.META_SCHEDULED, S.SCHEDULED])
def test_refuse__its_provider_refuses_it__emit_one_transition(bound: BoundJobs, status: S) -> None:
    job_id = bound.a_job_in(status)
    bound.moved(bound.must("refuse", job_id, PROVIDER), job_id, status, S.PENDING)


@pytest.mark.parametrize("status", [S.META_SCHEDULED, S.SCHEDULED])
def test_refuse__its_provider_refuses_it__tell_no_provider_to_stop(
    bound: BoundJobs, status: S
) -> None:
    bound.must("refuse", bound.a_job_in(status), PROVIDER)
    assert bound.queued(CANCELLING) == 0


def test_refuse__a_top_up_is_pending__drop_it_but_keep_its_credits_in_the_lock(
    bound: BoundJobs,
) -> None:
    job_id = bound.a_job_in(S.SCHEDULED)
    bound.must("topUp", job_id, 5 * PRICE)
    before = bound.job(job_id)
    bound.must("refuse", job_id, PROVIDER)
    taken_back(bound, before)
    assert bound.job(job_id).cost.max_cost == LOCK + 5 * PRICE
    bound.assign(job_id)
    assert bound.claim().paid_minutes == 105


def test_timeout__others_call__revert_with_metascheduleronly(bound: BoundJobs) -> None:
    bound.refused_to_others("timeout", bound.a_job_in(S.SCHEDULED), False)


def test_timeout__the_job_is_unknown__revert_with_invalidjob(bound: BoundJobs) -> None:
    for must_be_overdue in (False, True):
        bound.refused(er.InvalidJob(), "timeout", UNKNOWN, must_be_overdue)


def test_timeout__the_job_is_pending__revert_with_samestatuserror(bound: BoundJobs) -> None:
    job_id = bound.create()
    for must_be_overdue in (False, True):
        bound.refused(er.SameStatusError(), "timeout", job_id, must_be_overdue)


def test_timeout__the_job_runs__revert_with_invalidtransition(bound: BoundJobs) -> None:
    job_id = bound.a_job_in(S.RUNNING)
    for must_be_overdue in (False, True):
        error = er.InvalidTransition(S.RUNNING, S.PENDING)
        bound.refused(error, "timeout", job_id, must_be_overdue)


@pytest.mark.parametrize(
    "status", [S.CANCELLED, S.FINISHED, S.FAILED, S.OUT_OF_CREDITS, S.PANICKED]
)
def test_timeout__the_job_is_cold__revert_with_jobhotstatusonly(
    bound: BoundJobs, status: S
) -> None:
    job_id = bound.a_job_in(status)
    for must_be_overdue in (False, True):
        bound.refused(er.JobHotStatusOnly(status), "timeout", job_id, must_be_overdue)


@pytest.mark.parametrize(("status", "minutes"), [(S.META_SCHEDULED, 10), (S.SCHEDULED, 1440)])
def test_timeout__it_must_be_overdue_and_is_not__revert_with_deadlinenotreached(
    bound: BoundJobs, status: S, minutes: int
) -> None:
    job_id = bound.a_job_in(status)
    deadline = bound.chain.now_s + minutes * MINUTE_S
    bound.next_call_at(deadline - 1)
    bound.refused(er.DeadlineNotReached(deadline - 1, deadline), "timeout", job_id, True)


@pytest.mark.parametrize(("status", "minutes"), [(S.META_SCHEDULED, 10), (S.SCHEDULED, 1440)])
def test_timeout__it_must_be_overdue_and_is__take_it_back_to_pending_with_its_lock(
    bound: BoundJobs, status: S, minutes: int
) -> None:
    job_id = bound.a_job_in(status)
    before = bound.job(job_id)
    bound.next_call_at(bound.chain.now_s + minutes * MINUTE_S)
    bound.must("timeout", job_id, True)
    taken_back(bound, before)


@pytest.mark.parametrize("status", [S.META_SCHEDULED, S.SCHEDULED])
def test_timeout__it_need_not_be_overdue__take_it_back_at_once_with_one_transition(
    bound: BoundJobs, status: S
) -> None:
    job_id = bound.a_job_in(status)
    before = bound.job(job_id)
    bound.moved(bound.must("timeout", job_id, False), job_id, status, S.PENDING)
    taken_back(bound, before)


def test_timeout__nobody_has_claimed_it__return_both_parties_and_tell_nobody_to_stop(
    bound: BoundJobs,
) -> None:
    job_id = bound.a_job_in(S.META_SCHEDULED)
    parties = bound.answer(tuple[Address, Address, bool], "timeout", job_id, False)
    assert parties == (CUSTOMER, PROVIDER, False)
    assert bound.queued(CANCELLING) == 0


def test_timeout__its_provider_has_claimed_it__return_both_parties_and_tell_it_to_stop(
    bound: BoundJobs,
) -> None:
    job_id = bound.a_job_in(S.SCHEDULED)
    parties = bound.answer(tuple[Address, Address, bool], "timeout", job_id, False)
    assert parties == (CUSTOMER, PROVIDER, True)
    assert bound.queued(CANCELLING) == 1


def test_timeout__a_top_up_is_pending__drop_it_but_keep_its_credits_in_the_lock(
    bound: BoundJobs,
) -> None:
    job_id = bound.a_job_in(S.SCHEDULED)
    bound.must("topUp", job_id, 5 * PRICE)
    before = bound.job(job_id)
    bound.must("timeout", job_id, False)
    taken_back(bound, before)
