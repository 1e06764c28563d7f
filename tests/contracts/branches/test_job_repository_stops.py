"""The branches of taking jobs to stop off a provider's queue."""

from collections.abc import Callable

import pytest
from tests.contracts.branches.bound_jobs import (
    CANCELLING,
    NO_JOB,
    NOTHING,
    OTHER_PROVIDER,
    BoundJobs,
    bind,
    found,
)
from tests.contracts.branches.facts import happened
from tests.contracts.conformance.stage import CUSTOMER, PROVIDER, Stage

from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain._generated.structs import Popped
from deepsquare.identifiers import ZERO_ADDRESS, Address, JobId


@pytest.fixture
def bound(stage: Stage) -> BoundJobs:
    return bind(stage)


def take_cancelling(bound: BoundJobs, max_skips: int = 32) -> tuple[Popped, Address]:
    kind = tuple[Popped, Address]
    popped, customer = bound.answer(kind, "claimCancelling", PROVIDER, max_skips)
    return popped, customer


def scheduled_then_cancelled(bound: BoundJobs) -> JobId:
    job_id = bound.a_job_in(S.SCHEDULED)
    bound.cancel(job_id)
    return job_id


def running_with_a_cancel_request(bound: BoundJobs) -> JobId:
    job_id = bound.a_job_in(S.RUNNING)
    bound.cancel(job_id)
    return job_id


def taken_back(bound: BoundJobs) -> JobId:
    job_id = bound.a_job_in(S.SCHEDULED)
    bound.take_back(job_id)
    return job_id


def assigned_to_another(bound: BoundJobs) -> JobId:
    job_id = taken_back(bound)
    bound.assign(job_id, OTHER_PROVIDER)
    return job_id


def running_at_another(bound: BoundJobs) -> JobId:
    job_id = assigned_to_another(bound)
    bound.claim(OTHER_PROVIDER)
    bound.start(job_id, OTHER_PROVIDER)
    return job_id


def panicked(bound: BoundJobs) -> JobId:
    job_id = bound.a_job_in(S.RUNNING)
    bound.must("panic", job_id, "")
    return job_id


def reported_after_the_cancel(bound: BoundJobs) -> JobId:
    job_id = running_with_a_cancel_request(bound)
    bound.report(job_id, S.CANCELLED)
    return job_id


def assigned_again(bound: BoundJobs) -> JobId:
    job_id = taken_back(bound)
    bound.assign(job_id)
    return job_id


def scheduled_again(bound: BoundJobs) -> JobId:
    job_id = assigned_again(bound)
    bound.claim()
    return job_id


def running_again(bound: BoundJobs) -> JobId:
    job_id = scheduled_again(bound)
    bound.start(job_id)
    return job_id


def finished_again(bound: BoundJobs) -> JobId:
    job_id = running_again(bound)
    bound.report(job_id, S.FINISHED)
    return job_id


def test_claim_cancelling__others_call__revert_with_metascheduleronly(bound: BoundJobs) -> None:
    scheduled_then_cancelled(bound)
    bound.refused_to_others("claimCancelling", PROVIDER, 32)


def test_claim_cancelling__the_queue_is_empty__answer_that_nothing_was_found(
    bound: BoundJobs,
) -> None:
    happened(bound.must("claimCancelling", PROVIDER, 32))
    assert take_cancelling(bound) == (NOTHING, ZERO_ADDRESS)


@pytest.mark.parametrize(
    "history",
    [
        scheduled_then_cancelled,
        running_with_a_cancel_request,
        taken_back,
        assigned_to_another,
        running_at_another,
        panicked,
    ],
)
def test_claim_cancelling__the_provider_must_stop_the_job__return_it_and_its_customer(
    bound: BoundJobs, history: Callable[[BoundJobs], JobId]
) -> None:
    job_id = history(bound)
    before = bound.job(job_id)
    assert take_cancelling(bound, 0) == (found(job_id), CUSTOMER)
    assert bound.job(job_id) == before
    assert bound.queued(CANCELLING) == 0


@pytest.mark.parametrize(
    "history",
    [
        reported_after_the_cancel,
        assigned_again,
        scheduled_again,
        running_again,
        finished_again,
    ],
)
def test_claim_cancelling__the_provider_need_not_stop_the_job__drop_the_entry(
    bound: BoundJobs, history: Callable[[BoundJobs], JobId]
) -> None:
    history(bound)
    assert bound.queued(CANCELLING) == 1
    assert take_cancelling(bound) == (Popped(NO_JOB, 1, is_drained=True), ZERO_ADDRESS)


def test_claim_cancelling__the_provider_must_stop_the_job__emit_nothing(bound: BoundJobs) -> None:
    scheduled_then_cancelled(bound)
    happened(bound.must("claimCancelling", PROVIDER, 32))


def test_claim_cancelling__more_stale_entries_than_may_be_dropped__drop_so_many_and_find_nothing(
    bound: BoundJobs,
) -> None:
    for _ in range(3):
        reported_after_the_cancel(bound)
    job_id = scheduled_then_cancelled(bound)
    nothing = Popped(NO_JOB, 2, is_drained=False)
    assert take_cancelling(bound, 2) == (nothing, ZERO_ADDRESS)
    assert take_cancelling(bound, 2) == (found(job_id, skipped=1), CUSTOMER)
