"""The branches of allowances, transfers and minting."""

from tests.contracts.branches.facts import CAP, UNLIMITED, call_of, happened, logged
from tests.contracts.conformance.stage import CUSTOMER, PROVIDER, Stage
from tests.contracts.invariants.revm import Outcome, read
from tests.contracts.invariants.world import DEPLOYER, STRANGER, SUPPLY

from deepsquare.chain import events as ev
from deepsquare.chain._generated import errors as er
from deepsquare.chain.call import Call
from deepsquare.chain.contracts import Credit
from deepsquare.identifiers import ZERO_ADDRESS, Address

OWNED = 10**7 * 10**18
YES = (1).to_bytes(32, "big")


def holdings(stage: Stage) -> tuple[int, int, int]:
    """What customer and provider own, and what there is in all."""
    credit = stage.world.credit
    return (
        read(credit.balance_of(CUSTOMER)),
        read(credit.balance_of(PROVIDER)),
        read(credit.total_supply()),
    )


def take(stage: Stage, receiver: Address, amount: int, owner: Address = CUSTOMER) -> Call:
    return call_of(stage.world.credit, "transferFrom", owner, receiver, amount)


def allow(stage: Stage, amount: int) -> None:
    """Let the stranger spend the customer's credits."""
    stage.must(CUSTOMER, stage.world.credit.approve(STRANGER, amount))


def allowed(stage: Stage) -> int:
    return read(stage.world.credit.allowance(CUSTOMER, STRANGER))


def only_moved(stage: Stage, outcome: Outcome, amount: int) -> None:
    """Require that credits went from customer to provider, and that nothing else happened."""
    happened(outcome, ev.Transfer(CUSTOMER, PROVIDER, amount))
    assert len(logged(outcome, stage.world.credit)) == 1
    assert outcome.output == YES
    assert holdings(stage) == (OWNED - amount, amount, SUPPLY)


def test_approve__the_spender_is_the_zero_address__revert_with_erc20invalidspender(
    stage: Stage,
) -> None:
    approve = stage.world.credit.approve(ZERO_ADDRESS, 1)
    stage.refused(CUSTOMER, approve, er.ERC20InvalidSpender(ZERO_ADDRESS))


def test_approve__the_spender_is_an_account__store_the_amount_tell_of_it_and_return_true(
    stage: Stage,
) -> None:
    outcome = stage.must(CUSTOMER, stage.world.credit.approve(STRANGER, 7))
    happened(outcome, ev.Approval(CUSTOMER, STRANGER, 7))
    assert (outcome.output, allowed(stage)) == (YES, 7)
    assert read(stage.world.credit.allowance(STRANGER, CUSTOMER)) == 0


def test_approve__the_spender_is_an_account__replace_what_was_allowed_before(stage: Stage) -> None:
    for amount in (7, 5, UNLIMITED, 0):
        allow(stage, amount)
        assert allowed(stage) == amount


def test_approve__the_amount_is_more_than_the_owner_has__allow_it_all_the_same(
    stage: Stage,
) -> None:
    allow(stage, OWNED + 1)
    assert allowed(stage) == OWNED + 1


def test_transfer__the_receiver_is_the_zero_address__revert_with_erc20invalidreceiver(
    stage: Stage,
) -> None:
    error = er.ERC20InvalidReceiver(ZERO_ADDRESS)
    for amount in (0, 1, OWNED + 1):
        stage.refused(CUSTOMER, stage.world.credit.transfer(ZERO_ADDRESS, amount), error)


def test_transfer__the_amount_is_more_than_the_sender_has__revert_with_erc20insufficientbalance(
    stage: Stage,
) -> None:
    for amount in (OWNED + 1, UNLIMITED):
        error = er.ERC20InsufficientBalance(CUSTOMER, OWNED, amount)
        stage.refused(CUSTOMER, stage.world.credit.transfer(PROVIDER, amount), error)
    assert holdings(stage) == (OWNED, 0, SUPPLY)


def test_transfer__the_sender_has_the_amount__move_it_tell_of_it_and_return_true(
    stage: Stage,
) -> None:
    only_moved(stage, stage.must(CUSTOMER, stage.world.credit.transfer(PROVIDER, 7)), 7)


def test_transfer__the_amount_is_all_that_the_sender_has__move_all_of_it(stage: Stage) -> None:
    only_moved(stage, stage.must(CUSTOMER, stage.world.credit.transfer(PROVIDER, OWNED)), OWNED)


def test_transfer__the_amount_is_zero__move_nothing_and_tell_of_it(stage: Stage) -> None:
    only_moved(stage, stage.must(CUSTOMER, stage.world.credit.transfer(PROVIDER, 0)), 0)


def test_transfer__the_receiver_is_the_sender__leave_the_balance_as_it_is(stage: Stage) -> None:
    outcome = stage.must(CUSTOMER, stage.world.credit.transfer(CUSTOMER, OWNED))
    happened(outcome, ev.Transfer(CUSTOMER, CUSTOMER, OWNED))
    assert holdings(stage) == (OWNED, 0, SUPPLY)


def test_transfer_from__the_allowance_is_too_small__revert_with_erc20insufficientallowance(
    stage: Stage,
) -> None:
    allow(stage, 6)
    stage.refused(STRANGER, take(stage, PROVIDER, 7), er.ERC20InsufficientAllowance(STRANGER, 6, 7))
    stage.refused(PROVIDER, take(stage, PROVIDER, 7), er.ERC20InsufficientAllowance(PROVIDER, 0, 7))
    assert (holdings(stage), allowed(stage)) == ((OWNED, 0, SUPPLY), 6)


