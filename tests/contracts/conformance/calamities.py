"""What can go wrong around a job, each as a step that brings a grid there."""

from collections.abc import Callable

import pyrevm
from tests.contracts.branches.acts import disable_requests, expel
from tests.contracts.branches.facts import SCHEDULER_ROLE, money
from tests.contracts.conformance.stage import CREDIT, CUSTOMER, Stage
from tests.contracts.invariants.revm import read
from tests.contracts.invariants.world import DEPLOYER, OPERATOR, SCHEDULER, STRANGER

from deepsquare.chain._generated.structs import ProviderPrices
from deepsquare.chain.call import Call
from deepsquare.identifiers import Address

Calamity = Callable[[Stage], None]

REVERT_ALWAYS = bytes.fromhex("60006000fd")
WORST_TERMS = {
    "minimumAmount": 2**96 - 1,
    "minimumTopUp": 2**96 - 1,
    "deepsquareCut": 100,
    "billDurationDeltaMinute": 1440,
    "cancellationFeeMinute": 60,
    "topUpSliceDurationMin": 1440,
    "claimJobTimeout": 10_080,
    "startJobTimeout": 43_200,
    "expireGraceMinute": 10_080,
}
"""The largest values that the owner of Constants may set."""


def nothing(_: Stage) -> None:
    """All goes well, but for the party that is silent."""


def provider_is_banned(stage: Stage) -> None:
    expel(stage, is_removed=False)


def provider_is_removed(stage: Stage) -> None:
    expel(stage, is_removed=True)


def provider_is_a_hundred_times_dearer(stage: Stage) -> None:
    stage.join(ProviderPrices(0, 100 * CREDIT, 0))


def terms_are_at_their_worst(stage: Stage) -> None:
    for name, value in WORST_TERMS.items():
        stage.set_constant(name, value)


def nobody_has_a_role(stage: Stage) -> None:
    """The admin takes every role back; from here on it is silent as well."""
    meta, providers = stage.world.meta_scheduler, stage.world.providers
    stage.must(DEPLOYER, meta.revoke_role(SCHEDULER_ROLE, SCHEDULER))
    role = read(providers.provider_operator_role())
    stage.must(DEPLOYER, providers.revoke_role(role, OPERATOR))


def fees_are_withdrawn(stage: Stage) -> None:
    meta = stage.world.meta_scheduler
    stage.must(DEPLOYER, meta.withdraw_admin(read(meta.accrued_fees())))


def customer_owns_nothing_else(stage: Stage) -> None:
    """It allows nothing and has nothing but what it locked."""
    credit = stage.world.credit
    stage.must(CUSTOMER, credit.approve(stage.world.meta_scheduler.address, 0))
    stage.must(CUSTOMER, credit.transfer(STRANGER, money(stage).customer))


def all_at_once(stage: Stage) -> None:
    for calamity in CALAMITIES[:-1]:
        calamity(stage)


CALAMITIES: tuple[Calamity, ...] = (
    nothing,
    provider_is_a_hundred_times_dearer,
    provider_is_removed,
    provider_is_banned,
    terms_are_at_their_worst,
    disable_requests,
    fees_are_withdrawn,
    customer_owns_nothing_else,
    nobody_has_a_role,
    all_at_once,
)


def refuse_every_call(stage: Stage, account: Address) -> None:
    """Turn an account into a contract that reverts whatever it is asked, and that never acts."""
    code = pyrevm.AccountInfo(code=REVERT_ALWAYS)
    stage.world.chain._evm.insert_account_info(account, code)
    asked = stage.send(DEPLOYER, Call(account, b"", "ask"))
    assert asked.error is not None
