"""The branches of `providerSetJobStatus` up to a job's start, and of ends before it."""

from dataclasses import replace

import pytest
from tests.contracts.branches.facts import UNKNOWN, Money, active, happened, money, queues
from tests.contracts.conformance.stage import CREDIT, CUSTOMER, PROVIDER, Stage
from tests.contracts.invariants.reference_jobs import COLD
from tests.contracts.invariants.revm import read
from tests.contracts.invariants.world import PROVIDERS, SCHEDULER, STRANGER

from deepsquare.chain import events as ev
from deepsquare.chain._generated import errors as er
from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain.contracts import MetaScheduler
from deepsquare.chain.contracts.meta_scheduler import Report
from deepsquare.chain.errors import Reverted
from deepsquare.identifiers import ZERO_ADDRESS, Address

LOCK = 1000 * CREDIT
UNSTARTED_ENDS = [S.CANCELLED, S.FAILED, S.PANICKED]
REFUND_ALL = Money(customer=LOCK, contract=-LOCK, escrow=-LOCK)


def test_provider_set_job_status__the_job_is_unknown__revert_with_invalidjob(
    stage: Stage, meta: MetaScheduler
) -> None:
    for status in (S.PENDING, S.RUNNING, S.FINISHED):
        call = meta.provider_set_job_status(UNKNOWN, Report(status))
        stage.refused(PROVIDER, call, er.InvalidJob())


@pytest.mark.parametrize("caller", [STRANGER, CUSTOMER, SCHEDULER, PROVIDERS[1]])
@pytest.mark.parametrize("status", [S.RUNNING, S.FAILED])
def test_provider_set_job_status__the_caller_is_not_the_provider__revert_with_jobprovideronly(
    stage: Stage, caller: Address, status: S
) -> None:
    job_id = stage.a_job_in(S.SCHEDULED)
    error = er.JobProviderOnly(caller, PROVIDER)
    stage.refused(caller, stage.report_call(job_id, status), error)


def test_provider_set_job_status__the_status_is_wrong_too__revert_with_jobprovideronly(
    stage: Stage,
) -> None:
    job_id = stage.a_job_in(S.FINISHED)
    for status in (S.PENDING, S.RUNNING, S.FINISHED):
        error = er.JobProviderOnly(STRANGER, PROVIDER)
        stage.refused(STRANGER, stage.report_call(job_id, status), error)


@pytest.mark.parametrize("status", [S.PENDING, S.RUNNING, S.FINISHED])
def test_provider_set_job_status__the_job_is_pending__revert_with_jobprovideronly_of_nobody(
    stage: Stage, meta: MetaScheduler, status: S
) -> None:
    job_id = stage.a_job_in(S.SCHEDULED)
    stage.must(SCHEDULER, meta.timeout_job(job_id))
    error = er.JobProviderOnly(PROVIDER, ZERO_ADDRESS)
    stage.refused(PROVIDER, stage.report_call(job_id, status), error)


@pytest.mark.parametrize("status", [S.PENDING, S.META_SCHEDULED, S.SCHEDULED])
@pytest.mark.parametrize("current", [S.META_SCHEDULED, S.SCHEDULED, S.RUNNING])
def test_provider_set_job_status__the_status_is_no_start_nor_end__revert_with_runningcoldstatusonly(
    stage: Stage, current: S, status: S
) -> None:
    job_id = stage.a_job_in(current)
    stage.refused(PROVIDER, stage.report_call(job_id, status), er.RunningColdStatusOnly(status))


def test_provider_set_job_status__the_job_is_cold_too__revert_with_runningcoldstatusonly(
    stage: Stage,
) -> None:
    job_id = stage.a_job_in(S.FINISHED)
    call = stage.report_call(job_id, S.PENDING)
    stage.refused(PROVIDER, call, er.RunningColdStatusOnly(S.PENDING))


@pytest.mark.parametrize("status", [9, 255])
def test_provider_set_job_status__the_status_is_unknown__revert_without_a_reason(
    stage: Stage, status: int
) -> None:
    job_id = stage.a_job_in(S.RUNNING)
    call, word = stage.report_call(job_id, S.FINISHED), 4 + 32
    data = call.data[:word] + status.to_bytes(32, "big") + call.data[word + 32 :]
    nothing = Reverted("the contract refused with no reason")
    stage.refused(PROVIDER, replace(call, data=data), nothing)


@pytest.mark.parametrize("status", [S.RUNNING, *COLD])
def test_provider_set_job_status__the_job_has_the_status_already__revert_with_samestatuserror(
    stage: Stage, status: S
) -> None:
    job_id = stage.a_job_in(status)
    stage.refused(PROVIDER, stage.report_call(job_id, status), er.SameStatusError())


@pytest.mark.parametrize("current", COLD)
def test_provider_set_job_status__the_job_is_cold_otherwise__revert_with_jobhotstatusonly(
    stage: Stage, current: S
) -> None:
    job_id = stage.a_job_in(current)
    for status in {S.RUNNING, *COLD} - {current}:
        call = stage.report_call(job_id, status)
        stage.refused(PROVIDER, call, er.JobHotStatusOnly(current))


@pytest.mark.parametrize("status", [S.RUNNING, S.FINISHED, S.FAILED, S.OUT_OF_CREDITS])
def test_provider_set_job_status__the_job_is_meta_scheduled__revert_with_invalidtransition(
    stage: Stage, status: S
) -> None:
    job_id = stage.a_job_in(S.META_SCHEDULED)
    error = er.InvalidTransition(S.META_SCHEDULED, status)
    stage.refused(PROVIDER, stage.report_call(job_id, status), error)


