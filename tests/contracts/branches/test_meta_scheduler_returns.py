"""The branches of `timeoutJob` and `refuseJob`: jobs that go back to PENDING."""

from dataclasses import replace

import pytest
from tests.contracts.branches.acts import expel
from tests.contracts.branches.facts import (
    UNKNOWN,
    Queues,
    active,
    happened,
    money,
    pending,
    queues,
)
from tests.contracts.conformance.stage import CREDIT, CUSTOMER, PROVIDER, Stage, has
from tests.contracts.invariants.reference_jobs import COLD
from tests.contracts.invariants.revm import read
from tests.contracts.invariants.world import DEPLOYER, PROVIDERS, SCHEDULER, STRANGER

from deepsquare.chain import events as ev
from deepsquare.chain._generated import errors as er
from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain._generated.structs import Job, JobTerms
from deepsquare.chain.call import Call
from deepsquare.chain.contracts import MetaScheduler
from deepsquare.identifiers import ZERO_ADDRESS, Address, JobId

ANYONE = [STRANGER, CUSTOMER, PROVIDER, DEPLOYER]
UNSTARTED = [S.META_SCHEDULED, S.SCHEDULED]
CLAIM_TIMEOUT_S, START_TIMEOUT_S = 60 * 10, 60 * 1440
NO_TERMS = JobTerms(*[0] * 10)


def returned(stage: Stage, job: Job) -> Job:
    """How a job must look after it went back to PENDING in the last block."""
    time = replace(job.time, block_number_state_change=stage.world.chain.block)
    cost = replace(job.cost, pending_top_up=0)
    return replace(job, status=S.PENDING, provider_addr=ZERO_ADDRESS, time=time, cost=cost)


def goes_back(stage: Stage, job_id: JobId, caller: Address, call: Call) -> None:
    """Require that a call returns this job of several of the provider, and only this one."""
    waiting, others = pending(stage), active(stage) - {job_id}
    before = stage.job(job_id)
    stage.must(caller, call)
    assert stage.job(job_id) == returned(stage, before)
    assert stage.terms(job_id) == NO_TERMS
    assert pending(stage) == waiting | {job_id}
    assert active(stage) == others


def test_timeout_job__the_job_is_unknown__revert_with_invalidjob(
    stage: Stage, meta: MetaScheduler
) -> None:
    stage.refused(STRANGER, meta.timeout_job(UNKNOWN), er.InvalidJob())


@pytest.mark.parametrize("caller", [STRANGER, SCHEDULER])
def test_timeout_job__the_job_is_pending__revert_with_samestatuserror(
    stage: Stage, meta: MetaScheduler, caller: Address
) -> None:
    stage.refused(caller, meta.timeout_job(stage.request()), er.SameStatusError())


@pytest.mark.parametrize("caller", [STRANGER, SCHEDULER])
def test_timeout_job__the_job_is_running__revert_with_invalidtransition(
    stage: Stage, meta: MetaScheduler, caller: Address
) -> None:
    job_id = stage.a_job_in(S.RUNNING)
    stage.refused(caller, meta.timeout_job(job_id), er.InvalidTransition(S.RUNNING, S.PENDING))


@pytest.mark.parametrize("status", COLD)
def test_timeout_job__the_job_is_cold__revert_with_jobhotstatusonly(
    stage: Stage, meta: MetaScheduler, status: S
) -> None:
    job_id = stage.a_job_in(status)
    for caller in (STRANGER, SCHEDULER):
        stage.refused(caller, meta.timeout_job(job_id), er.JobHotStatusOnly(status))


def is_early_for(stage: Stage, job_id: JobId, caller: Address, timeout_s: int) -> None:
    deadline = stage.world.chain.now_s + timeout_s
    assert stage.terms(job_id).deadline == deadline
    stage.at(timeout_s - 1)
    error = er.DeadlineNotReached(deadline - 1, deadline)
    stage.refused(caller, stage.world.meta_scheduler.timeout_job(job_id), error)


@pytest.mark.parametrize("caller", ANYONE)
def test_timeout_job__anyone_calls_before_the_claim_deadline__revert_with_deadlinenotreached(
    stage: Stage, caller: Address
) -> None:
    is_early_for(stage, stage.a_job_in(S.META_SCHEDULED), caller, CLAIM_TIMEOUT_S)


@pytest.mark.parametrize("caller", ANYONE)
def test_timeout_job__anyone_calls_at_the_claim_deadline__return_the_job(
    stage: Stage, meta: MetaScheduler, caller: Address
) -> None:
    job_id = stage.a_job_in(S.META_SCHEDULED)
    stage.at(CLAIM_TIMEOUT_S)
    goes_back(stage, job_id, caller, meta.timeout_job(job_id))


def test_timeout_job__a_meta_scheduler_calls_at_once__return_the_job(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.META_SCHEDULED)
    goes_back(stage, job_id, SCHEDULER, meta.timeout_job(job_id))


