"""The branches of `cancelJob` and `setDelegateSpendingAuthority`: what only the customer may do."""

from dataclasses import replace

import pytest
from tests.contracts.branches.acts import disable_requests
from tests.contracts.branches.facts import (
    UNKNOWN,
    Money,
    Queues,
    active,
    happened,
    money,
    pending,
    queues,
    times,
)
from tests.contracts.conformance.stage import CREDIT, CUSTOMER, PROVIDER, Stage, has
from tests.contracts.invariants.reference_jobs import COLD
from tests.contracts.invariants.revm import read
from tests.contracts.invariants.world import DEPLOYER, SCHEDULER, STRANGER

from deepsquare.chain import events as ev
from deepsquare.chain._generated import errors as er
from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain.contracts import MetaScheduler
from deepsquare.identifiers import ZERO_ADDRESS, Address

LOCK = 1000 * CREDIT
FEE = 5 * CREDIT
REFUND_ALL = Money(customer=LOCK, contract=-LOCK, escrow=-LOCK)
PAY_FEE = Money(customer=LOCK - FEE, provider=FEE, contract=-LOCK, escrow=-LOCK)


def test_set_delegate_spending_authority__the_job_is_unknown__revert_with_invalidjob(
    stage: Stage, meta: MetaScheduler
) -> None:
    call = meta.set_delegate_spending_authority(UNKNOWN, is_allowed=True)
    stage.refused(CUSTOMER, call, er.InvalidJob())


@pytest.mark.parametrize("caller", [STRANGER, PROVIDER, SCHEDULER, DEPLOYER])
def test_set_delegate_spending_authority__the_caller_is_not_the_customer__revert_with_customeronly(
    stage: Stage, meta: MetaScheduler, caller: Address
) -> None:
    job_id = stage.a_job_in(S.RUNNING)
    call = meta.set_delegate_spending_authority(job_id, is_allowed=True)
    stage.refused(caller, call, er.CustomerOnly(caller, CUSTOMER))


def test_set_delegate_spending_authority__a_stranger_calls_for_a_cold_job__revert_with_customeronly(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.FINISHED)
    call = meta.set_delegate_spending_authority(job_id, is_allowed=True)
    stage.refused(STRANGER, call, er.CustomerOnly(STRANGER, CUSTOMER))


@pytest.mark.parametrize("status", COLD)
def test_set_delegate_spending_authority__the_job_is_cold__revert_with_jobhotstatusonly(
    stage: Stage, meta: MetaScheduler, status: S
) -> None:
    job_id = stage.a_job_in(status)
    call = meta.set_delegate_spending_authority(job_id, is_allowed=True)
    stage.refused(CUSTOMER, call, er.JobHotStatusOnly(status))


def test_set_delegate_spending_authority__a_stop_was_requested__store_the_permission(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.RUNNING)
    stage.must(CUSTOMER, meta.cancel_job(job_id))
    stage.must(CUSTOMER, meta.set_delegate_spending_authority(job_id, is_allowed=True))
    assert stage.job(job_id).cost.delegate_spending_authority


@pytest.mark.parametrize("status", [S.PENDING, S.META_SCHEDULED, S.SCHEDULED, S.RUNNING])
def test_set_delegate_spending_authority__the_job_is_hot__store_the_permission(
    stage: Stage, meta: MetaScheduler, status: S
) -> None:
    job_id = stage.a_job_in(status)
    before = stage.job(job_id)
    happened(stage.must(CUSTOMER, meta.set_delegate_spending_authority(job_id, is_allowed=True)))
    allowed = replace(before.cost, delegate_spending_authority=True)
    assert stage.job(job_id) == replace(before, cost=allowed)


@pytest.mark.parametrize("status", [S.PENDING, S.META_SCHEDULED, S.SCHEDULED, S.RUNNING])
def test_set_delegate_spending_authority__the_job_is_hot__withdraw_the_permission(
    stage: Stage, meta: MetaScheduler, status: S
) -> None:
    job_id = stage.a_job_in(status)
    before = stage.job(job_id)
    for is_allowed in (True, False):
        call = meta.set_delegate_spending_authority(job_id, is_allowed=is_allowed)
        stage.must(CUSTOMER, call)
    assert stage.job(job_id) == before


