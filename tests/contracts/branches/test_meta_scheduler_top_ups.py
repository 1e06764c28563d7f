"""The branches of `topUpJob`."""

from dataclasses import replace

import pytest
from tests.contracts.branches.acts import (
    disable_requests,
    give_the_customer_all_credits,
    leave_the_customer,
)
from tests.contracts.branches.facts import (
    CAP,
    UNKNOWN,
    UNLIMITED,
    Money,
    Queues,
    happened,
    money,
    queues,
)
from tests.contracts.conformance.stage import CREDIT, CUSTOMER, PROVIDER, Stage
from tests.contracts.invariants.reference_jobs import COLD
from tests.contracts.invariants.revm import read
from tests.contracts.invariants.world import SCHEDULER, STRANGER

from deepsquare.chain import events as ev
from deepsquare.chain._generated import errors as er
from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain.contracts import MetaScheduler
from deepsquare.identifiers import Address

LOCK = 100 * CREDIT
"""Pays for a hundred minutes."""
IDLE = [S.PENDING, S.META_SCHEDULED, *COLD]
WORKED_ON = [S.SCHEDULED, S.RUNNING]


def let_the_stranger_pay(stage: Stage) -> None:
    address = stage.world.meta_scheduler.address
    stage.must(STRANGER, stage.world.credit.approve(address, UNLIMITED))


def test_top_up_job__the_job_is_unknown__revert_with_invalidjob(
    stage: Stage, meta: MetaScheduler
) -> None:
    stage.refused(CUSTOMER, meta.top_up_job(UNKNOWN, 0), er.InvalidJob())


@pytest.mark.parametrize("status", IDLE)
def test_top_up_job__no_provider_works_on_the_job__revert_with_runningscheduledstatusonly(
    stage: Stage, meta: MetaScheduler, status: S
) -> None:
    job_id = stage.a_job_in(status)
    call = meta.top_up_job(job_id, 10 * CREDIT)
    stage.refused(CUSTOMER, call, er.RunningScheduledStatusOnly(status))


def test_top_up_job__the_amount_is_zero_too__revert_with_runningscheduledstatusonly(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.PENDING)
    stage.refused(STRANGER, meta.top_up_job(job_id, 0), er.RunningScheduledStatusOnly(S.PENDING))


@pytest.mark.parametrize("payer", [CUSTOMER, STRANGER])
def test_top_up_job__the_amount_is_zero__revert_with_insufficientfunds_of_one_wei(
    stage: Stage, meta: MetaScheduler, payer: Address
) -> None:
    job_id = stage.a_job_in(S.RUNNING)
    stage.refused(payer, meta.top_up_job(job_id, 0), er.InsufficientFunds(0, 1))


@pytest.mark.parametrize("payer", [STRANGER, PROVIDER, SCHEDULER])
def test_top_up_job__a_stranger_pays_less_than_the_minimum__revert_with_insufficientfunds(
    stage: Stage, meta: MetaScheduler, payer: Address
) -> None:
    job_id = stage.a_job_in(S.RUNNING)
    call = meta.top_up_job(job_id, 10 * CREDIT - 1)
    stage.refused(payer, call, er.InsufficientFunds(10 * CREDIT - 1, 10 * CREDIT))


def test_top_up_job__a_stranger_pays_the_minimum__charge_and_name_the_stranger_as_payer(
    stage: Stage, meta: MetaScheduler
) -> None:
    let_the_stranger_pay(stage)
    job_id, paid = stage.a_job_in(S.RUNNING), 10 * CREDIT
    before = money(stage)
    outcome = stage.must(STRANGER, meta.top_up_job(job_id, paid))
    assert money(stage) - before == Money(stranger=-paid, contract=paid, escrow=paid)
    assert ev.JobToppedUp(job_id, PROVIDER, STRANGER, paid) in outcome.events


def test_top_up_job__a_stranger_has_paid__refund_the_rest_to_the_customer(
    stage: Stage, meta: MetaScheduler
) -> None:
    let_the_stranger_pay(stage)
    job_id, paid = stage.a_job_in(S.RUNNING, LOCK), 10 * CREDIT
    stage.must(STRANGER, meta.top_up_job(job_id, paid))
    before = money(stage)
    stage.must(SCHEDULER, meta.panic_job(job_id, ""))
    whole = LOCK + paid
    assert money(stage) - before == Money(customer=whole, contract=-whole, escrow=-whole)