@pytest.mark.parametrize("status", [S.CANCELLED, S.PANICKED])
def test_provider_set_job_status__it_is_cancelled_or_panicked_unclaimed__refund_the_whole_lock(
    stage: Stage, meta: MetaScheduler, status: S
) -> None:
    """The matrix of protocol.md 2.3 allows it; 4.3 does not list it."""
    job_id, before = stage.a_job_in(S.META_SCHEDULED), money(stage)
    happened(
        stage.report(job_id, status, 100),
        ev.JobTransitionEvent(job_id, S.META_SCHEDULED, status),
        ev.JobSettled(job_id, PROVIDER, CUSTOMER, 0, 0, LOCK),
        ev.Transfer(meta.address, CUSTOMER, LOCK),
    )
    assert money(stage) - before == REFUND_ALL


@pytest.mark.parametrize("status", [S.FINISHED, S.OUT_OF_CREDITS])
def test_provider_set_job_status__it_is_finished_or_out_of_credits__revert_with_invalidtransition(
    stage: Stage, status: S
) -> None:
    job_id = stage.a_job_in(S.SCHEDULED)
    error = er.InvalidTransition(S.SCHEDULED, status)
    stage.refused(PROVIDER, stage.report_call(job_id, status), error)


def test_provider_set_job_status__it_starts__record_start_error_and_exit_code(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.SCHEDULED)
    before = stage.job(job_id)
    report = Report(S.RUNNING, last_error="slow", exit_code=-3)
    stage.must(PROVIDER, meta.provider_set_job_status(job_id, report))
    chain = stage.world.chain
    time = replace(before.time, start=chain.now_s, block_number_state_change=chain.block)
    assert stage.job(job_id) == replace(
        before, status=S.RUNNING, time=time, last_error="slow", exit_code=-3
    )


def test_provider_set_job_status__it_starts__count_the_job_as_started(stage: Stage) -> None:
    world = stage.world
    for count in (1, 2):
        stage.a_job_in(S.RUNNING)
        assert read(world.jobs.started_jobs(PROVIDER)) == count
        assert read(world.providers.get_job_count(PROVIDER)) == count


def test_provider_set_job_status__it_starts__stay_active_and_move_no_credits(stage: Stage) -> None:
    job_id = stage.a_job_in(S.SCHEDULED)
    before = money(stage)
    stage.start(job_id)
    assert money(stage) == before
    assert active(stage) == {job_id}


def test_provider_set_job_status__it_starts__ignore_the_duration(stage: Stage) -> None:
    job_id, now_s = stage.a_job_in(S.SCHEDULED), stage.world.chain.now_s
    assert stage.report(job_id, S.RUNNING, 2**64 - 1).error is None
    assert stage.job(job_id).time.start == now_s + 1
    assert stage.job(job_id).cost.final_cost == 0


def test_provider_set_job_status__it_starts__emit_jobtransitionevent_only(stage: Stage) -> None:
    job_id = stage.a_job_in(S.SCHEDULED)
    event = ev.JobTransitionEvent(job_id, S.SCHEDULED, S.RUNNING)
    happened(stage.report(job_id, S.RUNNING), event)


@pytest.mark.parametrize("status", UNSTARTED_ENDS)
@pytest.mark.parametrize("minutes", [0, 100, 2**64 - 1])
def test_provider_set_job_status__it_ends_unstarted__refund_the_whole_lock_whatever_the_duration(
    stage: Stage, status: S, minutes: int
) -> None:
    job_id, before = stage.a_job_in(S.SCHEDULED), money(stage)
    assert stage.report(job_id, status, minutes).error is None
    assert money(stage) - before == REFUND_ALL


@pytest.mark.parametrize("status", UNSTARTED_ENDS)
def test_provider_set_job_status__it_ends_unstarted__end_with_equal_start_and_end(
    stage: Stage, meta: MetaScheduler, status: S
) -> None:
    job_id = stage.a_job_in(S.SCHEDULED)
    before = stage.job(job_id)
    report = Report(status, last_error="no such image", exit_code=256)
    stage.must(PROVIDER, meta.provider_set_job_status(job_id, report))
    chain = stage.world.chain
    time = replace(
        before.time,
        start=chain.now_s,
        end=chain.now_s,
        panic_timestamp=chain.now_s if status == S.PANICKED else 0,
        block_number_state_change=chain.block,
    )
    assert stage.job(job_id) == replace(
        before, status=status, time=time, last_error="no such image", exit_code=256
    )
    assert active(stage) == set()


@pytest.mark.parametrize("status", UNSTARTED_ENDS)
def test_provider_set_job_status__it_ends_unstarted__not_count_as_started(
    stage: Stage, status: S
) -> None:
    job_id = stage.a_job_in(S.SCHEDULED)
    assert stage.report(job_id, status).error is None
    assert read(stage.world.jobs.started_jobs(PROVIDER)) == 0
    assert queues(stage).cancelling == 0


@pytest.mark.parametrize("status", UNSTARTED_ENDS)
def test_provider_set_job_status__it_ends_unstarted__emit_transition_settlement_and_transfer(
    stage: Stage, meta: MetaScheduler, status: S
) -> None:
    job_id = stage.a_job_in(S.SCHEDULED)
    happened(
        stage.report(job_id, status, 100),
        ev.JobTransitionEvent(job_id, S.SCHEDULED, status),
        ev.JobSettled(job_id, PROVIDER, CUSTOMER, 0, 0, LOCK),
        ev.Transfer(meta.address, CUSTOMER, LOCK),
    )
