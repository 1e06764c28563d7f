"""The branches of FaucetNative."""

import pytest
from tests.contracts.branches import ownership
from tests.contracts.branches.facts import UNLIMITED, call_of, logged
from tests.contracts.conformance.stage import CUSTOMER, PROVIDER, Stage
from tests.contracts.invariants.revm import Outcome, read
from tests.contracts.invariants.world import DEPLOYER, STRANGER, creation_code

from deepsquare.chain._generated import errors as er
from deepsquare.chain.call import Call
from deepsquare.chain.contracts.faucets import FaucetNative
from deepsquare.chain.errors import Reverted
from deepsquare.identifiers import Address, parse_address

FUNDS = 1000
REFUSES_COIN = parse_address("0x" + "9".zfill(40))
"""The precompile blake2f, which fails when it is called without data."""


@pytest.fixture
def faucet(stage: Stage) -> FaucetNative:
    """A faucet with some coin."""
    chain = stage.world.chain
    ready = FaucetNative(chain, chain.deploy(DEPLOYER, creation_code()["FaucetNative"]))
    chain.give_coin(STRANGER, FUNDS)
    sent(stage, ready, FUNDS)
    return ready


def sent(stage: Stage, faucet: FaucetNative, amount: int) -> Outcome:
    """Send coin from the stranger, with no data."""
    outcome = stage.world.chain.send(STRANGER, Call(faucet.address, b"", "fund"), amount)
    assert outcome.error is None, outcome.error
    return outcome


def credit_user(stage: Stage, faucet: FaucetNative, user: Address, amount: int) -> None:
    stage.must(DEPLOYER, faucet.credit_user(user, amount))


def books(stage: Stage, faucet: FaucetNative, user: Address) -> tuple[int, int, int, int]:
    """To claim, claimed, claimed by all, and what the faucet has."""
    return (
        read(faucet.credited(user)),
        read(faucet.distributed(user)),
        read(faucet.total_distributed()),
        stage.world.chain.coin_of(faucet.address),
    )


def users(faucet: FaucetNative, count: int) -> list[Address]:
    """The first users; an error if there are fewer."""
    return [read(faucet._read(Address, "users", i, at="latest")) for i in range(count)]


def total_credited(faucet: FaucetNative) -> int:
    return read(faucet._read(int, "totalCredited", at="latest"))


def greedy_wallet(faucet: FaucetNative) -> bytes:
    """Creation code of a wallet that claims whenever it is called or paid, refused or not."""
    claim, target = faucet.claim().data.hex(), faucet.address[2:]
    remember_claim = f"63{claim}60e01b600052"  # PUSH4 PUSH1 SHL PUSH1 MSTORE
    call_faucet = f"6000600060046000600073{target}5af100"  # PUSH1 x5 PUSH20 GAS CALL STOP
    runtime = bytes.fromhex(remember_claim + call_faucet)
    size = f"{len(runtime):02x}"
    return bytes.fromhex(f"60{size}600c60003960{size}6000f3") + runtime


def test_credit_user__a_stranger_credits_coin__revert_with_ownableunauthorizedaccount(
    stage: Stage, faucet: FaucetNative
) -> None:
    call = faucet.credit_user(STRANGER, 7)
    stage.refused(STRANGER, call, er.OwnableUnauthorizedAccount(STRANGER))
    assert books(stage, faucet, STRANGER) == (0, 0, 0, FUNDS)
    assert total_credited(faucet) == 0


def test_credit_user__the_owner_credits_coin__add_to_what_the_user_may_claim_and_to_the_total(
    stage: Stage, faucet: FaucetNative
) -> None:
    for amount, total in ((7, 7), (5, 12), (0, 12)):
        outcome = stage.must(DEPLOYER, faucet.credit_user(CUSTOMER, amount))
        assert logged(outcome, faucet) == []
        assert books(stage, faucet, CUSTOMER) == (total, 0, 0, FUNDS)
    credit_user(stage, faucet, PROVIDER, 30)
    assert total_credited(faucet) == 42