def test_cancel_job__the_job_is_unknown__revert_with_invalidjob(
    stage: Stage, meta: MetaScheduler
) -> None:
    stage.refused(CUSTOMER, meta.cancel_job(UNKNOWN), er.InvalidJob())


@pytest.mark.parametrize("caller", [STRANGER, PROVIDER, SCHEDULER, DEPLOYER])
def test_cancel_job__the_caller_is_not_the_customer__revert_with_customeronly(
    stage: Stage, meta: MetaScheduler, caller: Address
) -> None:
    job_id = stage.a_job_in(S.SCHEDULED)
    stage.refused(caller, meta.cancel_job(job_id), er.CustomerOnly(caller, CUSTOMER))


def test_cancel_job__a_stranger_calls_for_a_cold_job__revert_with_customeronly(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.FINISHED)
    stage.refused(STRANGER, meta.cancel_job(job_id), er.CustomerOnly(STRANGER, CUSTOMER))


@pytest.mark.parametrize("status", COLD)
def test_cancel_job__the_job_is_cold__revert_with_jobhotstatusonly(
    stage: Stage, meta: MetaScheduler, status: S
) -> None:
    job_id = stage.a_job_in(status)
    stage.refused(CUSTOMER, meta.cancel_job(job_id), er.JobHotStatusOnly(status))


@pytest.mark.parametrize("status", [S.PENDING, S.META_SCHEDULED])
def test_cancel_job__requests_are_disabled__refund_every_unstarted_job(
    stage: Stage, meta: MetaScheduler, status: S
) -> None:
    job_id = stage.a_job_in(status)
    disable_requests(stage)
    before = money(stage)
    stage.must(CUSTOMER, meta.cancel_job(job_id))
    assert money(stage) - before == REFUND_ALL


