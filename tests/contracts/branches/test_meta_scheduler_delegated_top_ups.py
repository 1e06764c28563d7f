"""The branches of `topUpJobDelegate`."""

import pytest
from tests.contracts.branches.acts import (
    a_delegated_job_in,
    disable_requests,
    give_the_customer_all_credits,
    leave_the_customer,
)
from tests.contracts.branches.facts import CAP, UNKNOWN, Money, Queues, happened, money, queues
from tests.contracts.conformance.stage import BIG_NODES, CREDIT, CUSTOMER, PROVIDER, Stage
from tests.contracts.invariants.reference_jobs import COLD
from tests.contracts.invariants.world import DEPLOYER, SCHEDULER, STRANGER

from deepsquare.chain import events as ev
from deepsquare.chain._generated import errors as er
from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain._generated.structs import ProviderPrices
from deepsquare.chain.contracts import MetaScheduler
from deepsquare.identifiers import Address, JobId

LOCK = 100 * CREDIT
"""Pays for a hundred minutes."""
SLICE = 30 * CREDIT


def topped_up(stage: Stage, job_id: JobId, caller: Address = SCHEDULER) -> Money:
    before = money(stage)
    stage.must(caller, stage.world.meta_scheduler.top_up_job_delegate(job_id))
    return money(stage) - before


def a_job_on_its_last_slice(stage: Stage) -> JobId:
    stage.set_constant("minimumAmount", 1)
    return a_delegated_job_in(stage, S.SCHEDULED, SLICE)


def test_top_up_job_delegate__the_job_is_unknown__revert_with_invalidjob(
    stage: Stage, meta: MetaScheduler
) -> None:
    stage.refused(STRANGER, meta.top_up_job_delegate(UNKNOWN), er.InvalidJob())


@pytest.mark.parametrize("caller", [STRANGER, DEPLOYER])
def test_top_up_job_delegate__a_stranger_calls__revert_with_customermetaschedulerprovideronly(
    stage: Stage, meta: MetaScheduler, caller: Address
) -> None:
    job_id = a_delegated_job_in(stage, S.SCHEDULED, LOCK)
    error = er.CustomerMetaSchedulerProviderOnly()
    stage.refused(caller, meta.top_up_job_delegate(job_id), error)


def test_top_up_job_delegate__it_is_undelegated_too__revert_with_customermetaschedulerprovideronly(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.PENDING)
    error = er.CustomerMetaSchedulerProviderOnly()
    stage.refused(STRANGER, meta.top_up_job_delegate(job_id), error)