def test_credit_user__the_owner_credits_coin__record_first_time_users_in_order(
    stage: Stage, faucet: FaucetNative
) -> None:
    for user in (PROVIDER, CUSTOMER, PROVIDER):
        credit_user(stage, faucet, user, 7)
    stage.must(CUSTOMER, faucet.claim())
    credit_user(stage, faucet, CUSTOMER, 7)
    assert users(faucet, 2) == [PROVIDER, CUSTOMER]
    third = call_of(faucet, "users", 2)
    stage.refused(STRANGER, third, Reverted("the contract refused with no reason"))


def test_credit_user__the_owner_credits_more_coin_than_there_is__allow_it_all_the_same(
    stage: Stage, faucet: FaucetNative
) -> None:
    credit_user(stage, faucet, CUSTOMER, FUNDS + 1)
    assert books(stage, faucet, CUSTOMER) == (FUNDS + 1, 0, 0, FUNDS)


def test_credit_user__the_total_of_coin_would_not_fit_a_word__revert_with_an_arithmetic_panic(
    stage: Stage, faucet: FaucetNative
) -> None:
    credit_user(stage, faucet, CUSTOMER, UNLIMITED)
    panic = Reverted("the contract panicked with code 0x11")
    for user in (CUSTOMER, PROVIDER):
        stage.refused(DEPLOYER, faucet.credit_user(user, 1), panic)
    assert books(stage, faucet, PROVIDER) == (0, 0, 0, FUNDS)


def test_claim__no_coin_is_credited__revert_with_nothingtoclaim(
    stage: Stage, faucet: FaucetNative
) -> None:
    credit_user(stage, faucet, CUSTOMER, 7)
    stage.refused(PROVIDER, faucet.claim(), er.NothingToClaim())


def test_claim__all_coin_is_claimed__revert_with_nothingtoclaim(
    stage: Stage, faucet: FaucetNative
) -> None:
    credit_user(stage, faucet, CUSTOMER, 7)
    stage.must(CUSTOMER, faucet.claim())
    stage.refused(CUSTOMER, faucet.claim(), er.NothingToClaim())
    assert books(stage, faucet, CUSTOMER) == (0, 7, 7, FUNDS - 7)


def test_claim__the_faucet_has_too_little_coin__revert_with_transferfailed(
    stage: Stage, faucet: FaucetNative
) -> None:
    credit_user(stage, faucet, CUSTOMER, FUNDS + 1)
    stage.refused(CUSTOMER, faucet.claim(), er.TransferFailed())


def test_claim__the_faucet_has_too_little_coin__keep_the_claim_for_later(
    stage: Stage, faucet: FaucetNative
) -> None:
    credit_user(stage, faucet, CUSTOMER, FUNDS + 1)
    assert stage.send(CUSTOMER, faucet.claim()).error is not None
    assert books(stage, faucet, CUSTOMER) == (FUNDS + 1, 0, 0, FUNDS)
    stage.world.chain.give_coin(STRANGER, 1)
    sent(stage, faucet, 1)
    stage.must(CUSTOMER, faucet.claim())
    assert books(stage, faucet, CUSTOMER) == (0, FUNDS + 1, FUNDS + 1, 0)


def test_claim__the_caller_takes_no_coin__revert_with_transferfailed(
    stage: Stage, faucet: FaucetNative
) -> None:
    credit_user(stage, faucet, REFUSES_COIN, 7)
    stage.refused(REFUSES_COIN, faucet.claim(), er.TransferFailed())
    assert books(stage, faucet, REFUSES_COIN) == (7, 0, 0, FUNDS)


def test_claim__the_caller_claims_again_while_it_is_paid__pay_once(
    stage: Stage, faucet: FaucetNative
) -> None:
    chain = stage.world.chain
    wallet = chain.deploy(DEPLOYER, greedy_wallet(faucet))
    credit_user(stage, faucet, wallet, 7)
    stage.must(STRANGER, Call(wallet, faucet.claim().data, "claim through the wallet"))
    assert books(stage, faucet, wallet) == (0, 7, 7, FUNDS - 7)
    assert chain.coin_of(wallet) == 7


def test_claim__the_faucet_has_enough_coin__pay_it_all_to_the_caller(
    stage: Stage, faucet: FaucetNative
) -> None:
    before = stage.world.chain.coin_of(CUSTOMER)
    credit_user(stage, faucet, CUSTOMER, 7)
    credit_user(stage, faucet, CUSTOMER, 5)
    outcome = stage.must(CUSTOMER, faucet.claim())
    assert outcome.logs == ()
    assert stage.world.chain.coin_of(CUSTOMER) == before + 12


