"""The branches of FaucetCredit."""

import pytest
from eth_abi.abi import encode
from tests.contracts.branches import ownership
from tests.contracts.branches.facts import UNLIMITED, happened, logged
from tests.contracts.conformance.stage import CUSTOMER, PROVIDER, Stage
from tests.contracts.invariants.revm import read
from tests.contracts.invariants.world import DEPLOYER, STRANGER, creation_code

from deepsquare.chain import events as ev
from deepsquare.chain._generated import errors as er
from deepsquare.chain.contracts.faucets import FaucetCredit
from deepsquare.chain.errors import Reverted
from deepsquare.identifiers import Address

FUNDS = 1000
ANSWER_FALSE = bytes.fromhex("600a600c600039600a6000f3600060005260206000f3")
"""Creation code of a token that answers every call with false."""


def faucet_over(stage: Stage, token: Address) -> FaucetCredit:
    code = creation_code()["FaucetCredit"] + encode(["address"], [token])
    return FaucetCredit(stage.world.chain, stage.world.chain.deploy(DEPLOYER, code))


@pytest.fixture
def faucet(stage: Stage) -> FaucetCredit:
    """A faucet with some credits."""
    ready = faucet_over(stage, stage.world.credit.address)
    stage.must(DEPLOYER, stage.world.credit.transfer(ready.address, FUNDS))
    return ready


def credit_user(stage: Stage, faucet: FaucetCredit, user: Address, amount: int) -> None:
    stage.must(DEPLOYER, faucet.credit_user(user, amount))


def books(stage: Stage, faucet: FaucetCredit, user: Address) -> tuple[int, int, int, int]:
    """To claim, claimed, claimed by all, and what the faucet has."""
    return (
        read(faucet.credited(user)),
        read(faucet.distributed(user)),
        read(faucet.total_distributed()),
        read(stage.world.credit.balance_of(faucet.address)),
    )


def test_credit_user__a_stranger_credits_credits__revert_with_ownableunauthorizedaccount(
    stage: Stage, faucet: FaucetCredit
) -> None:
    call = faucet.credit_user(STRANGER, 7)
    stage.refused(STRANGER, call, er.OwnableUnauthorizedAccount(STRANGER))
    assert books(stage, faucet, STRANGER) == (0, 0, 0, FUNDS)


def test_credit_user__the_owner_credits_credits__add_to_what_the_user_may_claim(
    stage: Stage, faucet: FaucetCredit
) -> None:
    for amount, total in ((7, 7), (5, 12), (0, 12)):
        outcome = stage.must(DEPLOYER, faucet.credit_user(CUSTOMER, amount))
        assert logged(outcome, faucet) == []
        assert books(stage, faucet, CUSTOMER) == (total, 0, 0, FUNDS)
    assert books(stage, faucet, PROVIDER) == (0, 0, 0, FUNDS)


def test_credit_user__the_owner_credits_more_credits_than_there_are__allow_it_all_the_same(
    stage: Stage, faucet: FaucetCredit
) -> None:
    credit_user(stage, faucet, CUSTOMER, FUNDS + 1)
    assert books(stage, faucet, CUSTOMER) == (FUNDS + 1, 0, 0, FUNDS)


def test_credit_user__the_sum_of_credits_would_not_fit_a_word__revert_with_an_arithmetic_panic(
    stage: Stage, faucet: FaucetCredit
) -> None:
    credit_user(stage, faucet, CUSTOMER, UNLIMITED)
    panic = Reverted("the contract panicked with code 0x11")
    stage.refused(DEPLOYER, faucet.credit_user(CUSTOMER, 1), panic)
    assert books(stage, faucet, CUSTOMER) == (UNLIMITED, 0, 0, FUNDS)


def test_claim__no_credits_are_credited__revert_with_nothingtoclaim(
    stage: Stage, faucet: FaucetCredit
) -> None:
    credit_user(stage, faucet, CUSTOMER, 7)
    stage.refused(STRANGER, faucet.claim(), er.NothingToClaim())


def test_claim__all_credits_are_claimed__revert_with_nothingtoclaim(
    stage: Stage, faucet: FaucetCredit
) -> None:
    credit_user(stage, faucet, CUSTOMER, 7)
    stage.must(CUSTOMER, faucet.claim())
    stage.refused(CUSTOMER, faucet.claim(), er.NothingToClaim())
    assert books(stage, faucet, CUSTOMER) == (0, 7, 7, FUNDS - 7)


def test_claim__the_faucet_has_too_few_credits__revert_with_erc20insufficientbalance(
    stage: Stage, faucet: FaucetCredit
) -> None:
    credit_user(stage, faucet, CUSTOMER, FUNDS + 1)
    error = er.ERC20InsufficientBalance(faucet.address, FUNDS, FUNDS + 1)
    stage.refused(CUSTOMER, faucet.claim(), error)