def test_timeout_job__it_is_timed_out_as_assigned__leave_a_stale_claimable_entry_and_stop_nobody(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.META_SCHEDULED)
    stage.must(SCHEDULER, meta.timeout_job(job_id))
    assert queues(stage) == Queues(claimable=1)
    assert not read(stage.world.queues.has_next_claimable_job(PROVIDER))


def test_timeout_job__it_is_timed_out_as_assigned__emit_jobtransitionevent_and_jobrefusedevent(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.META_SCHEDULED)
    happened(
        stage.must(SCHEDULER, meta.timeout_job(job_id)),
        ev.JobTransitionEvent(job_id, S.META_SCHEDULED, S.PENDING),
        ev.JobRefusedEvent(job_id, PROVIDER, CUSTOMER),
    )


@pytest.mark.parametrize("caller", ANYONE)
def test_timeout_job__anyone_calls_before_the_start_deadline__revert_with_deadlinenotreached(
    stage: Stage, caller: Address
) -> None:
    is_early_for(stage, stage.a_job_in(S.SCHEDULED), caller, START_TIMEOUT_S)


@pytest.mark.parametrize("caller", ANYONE)
def test_timeout_job__anyone_calls_at_the_start_deadline__return_the_job(
    stage: Stage, meta: MetaScheduler, caller: Address
) -> None:
    job_id = stage.a_job_in(S.SCHEDULED)
    stage.at(START_TIMEOUT_S)
    goes_back(stage, job_id, caller, meta.timeout_job(job_id))


def test_timeout_job__a_meta_scheduler_calls_before_the_start_deadline__return_the_job(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.SCHEDULED)
    goes_back(stage, job_id, SCHEDULER, meta.timeout_job(job_id))


def test_timeout_job__its_start_timeout_is_zero__be_open_to_anyone_after_the_claim_timeout(
    stage: Stage, meta: MetaScheduler
) -> None:
    stage.set_constant("startJobTimeout", 0)
    job_id = stage.a_job_in(S.SCHEDULED)
    is_early_for(stage, job_id, STRANGER, CLAIM_TIMEOUT_S)
    goes_back(stage, job_id, STRANGER, meta.timeout_job(job_id))


@pytest.mark.parametrize(
    ("status", "timeout_s"),
    [(S.META_SCHEDULED, CLAIM_TIMEOUT_S), (S.SCHEDULED, START_TIMEOUT_S)],
)
def test_timeout_job__its_timeouts_have_changed_since__keep_the_deadline_of_the_assignment(
    stage: Stage, meta: MetaScheduler, status: S, timeout_s: int
) -> None:
    job_id = stage.a_job_in(status)
    deadline = stage.world.chain.now_s + timeout_s
    for name in ("claimJobTimeout", "startJobTimeout"):
        stage.set_constant(name, 1)
    stage.world.chain.pass_time(60)
    stage.refused(
        STRANGER,
        meta.timeout_job(job_id),
        er.DeadlineNotReached(stage.world.chain.now_s + 1, deadline),
    )


def test_timeout_job__it_was_topped_up__keep_the_credits_in_the_lock(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.SCHEDULED, 100 * CREDIT)
    stage.must(CUSTOMER, meta.top_up_job(job_id, 50 * CREDIT))
    goes_back(stage, job_id, SCHEDULER, meta.timeout_job(job_id))
    assert stage.job(job_id).cost.max_cost == 150 * CREDIT
    assert not read(stage.world.queues.has_top_up_job(PROVIDER))


def test_timeout_job__it_was_topped_up__let_a_later_top_up_of_the_same_provider_queue_it_again(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.SCHEDULED)
    stage.must(CUSTOMER, meta.top_up_job(job_id, CREDIT))
    stage.must(SCHEDULER, meta.timeout_job(job_id))
    stage.assign(job_id)
    stage.claim()
    assert not read(stage.world.queues.has_top_up_job(PROVIDER))
    stage.must(CUSTOMER, meta.top_up_job(job_id, CREDIT))
    assert queues(stage).top_up == 2
    assert read(stage.world.queues.has_top_up_job(PROVIDER))


def test_timeout_job__it_is_timed_out_as_claimed__ask_the_provider_to_stop(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.SCHEDULED)
    stage.must(SCHEDULER, meta.timeout_job(job_id))
    assert queues(stage) == Queues(cancelling=1)
    assert read(stage.world.queues.has_cancelling_job(PROVIDER))


def test_timeout_job__it_is_timed_out_as_claimed__emit_transition_refusal_and_stop(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.SCHEDULED)
    happened(
        stage.must(SCHEDULER, meta.timeout_job(job_id)),
        ev.JobTransitionEvent(job_id, S.SCHEDULED, S.PENDING),
        ev.JobRefusedEvent(job_id, PROVIDER, CUSTOMER),
        ev.JobStopRequested(job_id, PROVIDER),
    )


@pytest.mark.parametrize("status", UNSTARTED)
@pytest.mark.parametrize("position", [0, 1, 2])
def test_timeout_job__any_job_is_timed_out__drop_provider_terms_and_active_place(
    stage: Stage, meta: MetaScheduler, status: S, position: int
) -> None:
    stage.request()
    jobs = [stage.a_job_in(status) for _ in range(3)]
    goes_back(stage, jobs[position], SCHEDULER, meta.timeout_job(jobs[position]))