def test_cancel_job__the_job_is_pending__refund_the_whole_lock(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id, before = stage.a_job_in(S.PENDING), money(stage)
    stage.must(CUSTOMER, meta.cancel_job(job_id))
    assert money(stage) - before == REFUND_ALL


def test_cancel_job__the_job_is_pending__end_the_job_as_cancelled(
    stage: Stage, meta: MetaScheduler
) -> None:
    other, job_id = stage.request(), stage.a_job_in(S.PENDING)
    before = stage.job(job_id)
    stage.must(CUSTOMER, meta.cancel_job(job_id))
    chain = stage.world.chain
    ended = replace(
        before.time,
        start=chain.now_s,
        end=chain.now_s,
        cancel_request_timestamp=chain.now_s,
        block_number_state_change=chain.block,
    )
    assert stage.job(job_id) == replace(
        before, status=S.CANCELLED, time=ended, has_cancel_request=True
    )
    assert pending(stage) == {other}


def test_cancel_job__the_job_is_pending__emit_transition_settlement_and_transfer(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.PENDING)
    happened(
        stage.must(CUSTOMER, meta.cancel_job(job_id)),
        ev.JobTransitionEvent(job_id, S.PENDING, S.CANCELLED),
        ev.JobSettled(job_id, ZERO_ADDRESS, CUSTOMER, 0, 0, LOCK),
        ev.Transfer(meta.address, CUSTOMER, LOCK),
    )


@pytest.mark.parametrize("status", [S.META_SCHEDULED, S.SCHEDULED])
def test_cancel_job__the_job_came_back_to_pending__end_as_if_never_assigned(
    stage: Stage, meta: MetaScheduler, status: S
) -> None:
    job_id = stage.a_job_in(status)
    stage.must(PROVIDER, meta.refuse_job(job_id))
    happened(
        stage.must(CUSTOMER, meta.cancel_job(job_id)),
        ev.JobTransitionEvent(job_id, S.PENDING, S.CANCELLED),
        ev.JobSettled(job_id, ZERO_ADDRESS, CUSTOMER, 0, 0, LOCK),
        ev.Transfer(meta.address, CUSTOMER, LOCK),
    )
    job = stage.job(job_id)
    assert (job.provider_addr, job.cost.final_cost, job.cost.max_cost) == (ZERO_ADDRESS, 0, LOCK)
    assert times(job) == (stage.world.chain.now_s,) * 2


def test_cancel_job__the_job_is_meta_scheduled__refund_the_whole_lock(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id, before = stage.a_job_in(S.META_SCHEDULED), money(stage)
    outcome = stage.must(CUSTOMER, meta.cancel_job(job_id))
    assert money(stage) - before == REFUND_ALL
    assert stage.job(job_id).status == S.CANCELLED
    happened(
        outcome,
        ev.JobTransitionEvent(job_id, S.META_SCHEDULED, S.CANCELLED),
        ev.JobSettled(job_id, PROVIDER, CUSTOMER, 0, 0, LOCK),
        ev.Transfer(meta.address, CUSTOMER, LOCK),
    )


def test_cancel_job__the_job_is_meta_scheduled__leave_the_active_set_of_the_provider(
    stage: Stage, meta: MetaScheduler
) -> None:
    other, job_id = stage.a_job_in(S.META_SCHEDULED), stage.a_job_in(S.META_SCHEDULED)
    stage.must(CUSTOMER, meta.cancel_job(job_id))
    assert (active(stage), pending(stage)) == ({other}, set())


def test_cancel_job__the_job_is_meta_scheduled__leave_a_stale_claimable_entry_and_stop_nobody(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.META_SCHEDULED)
    stage.must(CUSTOMER, meta.cancel_job(job_id))
    assert queues(stage) == Queues(claimable=1)
    assert not read(stage.world.queues.has_next_claimable_job(PROVIDER))


def test_cancel_job__the_job_is_scheduled__pay_the_provider_the_cancellation_fee_without_a_cut(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id, before = stage.a_job_in(S.SCHEDULED), money(stage)
    stage.must(CUSTOMER, meta.cancel_job(job_id))
    assert money(stage) - before == PAY_FEE
    assert stage.job(job_id).cost.final_cost == FEE


def test_cancel_job__the_job_is_scheduled__ask_the_provider_to_stop(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.SCHEDULED)
    stage.must(CUSTOMER, meta.cancel_job(job_id))
    assert queues(stage) == Queues(cancelling=1)
    assert read(stage.world.queues.has_cancelling_job(PROVIDER))


def test_cancel_job__the_job_is_scheduled__end_the_job_with_equal_start_and_end(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.SCHEDULED)
    stage.must(CUSTOMER, meta.cancel_job(job_id))
    job, now_s = stage.job(job_id), stage.world.chain.now_s
    assert (job.status, job.has_cancel_request) == (S.CANCELLED, True)
    assert (*times(job), job.time.cancel_request_timestamp) == (now_s, now_s, now_s)
    assert active(stage) == set()


def test_cancel_job__the_job_is_scheduled__emit_transition_stop_settlement_and_transfers(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.SCHEDULED)
    happened(
        stage.must(CUSTOMER, meta.cancel_job(job_id)),
        ev.JobTransitionEvent(job_id, S.SCHEDULED, S.CANCELLED),
        ev.JobStopRequested(job_id, PROVIDER),
        ev.JobSettled(job_id, PROVIDER, CUSTOMER, FEE, 0, LOCK - FEE),
        ev.Transfer(meta.address, PROVIDER, FEE),
        ev.Transfer(meta.address, CUSTOMER, LOCK - FEE),
    )


def test_cancel_job__the_job_is_scheduled_and_pays_for_less_than_the_fee__pay_the_paid_minutes(
    stage: Stage, meta: MetaScheduler
) -> None:
    stage.set_constant("minimumAmount", 1)
    lock = 2 * CREDIT + CREDIT // 2
    job_id, before = stage.a_job_in(S.SCHEDULED, lock), money(stage)
    stage.must(CUSTOMER, meta.cancel_job(job_id))
    assert money(stage) - before == Money(
        customer=CREDIT // 2, provider=2 * CREDIT, contract=-lock, escrow=-lock
    )


def test_cancel_job__the_job_is_scheduled_and_the_fee_is_zero__transfer_nothing_to_the_provider(
    stage: Stage, meta: MetaScheduler
) -> None:
    stage.set_constant("cancellationFeeMinute", 0)
    job_id = stage.a_job_in(S.SCHEDULED)
    happened(
        stage.must(CUSTOMER, meta.cancel_job(job_id)),
        ev.JobTransitionEvent(job_id, S.SCHEDULED, S.CANCELLED),
        ev.JobStopRequested(job_id, PROVIDER),
        ev.JobSettled(job_id, PROVIDER, CUSTOMER, 0, 0, LOCK),
        ev.Transfer(meta.address, CUSTOMER, LOCK),
    )


def test_cancel_job__the_job_is_scheduled_and_the_fee_has_changed_since__pay_the_assigned_fee(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.META_SCHEDULED)
    stage.set_constant("cancellationFeeMinute", 60)
    stage.claim()
    before = money(stage)
    stage.must(CUSTOMER, meta.cancel_job(job_id))
    assert money(stage) - before == PAY_FEE


def test_cancel_job__the_job_is_scheduled_and_topped_up__refund_the_top_up_too(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.SCHEDULED)
    stage.must(CUSTOMER, meta.top_up_job(job_id, 7 * CREDIT))
    before = money(stage)
    stage.must(CUSTOMER, meta.cancel_job(job_id))
    whole = LOCK + 7 * CREDIT
    assert money(stage) - before == Money(
        customer=whole - FEE, provider=FEE, contract=-whole, escrow=-whole
    )
    cost = stage.job(job_id).cost
    assert (cost.max_cost, cost.pending_top_up) == (whole, 0)


def test_cancel_job__the_job_is_scheduled_a_second_before_its_deadline__pay_the_fee(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id, before = stage.a_job_in(S.SCHEDULED), money(stage)
    stage.at(1440 * 60 - 1)
    stage.must(CUSTOMER, meta.cancel_job(job_id))
    assert money(stage) - before == PAY_FEE


def test_cancel_job__the_job_is_scheduled_and_overdue__refund_it_all_and_ask_the_provider_to_stop(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id, before = stage.a_job_in(S.SCHEDULED), money(stage)
    stage.at(1440 * 60)
    outcome = stage.must(CUSTOMER, meta.cancel_job(job_id))
    assert money(stage) - before == REFUND_ALL
    assert ev.JobStopRequested(job_id, PROVIDER) in outcome.events
    assert queues(stage) == Queues(cancelling=1)


def test_cancel_job__the_job_is_running__only_record_the_request(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.RUNNING)
    job, before = stage.job(job_id), money(stage)
    outcome = stage.must(CUSTOMER, meta.cancel_job(job_id))
    asked = replace(job.time, cancel_request_timestamp=stage.world.chain.now_s)
    assert stage.job(job_id) == replace(job, time=asked, has_cancel_request=True)
    assert money(stage) == before
    assert active(stage) == {job_id}
    assert not has(outcome, ev.JobSettled)


def test_cancel_job__the_job_is_running__ask_the_provider_to_stop(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.RUNNING)
    happened(stage.must(CUSTOMER, meta.cancel_job(job_id)), ev.JobStopRequested(job_id, PROVIDER))
    assert queues(stage) == Queues(cancelling=1)


def test_cancel_job__the_job_is_running__switch_delegated_spending_off(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.request(may_top_up=True)
    stage.assign(job_id)
    stage.claim()
    stage.start(job_id)
    assert stage.job(job_id).cost.delegate_spending_authority
    stage.must(CUSTOMER, meta.cancel_job(job_id))
    assert not stage.job(job_id).cost.delegate_spending_authority


def test_cancel_job__the_job_is_running_and_already_asked_to_stop__do_nothing(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.RUNNING)
    stage.must(CUSTOMER, meta.cancel_job(job_id))
    job, before = stage.job(job_id), money(stage)
    happened(stage.must(CUSTOMER, meta.cancel_job(job_id)))
    assert (stage.job(job_id), money(stage)) == (job, before)
    assert queues(stage) == Queues(cancelling=1)
