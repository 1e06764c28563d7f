"""The branches that every contract with an owner has in common: offer, accept, renounce."""

from tests.contracts.branches.facts import call_of, logged
from tests.contracts.conformance.stage import Stage
from tests.contracts.invariants.revm import read
from tests.contracts.invariants.world import DEPLOYER, OPERATOR, SCHEDULER, STRANGER

from deepsquare.chain._generated import errors as er
from deepsquare.chain.contracts.access import Owned
from deepsquare.identifiers import ZERO_ADDRESS, Address

OWNER, HEIR, EARLIER_HEIR = DEPLOYER, OPERATOR, SCHEDULER


def owners(contract: Owned) -> tuple[Address, Address]:
    """The owner and who may become it."""
    return read(contract.owner()), read(contract.pending_owner())


def check_offer_by_a_stranger(stage: Stage, contract: Owned) -> None:
    offer = contract.transfer_ownership(STRANGER)
    stage.refused(STRANGER, offer, er.OwnableUnauthorizedAccount(STRANGER))
    assert owners(contract) == (OWNER, ZERO_ADDRESS)


def check_offer(stage: Stage, contract: Owned) -> None:
    outcome = stage.must(OWNER, contract.transfer_ownership(HEIR))
    assert logged(outcome, contract) == [("OwnershipTransferStarted", OWNER.lower(), HEIR.lower())]
    assert owners(contract) == (OWNER, HEIR)


def check_second_offer(stage: Stage, contract: Owned) -> None:
    stage.must(OWNER, contract.transfer_ownership(EARLIER_HEIR))
    check_offer(stage, contract)
    accept = contract.accept_ownership()
    stage.refused(EARLIER_HEIR, accept, er.OwnableUnauthorizedAccount(EARLIER_HEIR))


def check_offer_to_nobody(stage: Stage, contract: Owned) -> None:
    stage.must(OWNER, contract.transfer_ownership(HEIR))
    stage.must(OWNER, contract.transfer_ownership(ZERO_ADDRESS))
    assert owners(contract) == (OWNER, ZERO_ADDRESS)
    stage.refused(HEIR, contract.accept_ownership(), er.OwnableUnauthorizedAccount(HEIR))


def check_accept_without_offer(stage: Stage, contract: Owned) -> None:
    for caller in (OWNER, HEIR, STRANGER):
        error = er.OwnableUnauthorizedAccount(caller)
        stage.refused(caller, contract.accept_ownership(), error)


def check_accept_by_others(stage: Stage, contract: Owned) -> None:
    stage.must(OWNER, contract.transfer_ownership(HEIR))
    for caller in (OWNER, STRANGER):
        error = er.OwnableUnauthorizedAccount(caller)
        stage.refused(caller, contract.accept_ownership(), error)
    assert owners(contract) == (OWNER, HEIR)


def check_accept(stage: Stage, contract: Owned) -> None:
    stage.must(OWNER, contract.transfer_ownership(HEIR))
    outcome = stage.must(HEIR, contract.accept_ownership())
    assert logged(outcome, contract) == [("OwnershipTransferred", OWNER.lower(), HEIR.lower())]
    assert owners(contract) == (HEIR, ZERO_ADDRESS)
    offer = contract.transfer_ownership(STRANGER)
    stage.refused(OWNER, offer, er.OwnableUnauthorizedAccount(OWNER))
    stage.must(HEIR, offer)


def check_renounce_by_a_stranger(stage: Stage, contract: Owned) -> None:
    stage.must(OWNER, contract.transfer_ownership(HEIR))
    for caller in (STRANGER, HEIR):
        error = er.OwnableUnauthorizedAccount(caller)
        stage.refused(caller, call_of(contract, "renounceOwnership"), error)
    assert owners(contract) == (OWNER, HEIR)


def check_renounce(stage: Stage, contract: Owned) -> None:
    outcome = stage.must(OWNER, call_of(contract, "renounceOwnership"))
    nobody = ZERO_ADDRESS.lower()
    assert logged(outcome, contract) == [("OwnershipTransferred", OWNER.lower(), nobody)]
    assert owners(contract) == (ZERO_ADDRESS, ZERO_ADDRESS)
    offer = contract.transfer_ownership(OWNER)
    stage.refused(OWNER, offer, er.OwnableUnauthorizedAccount(OWNER))


def check_renounce_withdraws_the_offer(stage: Stage, contract: Owned) -> None:
    stage.must(OWNER, contract.transfer_ownership(HEIR))
    stage.must(OWNER, call_of(contract, "renounceOwnership"))
    assert owners(contract) == (ZERO_ADDRESS, ZERO_ADDRESS)
    stage.refused(HEIR, contract.accept_ownership(), er.OwnableUnauthorizedAccount(HEIR))