def test_claim__the_faucet_has_enough_coin__record_the_claim_and_the_totals(
    stage: Stage, faucet: FaucetNative
) -> None:
    for user, amount in ((CUSTOMER, 7), (PROVIDER, 5), (CUSTOMER, 20)):
        credit_user(stage, faucet, user, amount)
        stage.must(user, faucet.claim())
    assert books(stage, faucet, CUSTOMER) == (0, 27, 32, FUNDS - 32)
    assert books(stage, faucet, PROVIDER) == (0, 5, 32, FUNDS - 32)
    assert total_credited(faucet) == 32


def test_receive__anybody_sends_coin__keep_it_and_emit_received(
    stage: Stage, faucet: FaucetNative
) -> None:
    stage.world.chain.give_coin(STRANGER, 7)
    for amount, total in ((7, FUNDS + 7), (0, FUNDS + 7)):
        outcome = sent(stage, faucet, amount)
        assert logged(outcome, faucet) == [("Received", STRANGER.lower(), amount)]
        assert books(stage, faucet, STRANGER) == (0, 0, 0, total)


def test_receive__data_comes_with_the_coin__revert_without_a_reason(
    stage: Stage, faucet: FaucetNative
) -> None:
    stage.world.chain.give_coin(STRANGER, 7)
    outcome = stage.world.chain.send(STRANGER, Call(faucet.address, bytes(4), "data"), 7)
    assert repr(outcome.error) == repr(Reverted("the contract refused with no reason"))
    assert books(stage, faucet, STRANGER) == (0, 0, 0, FUNDS)


def test_receive__coin_comes_with_another_call__revert_without_a_reason(
    stage: Stage, faucet: FaucetNative
) -> None:
    stage.world.chain.give_coin(CUSTOMER, 7)
    credit_user(stage, faucet, CUSTOMER, 7)
    outcome = stage.world.chain.send(CUSTOMER, faucet.claim(), 7)
    assert repr(outcome.error) == repr(Reverted("the contract refused with no reason"))


def test_accept_ownership__no_offer_of_faucetnative_waits__revert_with_ownableunauthorizedaccount(
    stage: Stage, faucet: FaucetNative
) -> None:
    ownership.check_accept_without_offer(stage, faucet)


def test_accept_ownership__others_take_faucetnative__revert_with_ownableunauthorizedaccount(
    stage: Stage, faucet: FaucetNative
) -> None:
    ownership.check_accept_by_others(stage, faucet)


def test_accept_ownership__the_heir_of_faucetnative_accepts__move_the_ownership_and_announce_it(
    stage: Stage, faucet: FaucetNative
) -> None:
    ownership.check_accept(stage, faucet)


def test_renounce_ownership__others_renounce_faucetnative__revert_with_ownableunauthorizedaccount(
    stage: Stage, faucet: FaucetNative
) -> None:
    ownership.check_renounce_by_a_stranger(stage, faucet)


def test_renounce_ownership__the_owner_of_faucetnative_renounces__leave_no_owner_and_announce_it(
    stage: Stage, faucet: FaucetNative
) -> None:
    ownership.check_renounce(stage, faucet)


def test_renounce_ownership__an_offer_of_faucetnative_waits__withdraw_it(
    stage: Stage, faucet: FaucetNative
) -> None:
    ownership.check_renounce_withdraws_the_offer(stage, faucet)


def test_transfer_ownership__a_stranger_offers_faucetnative__revert_with_ownableunauthorizedaccount(
    stage: Stage, faucet: FaucetNative
) -> None:
    ownership.check_offer_by_a_stranger(stage, faucet)


def test_transfer_ownership__the_owner_of_faucetnative_offers_it__record_the_offer_and_announce_it(
    stage: Stage, faucet: FaucetNative
) -> None:
    ownership.check_offer(stage, faucet)


def test_transfer_ownership__an_earlier_offer_of_faucetnative_waits__replace_it(
    stage: Stage, faucet: FaucetNative
) -> None:
    ownership.check_second_offer(stage, faucet)


def test_transfer_ownership__the_heir_of_faucetnative_is_the_zero_address__withdraw_the_offer(
    stage: Stage, faucet: FaucetNative
) -> None:
    ownership.check_offer_to_nobody(stage, faucet)