@pytest.mark.parametrize("status", UNSTARTED)
def test_timeout_job__any_job_is_timed_out__move_no_credits(
    stage: Stage, meta: MetaScheduler, status: S
) -> None:
    job_id, before = stage.a_job_in(status), money(stage)
    stage.must(SCHEDULER, meta.timeout_job(job_id))
    assert money(stage) == before


def test_refuse_job__the_job_is_unknown__revert_with_invalidjob(
    stage: Stage, meta: MetaScheduler
) -> None:
    stage.refused(PROVIDER, meta.refuse_job(UNKNOWN), er.InvalidJob())


@pytest.mark.parametrize("caller", [STRANGER, CUSTOMER, SCHEDULER, PROVIDERS[1]])
def test_refuse_job__the_caller_is_not_the_provider__revert_with_jobprovideronly(
    stage: Stage, meta: MetaScheduler, caller: Address
) -> None:
    job_id = stage.a_job_in(S.SCHEDULED)
    stage.refused(caller, meta.refuse_job(job_id), er.JobProviderOnly(caller, PROVIDER))


def test_refuse_job__the_job_is_pending__revert_with_jobprovideronly_of_nobody(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.META_SCHEDULED)
    stage.must(PROVIDER, meta.refuse_job(job_id))
    stage.refused(PROVIDER, meta.refuse_job(job_id), er.JobProviderOnly(PROVIDER, ZERO_ADDRESS))


def test_refuse_job__the_job_is_cold_and_a_stranger_calls__revert_with_jobprovideronly(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.FINISHED)
    stage.refused(STRANGER, meta.refuse_job(job_id), er.JobProviderOnly(STRANGER, PROVIDER))


@pytest.mark.parametrize("status", [S.RUNNING, *COLD])
def test_refuse_job__the_job_is_running_or_cold__revert_with_metascheduledscheduledstatusonly(
    stage: Stage, meta: MetaScheduler, status: S
) -> None:
    job_id = stage.a_job_in(status)
    error = er.MetaScheduledScheduledStatusOnly(status)
    stage.refused(PROVIDER, meta.refuse_job(job_id), error)


@pytest.mark.parametrize("is_removed", [False, True])
@pytest.mark.parametrize("status", UNSTARTED)
def test_refuse_job__the_provider_is_banned_or_removed__return_the_job(
    stage: Stage, meta: MetaScheduler, is_removed: bool, status: S
) -> None:
    job_id = stage.a_job_in(status)
    expel(stage, is_removed=is_removed)
    goes_back(stage, job_id, PROVIDER, meta.refuse_job(job_id))


def test_refuse_job__the_job_was_topped_up__keep_the_credits_in_the_lock(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.SCHEDULED, 100 * CREDIT)
    stage.must(CUSTOMER, meta.top_up_job(job_id, 50 * CREDIT))
    goes_back(stage, job_id, PROVIDER, meta.refuse_job(job_id))
    assert stage.job(job_id).cost.max_cost == 150 * CREDIT


@pytest.mark.parametrize("status", UNSTARTED)
@pytest.mark.parametrize("position", [0, 1, 2])
def test_refuse_job__the_job_is_meta_scheduled_or_scheduled__drop_provider_terms_and_active_place(
    stage: Stage, meta: MetaScheduler, status: S, position: int
) -> None:
    stage.request()
    jobs = [stage.a_job_in(status) for _ in range(3)]
    goes_back(stage, jobs[position], PROVIDER, meta.refuse_job(jobs[position]))


@pytest.mark.parametrize("status", UNSTARTED)
def test_refuse_job__the_job_is_meta_scheduled_or_scheduled__stop_nobody(
    stage: Stage, meta: MetaScheduler, status: S
) -> None:
    job_id = stage.a_job_in(status)
    outcome = stage.must(PROVIDER, meta.refuse_job(job_id))
    assert queues(stage).cancelling == 0
    assert not has(outcome, ev.JobStopRequested)


@pytest.mark.parametrize("status", UNSTARTED)
def test_refuse_job__the_job_is_meta_scheduled_or_scheduled__move_no_credits(
    stage: Stage, meta: MetaScheduler, status: S
) -> None:
    job_id, before = stage.a_job_in(status), money(stage)
    stage.must(PROVIDER, meta.refuse_job(job_id))
    assert money(stage) == before


@pytest.mark.parametrize("status", UNSTARTED)
def test_refuse_job__the_job_is_meta_scheduled_or_scheduled__emit_transition_and_refusal(
    stage: Stage, meta: MetaScheduler, status: S
) -> None:
    job_id = stage.a_job_in(status)
    happened(
        stage.must(PROVIDER, meta.refuse_job(job_id)),
        ev.JobTransitionEvent(job_id, status, S.PENDING),
        ev.JobRefusedEvent(job_id, PROVIDER, CUSTOMER),
    )
