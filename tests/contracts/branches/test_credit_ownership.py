"""The branches of the ownership of Credit."""

from tests.contracts.branches import ownership
from tests.contracts.conformance.stage import Stage


def test_accept_ownership__no_offer_waits__revert_with_ownableunauthorizedaccount(
    stage: Stage,
) -> None:
    ownership.check_accept_without_offer(stage, stage.world.credit)


def test_accept_ownership__others_accept__revert_with_ownableunauthorizedaccount(
    stage: Stage,
) -> None:
    ownership.check_accept_by_others(stage, stage.world.credit)


def test_accept_ownership__the_heir_accepts__move_the_ownership_and_announce_it(
    stage: Stage,
) -> None:
    ownership.check_accept(stage, stage.world.credit)


def test_renounce_ownership__others_call__revert_with_ownableunauthorizedaccount(
    stage: Stage,
) -> None:
    ownership.check_renounce_by_a_stranger(stage, stage.world.credit)


def test_renounce_ownership__the_owner_calls__leave_no_owner_and_announce_it(stage: Stage) -> None:
    ownership.check_renounce(stage, stage.world.credit)


def test_renounce_ownership__an_offer_waits__withdraw_it(stage: Stage) -> None:
    ownership.check_renounce_withdraws_the_offer(stage, stage.world.credit)


def test_transfer_ownership__a_stranger_calls__revert_with_ownableunauthorizedaccount(
    stage: Stage,
) -> None:
    ownership.check_offer_by_a_stranger(stage, stage.world.credit)


def test_transfer_ownership__the_owner_calls__record_the_offer_and_announce_it(
    stage: Stage,
) -> None:
    ownership.check_offer(stage, stage.world.credit)


def test_transfer_ownership__an_earlier_offer_waits__replace_it(stage: Stage) -> None:
    ownership.check_second_offer(stage, stage.world.credit)


def test_transfer_ownership__the_heir_is_the_zero_address__withdraw_the_offer(stage: Stage) -> None:
    ownership.check_offer_to_nobody(stage, stage.world.credit)