def test_top_up_job_delegate__an_ex_provider_calls__revert_with_customermetaschedulerprovideronly(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = a_delegated_job_in(stage, S.SCHEDULED, LOCK)
    stage.must(PROVIDER, meta.refuse_job(job_id))
    error = er.CustomerMetaSchedulerProviderOnly()
    stage.refused(PROVIDER, meta.top_up_job_delegate(job_id), error)


@pytest.mark.parametrize("caller", [CUSTOMER, PROVIDER, SCHEDULER])
def test_top_up_job_delegate__nothing_is_delegated__revert_with_nospendingauthority(
    stage: Stage, meta: MetaScheduler, caller: Address
) -> None:
    job_id = stage.a_job_in(S.RUNNING, LOCK)
    stage.at(60 * 80)
    stage.refused(caller, meta.top_up_job_delegate(job_id), er.NoSpendingAuthority())


def test_top_up_job_delegate__the_job_is_cold_too__revert_with_nospendingauthority(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.FINISHED)
    stage.refused(CUSTOMER, meta.top_up_job_delegate(job_id), er.NoSpendingAuthority())


def test_top_up_job_delegate__the_customer_has_requested_a_stop__revert_with_nospendingauthority(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = a_delegated_job_in(stage, S.RUNNING, LOCK)
    stage.must(CUSTOMER, meta.cancel_job(job_id))
    stage.at(60 * 80)
    stage.refused(PROVIDER, meta.top_up_job_delegate(job_id), er.NoSpendingAuthority())


@pytest.mark.parametrize("status", [S.PENDING, S.META_SCHEDULED, *COLD])
def test_top_up_job_delegate__no_provider_works_on_the_job__revert_with_runningscheduledstatusonly(
    stage: Stage, meta: MetaScheduler, status: S
) -> None:
    job_id = a_delegated_job_in(stage, status, LOCK)
    error = er.RunningScheduledStatusOnly(status)
    stage.refused(CUSTOMER, meta.top_up_job_delegate(job_id), error)


def test_top_up_job_delegate__more_minutes_have_passed_than_are_paid__revert_with_paidtimeexceeded(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = a_delegated_job_in(stage, S.RUNNING, LOCK)
    stage.at(60 * 101)
    call = meta.top_up_job_delegate(job_id)
    stage.refused(SCHEDULER, call, er.PaidTimeExceeded(101, 100))


def test_top_up_job_delegate__just_all_paid_minutes_have_passed__top_up(stage: Stage) -> None:
    job_id = a_delegated_job_in(stage, S.RUNNING, LOCK)
    stage.at(60 * 101 - 1)
    assert topped_up(stage, job_id).escrow == SLICE


def test_top_up_job_delegate__more_than_a_slice_remains__revert_with_remainingtimeabovelimit(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = a_delegated_job_in(stage, S.RUNNING, LOCK)
    stage.at(60 * 70 - 1)
    call = meta.top_up_job_delegate(job_id)
    stage.refused(SCHEDULER, call, er.RemainingTimeAboveLimit(31, 30))


def test_top_up_job_delegate__just_a_slice_remains__top_up(stage: Stage) -> None:
    job_id = a_delegated_job_in(stage, S.RUNNING, LOCK)
    stage.at(60 * 70)
    assert topped_up(stage, job_id).escrow == SLICE


def test_top_up_job_delegate__the_job_has_long_been_scheduled__count_no_minute_as_passed(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = a_delegated_job_in(stage, S.SCHEDULED, LOCK)
    stage.at(60 * 500)
    call = meta.top_up_job_delegate(job_id)
    stage.refused(SCHEDULER, call, er.RemainingTimeAboveLimit(100, 30))


def test_top_up_job_delegate__the_lock_would_exceed_the_cap__revert_with_amounttoolarge(
    stage: Stage, meta: MetaScheduler
) -> None:
    give_the_customer_all_credits(stage)
    price = CAP // 20
    stage.join(ProviderPrices(0, price, 0), BIG_NODES)
    job_id = a_delegated_job_in(stage, S.SCHEDULED, price)
    stage.refused(SCHEDULER, meta.top_up_job_delegate(job_id), er.AmountTooLarge(30 * price))


def test_top_up_job_delegate__too_little_is_owned__revert_with_erc20insufficientbalance(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = a_job_on_its_last_slice(stage)
    leave_the_customer(stage, SLICE - 1)
    error = er.ERC20InsufficientBalance(CUSTOMER, SLICE - 1, SLICE)
    stage.refused(PROVIDER, meta.top_up_job_delegate(job_id), error)


def test_top_up_job_delegate__too_little_is_allowed__revert_with_erc20insufficientallowance(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = a_job_on_its_last_slice(stage)
    stage.must(CUSTOMER, stage.world.credit.approve(meta.address, SLICE - 1))
    error = er.ERC20InsufficientAllowance(meta.address, SLICE - 1, SLICE)
    stage.refused(PROVIDER, meta.top_up_job_delegate(job_id), error)


def test_top_up_job_delegate__requests_are_disabled__top_up(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = a_job_on_its_last_slice(stage)
    disable_requests(stage)
    assert topped_up(stage, job_id).escrow == SLICE


def test_top_up_job_delegate__the_slice_has_changed_since__take_the_assigned_slice(
    stage: Stage,
) -> None:
    job_id = a_job_on_its_last_slice(stage)
    stage.set_constant("topUpSliceDurationMin", 1)
    assert topped_up(stage, job_id).escrow == SLICE


@pytest.mark.parametrize("caller", [CUSTOMER, PROVIDER, SCHEDULER])
def test_top_up_job_delegate__customer_provider_or_meta_scheduler_calls__charge_the_customer(
    stage: Stage, caller: Address
) -> None:
    job_id = a_job_on_its_last_slice(stage)
    charged = Money(customer=-SLICE, contract=SLICE, escrow=SLICE)
    assert topped_up(stage, job_id, caller) == charged
    cost = stage.job(job_id).cost
    assert (cost.max_cost, cost.pending_top_up) == (2 * SLICE, SLICE)


def test_top_up_job_delegate__nothing_is_wrong__emit_jobtoppedup_with_the_customer_as_payer(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = a_job_on_its_last_slice(stage)
    happened(
        stage.must(PROVIDER, meta.top_up_job_delegate(job_id)),
        ev.JobToppedUp(job_id, PROVIDER, CUSTOMER, SLICE),
        ev.Transfer(CUSTOMER, meta.address, SLICE),
    )


def test_top_up_job_delegate__nothing_is_wrong__queue_the_job_once(stage: Stage) -> None:
    job_id = a_job_on_its_last_slice(stage)
    stage.start(job_id)
    topped_up(stage, job_id)
    stage.at(60 * 30)
    topped_up(stage, job_id)
    assert queues(stage) == Queues(top_up=1)
