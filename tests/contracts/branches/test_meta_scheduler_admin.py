"""The branches of `setEnableRequestNewJob` and `withdrawAdmin`: what the admin may do with it."""

import pytest
from tests.contracts.branches.acts import disable_requests
from tests.contracts.branches.facts import ADMIN_ROLE, Money, happened, logged, money
from tests.contracts.conformance.stage import CREDIT, CUSTOMER, DEFINITION, PROVIDER, Stage
from tests.contracts.invariants.revm import read
from tests.contracts.invariants.world import DEPLOYER, OPERATOR, SCHEDULER, STRANGER

from deepsquare.chain import events as ev
from deepsquare.chain._generated import errors as er
from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain.contracts import MetaScheduler
from deepsquare.identifiers import Address

ADMIN = DEPLOYER
OTHERS = [STRANGER, CUSTOMER, PROVIDER, SCHEDULER, OPERATOR]
FEES = 6 * CREDIT
"""Accrued by a job of thirty minutes at a credit a minute."""


def accrue_fees(stage: Stage) -> None:
    job_id = stage.a_job_in(S.RUNNING)
    stage.at(60 * 30)
    assert stage.report(job_id, S.FINISHED, 30).error is None
    assert read(stage.world.meta_scheduler.accrued_fees()) == FEES


def withdraw(stage: Stage, amount: int) -> tuple[Money, int]:
    """What moves, and what reaches the admin."""
    credit, before = stage.world.credit, money(stage)
    owned = read(credit.balance_of(ADMIN))
    stage.must(ADMIN, stage.world.meta_scheduler.withdraw_admin(amount))
    return money(stage) - before, read(credit.balance_of(ADMIN)) - owned


@pytest.mark.parametrize("caller", OTHERS)
def test_set_enable_request_new_job__others_call__revert_with_accesscontrolunauthorizedaccount(
    stage: Stage, meta: MetaScheduler, caller: Address
) -> None:
    error = er.AccessControlUnauthorizedAccount(caller, ADMIN_ROLE)
    for is_enabled in (False, True):
        call = meta.set_enable_request_new_job(is_enabled=is_enabled)
        stage.refused(caller, call, error)
    assert read(meta.enable_request_new_job())


def test_set_enable_request_new_job__the_caller_is_the_admin__stop_requests_and_allow_them_again(
    stage: Stage, meta: MetaScheduler
) -> None:
    stage.must(ADMIN, meta.set_enable_request_new_job(is_enabled=False))
    assert not read(meta.enable_request_new_job())
    request = meta.request_new_job(DEFINITION, 100 * CREDIT)
    stage.refused(CUSTOMER, request, er.NewJobRequestDisabled())
    stage.must(ADMIN, meta.set_enable_request_new_job(is_enabled=True))
    assert read(meta.enable_request_new_job())
    stage.must(CUSTOMER, request)


def test_set_enable_request_new_job__the_caller_is_the_admin__emit_requestnewjobenabled_each_time(
    stage: Stage, meta: MetaScheduler
) -> None:
    for is_enabled in (False, False, True):
        outcome = stage.must(ADMIN, meta.set_enable_request_new_job(is_enabled=is_enabled))
        assert logged(outcome, meta) == [("RequestNewJobEnabled", is_enabled)]


def test_set_enable_request_new_job__the_caller_is_the_admin__leave_escrow_and_fees(
    stage: Stage, meta: MetaScheduler
) -> None:
    accrue_fees(stage)
    stage.a_job_in(S.RUNNING)
    before = money(stage)
    assert (before.escrow, before.fees) == (1000 * CREDIT, FEES)
    for is_enabled in (False, True):
        stage.must(ADMIN, meta.set_enable_request_new_job(is_enabled=is_enabled))
        assert money(stage) == before


@pytest.mark.parametrize("caller", OTHERS)
def test_withdraw_admin__the_caller_is_not_the_admin__revert_with_accesscontrolunauthorizedaccount(
    stage: Stage, meta: MetaScheduler, caller: Address
) -> None:
    accrue_fees(stage)
    error = er.AccessControlUnauthorizedAccount(caller, ADMIN_ROLE)
    stage.refused(caller, meta.withdraw_admin(FEES), error)


def test_withdraw_admin__the_amount_is_too_large_too__revert_with_accesscontrolunauthorizedaccount(
    stage: Stage, meta: MetaScheduler
) -> None:
    error = er.AccessControlUnauthorizedAccount(STRANGER, ADMIN_ROLE)
    stage.refused(STRANGER, meta.withdraw_admin(1), error)


def test_withdraw_admin__the_amount_is_more_than_the_fees__revert_with_insufficientfunds(
    stage: Stage, meta: MetaScheduler
) -> None:
    accrue_fees(stage)
    stage.a_job_in(S.RUNNING)
    for amount in (FEES + 1, 2**256 - 1):
        stage.refused(ADMIN, meta.withdraw_admin(amount), er.InsufficientFunds(FEES, amount))


def test_withdraw_admin__credits_came_by_a_plain_transfer__revert_with_insufficientfunds_for_them(
    stage: Stage, meta: MetaScheduler
) -> None:
    stage.must(CUSTOMER, stage.world.credit.transfer(meta.address, 50 * CREDIT))
    stage.refused(ADMIN, meta.withdraw_admin(1), er.InsufficientFunds(0, 1))


def test_withdraw_admin__the_amount_is_part_of_the_fees__pay_it_and_keep_the_rest(
    stage: Stage, meta: MetaScheduler
) -> None:
    accrue_fees(stage)
    part = 2 * CREDIT
    assert withdraw(stage, part) == (Money(contract=-part, fees=-part), part)
    assert read(meta.accrued_fees()) == FEES - part


def test_withdraw_admin__the_amount_is_all_of_the_fees__leave_just_the_escrow(
    stage: Stage,
) -> None:
    accrue_fees(stage)
    stage.a_job_in(S.RUNNING)
    assert withdraw(stage, FEES) == (Money(contract=-FEES, fees=-FEES), FEES)
    left = money(stage)
    assert (left.contract, left.escrow, left.fees) == (1000 * CREDIT, 1000 * CREDIT, 0)


def test_withdraw_admin__the_amount_is_zero__transfer_nothing(
    stage: Stage, meta: MetaScheduler
) -> None:
    outcome = stage.must(ADMIN, meta.withdraw_admin(0))
    happened(outcome)
    assert logged(outcome, meta) == [("FeesWithdrawn", ADMIN.lower(), 0)]


def test_withdraw_admin__nothing_is_wrong__emit_feeswithdrawn_and_transfer(
    stage: Stage, meta: MetaScheduler
) -> None:
    accrue_fees(stage)
    outcome = stage.must(ADMIN, meta.withdraw_admin(FEES))
    happened(outcome, ev.Transfer(meta.address, ADMIN, FEES))
    assert logged(outcome, meta) == [("FeesWithdrawn", ADMIN.lower(), FEES)]


def test_withdraw_admin__requests_are_disabled__pay(stage: Stage) -> None:
    accrue_fees(stage)
    disable_requests(stage)
    assert withdraw(stage, FEES) == (Money(contract=-FEES, fees=-FEES), FEES)