def test_top_up_job__the_customer_pays_less_than_the_minimum__take_it(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id, before = stage.a_job_in(S.RUNNING, LOCK), money(stage)
    stage.must(CUSTOMER, meta.top_up_job(job_id, 1))
    assert money(stage).escrow - before.escrow == 1
    assert stage.job(job_id).cost.max_cost == LOCK + 1


def test_top_up_job__the_lock_would_exceed_the_cap__revert_with_amounttoolarge(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.RUNNING, LOCK)
    for amount in (CAP - LOCK + 1, 2**256 - 1):
        stage.refused(CUSTOMER, meta.top_up_job(job_id, amount), er.AmountTooLarge(amount))


def test_top_up_job__the_lock_would_just_reach_the_cap__take_it(
    stage: Stage, meta: MetaScheduler
) -> None:
    give_the_customer_all_credits(stage)
    job_id = stage.a_job_in(S.RUNNING, LOCK)
    stage.must(CUSTOMER, meta.top_up_job(job_id, CAP - LOCK))
    assert stage.job(job_id).cost.max_cost == CAP
    assert money(stage) == Money(contract=CAP, escrow=CAP)


@pytest.mark.parametrize("status", WORKED_ON)
def test_top_up_job__the_caller_owns_too_little__revert_with_erc20insufficientbalance(
    stage: Stage, meta: MetaScheduler, status: S
) -> None:
    job_id = stage.a_job_in(status)
    leave_the_customer(stage, 5)
    error = er.ERC20InsufficientBalance(CUSTOMER, 5, 6)
    stage.refused(CUSTOMER, meta.top_up_job(job_id, 6), error)


@pytest.mark.parametrize("status", WORKED_ON)
def test_top_up_job__the_caller_allowed_too_little__revert_with_erc20insufficientallowance(
    stage: Stage, meta: MetaScheduler, status: S
) -> None:
    job_id = stage.a_job_in(status)
    stage.must(CUSTOMER, stage.world.credit.approve(meta.address, 5))
    error = er.ERC20InsufficientAllowance(meta.address, 5, 6)
    stage.refused(CUSTOMER, meta.top_up_job(job_id, 6), error)


def test_top_up_job__requests_are_disabled__take_it(stage: Stage, meta: MetaScheduler) -> None:
    job_id = stage.a_job_in(S.RUNNING, LOCK)
    disable_requests(stage)
    stage.must(CUSTOMER, meta.top_up_job(job_id, CREDIT))
    assert stage.job(job_id).cost.max_cost == LOCK + CREDIT


def test_top_up_job__the_customer_has_requested_a_stop__take_it(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.RUNNING, LOCK)
    stage.must(CUSTOMER, meta.cancel_job(job_id))
    stage.must(CUSTOMER, meta.top_up_job(job_id, CREDIT))
    assert stage.job(job_id).cost.max_cost == LOCK + CREDIT


def test_top_up_job__all_that_is_pending_pays_for_less_than_a_minute__queue_nothing(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.RUNNING)
    for part in (CREDIT - 2, 1):
        stage.must(CUSTOMER, meta.top_up_job(job_id, part))
    assert queues(stage) == Queues()
    assert stage.job(job_id).cost.pending_top_up == CREDIT - 1


def test_top_up_job__all_that_is_pending_pays_for_a_minute__queue_the_job_once(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.RUNNING)
    for part in (CREDIT - 1, 1):
        stage.must(CUSTOMER, meta.top_up_job(job_id, part))
    assert queues(stage) == Queues(top_up=1)
    assert read(stage.world.queues.has_top_up_job(PROVIDER))


def test_top_up_job__the_job_is_queued_already__not_queue_it_again(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.RUNNING)
    for _ in range(2):
        stage.must(CUSTOMER, meta.top_up_job(job_id, CREDIT))
    assert queues(stage) == Queues(top_up=1)
    assert stage.job(job_id).cost.pending_top_up == 2 * CREDIT


@pytest.mark.parametrize("status", WORKED_ON)
def test_top_up_job__nothing_is_wrong__add_to_lock_pending_top_up_and_escrow(
    stage: Stage, meta: MetaScheduler, status: S
) -> None:
    job_id, paid = stage.a_job_in(status, LOCK), 40 * CREDIT
    job, before = stage.job(job_id), money(stage)
    stage.must(CUSTOMER, meta.top_up_job(job_id, paid))
    raised = replace(job.cost, max_cost=LOCK + paid, pending_top_up=paid)
    assert stage.job(job_id) == replace(job, cost=raised)
    assert money(stage) - before == Money(customer=-paid, contract=paid, escrow=paid)


@pytest.mark.parametrize("status", WORKED_ON)
def test_top_up_job__nothing_is_wrong__emit_jobtoppedup_and_transfer(
    stage: Stage, meta: MetaScheduler, status: S
) -> None:
    job_id = stage.a_job_in(status)
    happened(
        stage.must(CUSTOMER, meta.top_up_job(job_id, CREDIT)),
        ev.JobToppedUp(job_id, PROVIDER, CUSTOMER, CREDIT),
        ev.Transfer(CUSTOMER, meta.address, CREDIT),
    )


def test_top_up_job__nothing_is_wrong__move_the_deadline_of_a_running_job(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.RUNNING, LOCK)
    assert stage.terms(job_id).deadline == stage.started_at + 60 * (100 + 60)
    stage.must(CUSTOMER, meta.top_up_job(job_id, 7 * CREDIT))
    assert stage.terms(job_id).deadline == stage.started_at + 60 * (107 + 60)