def test_transfer_from__allowance_funds_receiver_are_wrong__revert_with_erc20insufficientallowance(
    stage: Stage,
) -> None:
    allow(stage, 6)
    error = er.ERC20InsufficientAllowance(STRANGER, 6, OWNED + 1)
    stage.refused(STRANGER, take(stage, ZERO_ADDRESS, OWNED + 1), error)


def test_transfer_from__the_owner_takes_without_allowance__revert_with_erc20insufficientallowance(
    stage: Stage,
) -> None:
    stage.refused(CUSTOMER, take(stage, PROVIDER, 1), er.ERC20InsufficientAllowance(CUSTOMER, 0, 1))


def test_transfer_from__the_owner_is_the_zero_address__revert_with_erc20invalidapprover(
    stage: Stage,
) -> None:
    call = take(stage, PROVIDER, 0, owner=ZERO_ADDRESS)
    stage.refused(STRANGER, call, er.ERC20InvalidApprover(ZERO_ADDRESS))


def test_transfer_from__the_receiver_is_the_zero_address__revert_with_erc20invalidreceiver(
    stage: Stage,
) -> None:
    allow(stage, UNLIMITED)
    error = er.ERC20InvalidReceiver(ZERO_ADDRESS)
    for amount in (1, OWNED + 1):
        stage.refused(STRANGER, take(stage, ZERO_ADDRESS, amount), error)


def test_transfer_from__the_owner_has_less_than_the_amount__revert_with_erc20insufficientbalance(
    stage: Stage,
) -> None:
    allow(stage, OWNED + 1)
    error = er.ERC20InsufficientBalance(CUSTOMER, OWNED, OWNED + 1)
    stage.refused(STRANGER, take(stage, PROVIDER, OWNED + 1), error)
    assert (holdings(stage), allowed(stage)) == ((OWNED, 0, SUPPLY), OWNED + 1)


def test_transfer_from__the_owner_has_the_amount__move_it_tell_of_it_and_return_true(
    stage: Stage,
) -> None:
    allow(stage, 7)
    only_moved(stage, stage.must(STRANGER, take(stage, PROVIDER, 7)), 7)


def test_transfer_from__the_owner_has_the_amount__lower_the_allowance_by_it(stage: Stage) -> None:
    allow(stage, 10)
    stage.must(STRANGER, take(stage, PROVIDER, 7))
    assert allowed(stage) == 3
    stage.must(STRANGER, take(stage, PROVIDER, 3))
    assert allowed(stage) == 0


def test_transfer_from__it_is_2_256_1__not_lower_it(stage: Stage) -> None:
    allow(stage, UNLIMITED)
    only_moved(stage, stage.must(STRANGER, take(stage, PROVIDER, OWNED)), OWNED)
    assert allowed(stage) == UNLIMITED


def test_transfer_from__it_is_2_256_2__lower_it(stage: Stage) -> None:
    allow(stage, UNLIMITED - 1)
    stage.must(STRANGER, take(stage, PROVIDER, 7))
    assert allowed(stage) == UNLIMITED - 8


def test_mint__a_stranger_calls__revert_with_ownableunauthorizedaccount(stage: Stage) -> None:
    for account, amount in ((CUSTOMER, 1), (ZERO_ADDRESS, 1), (CUSTOMER, UNLIMITED)):
        error = er.OwnableUnauthorizedAccount(CUSTOMER)
        stage.refused(CUSTOMER, stage.world.credit.mint(account, amount), error)


def test_mint__the_account_is_the_zero_address__revert_with_erc20invalidreceiver(
    stage: Stage,
) -> None:
    error = er.ERC20InvalidReceiver(ZERO_ADDRESS)
    for amount in (0, 1, CAP):
        stage.refused(DEPLOYER, stage.world.credit.mint(ZERO_ADDRESS, amount), error)


def test_mint__the_supply_would_exceed_the_cap__revert_with_erc20exceededcap(stage: Stage) -> None:
    for supply in (CAP + 1, CAP + SUPPLY, UNLIMITED):
        call = stage.world.credit.mint(PROVIDER, supply - SUPPLY)
        stage.refused(DEPLOYER, call, er.ERC20ExceededCap(supply, CAP))
    assert holdings(stage) == (OWNED, 0, SUPPLY)


def test_mint__the_supply_would_not_fit_a_word__revert_with_erc20exceededcap(stage: Stage) -> None:
    for amount in (UNLIMITED - SUPPLY + 1, UNLIMITED):
        mint = stage.world.credit.mint(PROVIDER, amount)
        stage.refused(DEPLOYER, mint, er.ERC20ExceededCap(UNLIMITED, CAP))
    assert holdings(stage) == (OWNED, 0, SUPPLY)


def test_mint__the_supply_reaches_the_cap__mint_all_of_it(stage: Stage) -> None:
    credit: Credit = stage.world.credit
    stage.must(DEPLOYER, credit.mint(PROVIDER, CAP - SUPPLY))
    assert holdings(stage) == (OWNED, CAP - SUPPLY, CAP)
    assert read(credit.cap()) == CAP
    stage.refused(DEPLOYER, credit.mint(PROVIDER, 1), er.ERC20ExceededCap(CAP + 1, CAP))


def test_mint__the_supply_stays_below_the_cap__mint_to_the_account_and_tell_of_it(
    stage: Stage,
) -> None:
    outcome = stage.must(DEPLOYER, stage.world.credit.mint(PROVIDER, 7))
    happened(outcome, ev.Transfer(ZERO_ADDRESS, PROVIDER, 7))
    assert holdings(stage) == (OWNED, 7, SUPPLY + 7)