def test_claim__the_faucet_has_too_few_credits__keep_the_claim_for_later(
    stage: Stage, faucet: FaucetCredit
) -> None:
    credit_user(stage, faucet, CUSTOMER, FUNDS + 1)
    assert stage.send(CUSTOMER, faucet.claim()).error is not None
    assert books(stage, faucet, CUSTOMER) == (FUNDS + 1, 0, 0, FUNDS)
    stage.must(DEPLOYER, stage.world.credit.transfer(faucet.address, 1))
    stage.must(CUSTOMER, faucet.claim())
    assert books(stage, faucet, CUSTOMER) == (0, FUNDS + 1, FUNDS + 1, 0)


def test_claim__the_token_answers_false__revert_with_safeerc20failedoperation(stage: Stage) -> None:
    token = stage.world.chain.deploy(DEPLOYER, ANSWER_FALSE)
    lied_to = faucet_over(stage, token)
    credit_user(stage, lied_to, CUSTOMER, 7)
    stage.refused(CUSTOMER, lied_to.claim(), er.SafeERC20FailedOperation(token))
    assert read(lied_to.credited(CUSTOMER)) == 7


def test_claim__the_token_is_no_contract__revert_with_safeerc20failedoperation(
    stage: Stage,
) -> None:
    empty = faucet_over(stage, STRANGER)
    credit_user(stage, empty, CUSTOMER, 7)
    stage.refused(CUSTOMER, empty.claim(), er.SafeERC20FailedOperation(STRANGER))


def test_claim__the_faucet_has_enough_credits__pay_them_all_to_the_caller(
    stage: Stage, faucet: FaucetCredit
) -> None:
    before = read(stage.world.credit.balance_of(CUSTOMER))
    credit_user(stage, faucet, CUSTOMER, 7)
    credit_user(stage, faucet, CUSTOMER, 5)
    outcome = stage.must(CUSTOMER, faucet.claim())
    happened(outcome, ev.Transfer(faucet.address, CUSTOMER, 12))
    assert read(stage.world.credit.balance_of(CUSTOMER)) == before + 12


def test_claim__the_faucet_has_enough_credits__record_the_claim_and_the_totals(
    stage: Stage, faucet: FaucetCredit
) -> None:
    for user, amount in ((CUSTOMER, 7), (PROVIDER, 5), (CUSTOMER, 20)):
        credit_user(stage, faucet, user, amount)
        stage.must(user, faucet.claim())
    assert books(stage, faucet, CUSTOMER) == (0, 27, 32, FUNDS - 32)
    assert books(stage, faucet, PROVIDER) == (0, 5, 32, FUNDS - 32)


def test_accept_ownership__no_offer_of_faucetcredit_waits__revert_with_ownableunauthorizedaccount(
    stage: Stage, faucet: FaucetCredit
) -> None:
    ownership.check_accept_without_offer(stage, faucet)


def test_accept_ownership__others_take_faucetcredit__revert_with_ownableunauthorizedaccount(
    stage: Stage, faucet: FaucetCredit
) -> None:
    ownership.check_accept_by_others(stage, faucet)


def test_accept_ownership__the_heir_of_faucetcredit_accepts__move_the_ownership_and_announce_it(
    stage: Stage, faucet: FaucetCredit
) -> None:
    ownership.check_accept(stage, faucet)


def test_renounce_ownership__others_renounce_faucetcredit__revert_with_ownableunauthorizedaccount(
    stage: Stage, faucet: FaucetCredit
) -> None:
    ownership.check_renounce_by_a_stranger(stage, faucet)


def test_renounce_ownership__the_owner_of_faucetcredit_renounces__leave_no_owner_and_announce_it(
    stage: Stage, faucet: FaucetCredit
) -> None:
    ownership.check_renounce(stage, faucet)


def test_renounce_ownership__an_offer_of_faucetcredit_waits__withdraw_it(
    stage: Stage, faucet: FaucetCredit
) -> None:
    ownership.check_renounce_withdraws_the_offer(stage, faucet)


def test_transfer_ownership__a_stranger_offers_faucetcredit__revert_with_ownableunauthorizedaccount(
    stage: Stage, faucet: FaucetCredit
) -> None:
    ownership.check_offer_by_a_stranger(stage, faucet)


def test_transfer_ownership__the_owner_of_faucetcredit_offers_it__record_the_offer_and_announce_it(
    stage: Stage, faucet: FaucetCredit
) -> None:
    ownership.check_offer(stage, faucet)


def test_transfer_ownership__an_earlier_offer_of_faucetcredit_waits__replace_it(
    stage: Stage, faucet: FaucetCredit
) -> None:
    ownership.check_second_offer(stage, faucet)


def test_transfer_ownership__the_heir_of_faucetcredit_is_the_zero_address__withdraw_the_offer(
    stage: Stage, faucet: FaucetCredit
) -> None:
    ownership.check_offer_to_nobody(stage, faucet)
