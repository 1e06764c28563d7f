"""The branches of roles, and of handing over the admin."""

import pytest
from eth_utils.crypto import keccak
from tests.contracts.branches.facts import call_of
from tests.contracts.branches.registrations import told
from tests.contracts.conformance.stage import Stage
from tests.contracts.invariants.revm import BLOCK_TIME_S, read
from tests.contracts.invariants.world import DEPLOYER, OPERATOR, SCHEDULER, STRANGER

from deepsquare.chain._generated import errors as er
from deepsquare.chain.call import Call
from deepsquare.chain.contracts import ProviderManager
from deepsquare.identifiers import ZERO_ADDRESS, Address

ADMIN, HEIR, EARLIER_HEIR = DEPLOYER, STRANGER, SCHEDULER
ADMIN_ROLE, OPERATOR_ROLE = bytes(32), keccak(text="PROVIDER_OPERATOR_ROLE")
DELAY_S = 86_400


@pytest.fixture
def providers(stage: Stage) -> ProviderManager:
    return stage.world.providers


def handover(providers: ProviderManager) -> tuple[Address, Address, int]:
    """The admin, who is to become it, and the second after which that is possible."""
    pending = read(providers._read(tuple[Address, int], "pendingDefaultAdmin", at="latest"))
    return (read(providers.default_admin()), *pending)


def begin(stage: Stage, heir: Address) -> int:
    """Offer the admin; returns the second after which it can be accepted."""
    stage.must(ADMIN, stage.world.providers.begin_default_admin_transfer(heir))
    return stage.world.chain.now_s + DELAY_S


def next_call_at(stage: Stage, second: int) -> None:
    stage.world.chain.pass_time(second - stage.world.chain.now_s - BLOCK_TIME_S)


def holds(stage: Stage, account: Address, role: bytes = OPERATOR_ROLE) -> bool:
    return read(stage.world.providers.has_role(role, account))


def event(name: str, role: bytes, account: Address, sender: Address) -> tuple[object, ...]:
    return (name, role, account.lower(), sender.lower())


def test_grant_role__it_is_the_admin_role__revert_with_accesscontrolenforceddefaultadminrules(
    stage: Stage, providers: ProviderManager
) -> None:
    for caller, account in ((ADMIN, HEIR), (ADMIN, ADMIN), (STRANGER, HEIR)):
        call = providers.grant_role(ADMIN_ROLE, account)
        stage.refused(caller, call, er.AccessControlEnforcedDefaultAdminRules())
    assert holds(stage, ADMIN, ADMIN_ROLE)
    assert not holds(stage, HEIR, ADMIN_ROLE)


def test_grant_role__others_call__revert_with_accesscontrolunauthorizedaccount(
    stage: Stage, providers: ProviderManager
) -> None:
    for caller in (STRANGER, OPERATOR):
        error = er.AccessControlUnauthorizedAccount(caller, ADMIN_ROLE)
        stage.refused(caller, providers.grant_role(OPERATOR_ROLE, STRANGER), error)
    assert not holds(stage, STRANGER)


def test_grant_role__the_account_lacks_the_role__grant_it_and_tell_of_it(
    stage: Stage, providers: ProviderManager
) -> None:
    outcome = stage.must(ADMIN, providers.grant_role(OPERATOR_ROLE, STRANGER))
    assert told(stage, outcome) == [event("RoleGranted", OPERATOR_ROLE, STRANGER, ADMIN)]
    assert holds(stage, STRANGER)
    stage.must(STRANGER, providers.ban(SCHEDULER))


def test_grant_role__the_account_has_the_role__change_nothing_and_tell_nothing(
    stage: Stage, providers: ProviderManager
) -> None:
    assert told(stage, stage.must(ADMIN, providers.grant_role(OPERATOR_ROLE, OPERATOR))) == []
    assert holds(stage, OPERATOR)


def test_revoke_role__it_is_the_admin_role__revert_with_accesscontrolenforceddefaultadminrules(
    stage: Stage, providers: ProviderManager
) -> None:
    for caller, account in ((ADMIN, HEIR), (ADMIN, ADMIN), (STRANGER, HEIR)):
        call = providers.revoke_role(ADMIN_ROLE, account)
        stage.refused(caller, call, er.AccessControlEnforcedDefaultAdminRules())
    assert holds(stage, ADMIN, ADMIN_ROLE)
    assert not holds(stage, HEIR, ADMIN_ROLE)


def test_revoke_role__others_call__revert_with_accesscontrolunauthorizedaccount(
    stage: Stage, providers: ProviderManager
) -> None:
    for caller in (STRANGER, OPERATOR):
        error = er.AccessControlUnauthorizedAccount(caller, ADMIN_ROLE)
        stage.refused(caller, providers.revoke_role(OPERATOR_ROLE, OPERATOR), error)
    assert holds(stage, OPERATOR)


def test_revoke_role__the_account_has_the_role__revoke_it_and_tell_of_it(
    stage: Stage, providers: ProviderManager
) -> None:
    outcome = stage.must(ADMIN, providers.revoke_role(OPERATOR_ROLE, OPERATOR))
    assert told(stage, outcome) == [event("RoleRevoked", OPERATOR_ROLE, OPERATOR, ADMIN)]
    error = er.AccessControlUnauthorizedAccount(OPERATOR, OPERATOR_ROLE)
    stage.refused(OPERATOR, providers.ban(SCHEDULER), error)


def test_revoke_role__the_account_lacks_the_role__change_nothing_and_tell_nothing(
    stage: Stage, providers: ProviderManager
) -> None:
    assert told(stage, stage.must(ADMIN, providers.revoke_role(OPERATOR_ROLE, STRANGER))) == []
    assert holds(stage, OPERATOR)


def test_renounce_role__the_account_is_not_the_caller__revert_with_accesscontrolbadconfirmation(
    stage: Stage, providers: ProviderManager
) -> None:
    for caller in (STRANGER, ADMIN):
        call = call_of(providers, "renounceRole", OPERATOR_ROLE, OPERATOR)
        stage.refused(caller, call, er.AccessControlBadConfirmation())
    assert holds(stage, OPERATOR)


def test_renounce_role__the_caller_has_the_role__give_it_up_and_tell_of_it(
    stage: Stage, providers: ProviderManager
) -> None:
    call = call_of(providers, "renounceRole", OPERATOR_ROLE, OPERATOR)
    outcome = stage.must(OPERATOR, call)
    assert told(stage, outcome) == [event("RoleRevoked", OPERATOR_ROLE, OPERATOR, OPERATOR)]
    assert not holds(stage, OPERATOR)


def test_renounce_role__the_caller_lacks_the_role__change_nothing_and_tell_nothing(
    stage: Stage, providers: ProviderManager
) -> None:
    for role in (OPERATOR_ROLE, ADMIN_ROLE):
        call = call_of(providers, "renounceRole", role, STRANGER)
        assert told(stage, stage.must(STRANGER, call)) == []
    assert holds(stage, ADMIN, ADMIN_ROLE)


def renounce_admin(providers: ProviderManager) -> Call:
    return call_of(providers, "renounceRole", ADMIN_ROLE, ADMIN)


def test_renounce_role__nothing_was_begun__revert_with_accesscontrolenforceddefaultadmindelay(
    stage: Stage, providers: ProviderManager
) -> None:
    error = er.AccessControlEnforcedDefaultAdminDelay(0)
    stage.refused(ADMIN, renounce_admin(providers), error)


def test_renounce_role__an_heir_waits__revert_with_accesscontrolenforceddefaultadmindelay(
    stage: Stage, providers: ProviderManager
) -> None:
    schedule = begin(stage, HEIR)
    next_call_at(stage, schedule + 1)
    error = er.AccessControlEnforcedDefaultAdminDelay(schedule)
    stage.refused(ADMIN, renounce_admin(providers), error)


def test_renounce_role__it_is_too_early__revert_with_accesscontrolenforceddefaultadmindelay(
    stage: Stage, providers: ProviderManager
) -> None:
    schedule = begin(stage, ZERO_ADDRESS)
    error = er.AccessControlEnforcedDefaultAdminDelay(schedule)
    stage.refused(ADMIN, renounce_admin(providers), error)
    next_call_at(stage, schedule)
    stage.refused(ADMIN, renounce_admin(providers), error)


def test_renounce_role__a_day_has_passed__leave_no_admin_and_tell_of_it(
    stage: Stage, providers: ProviderManager
) -> None:
    next_call_at(stage, begin(stage, ZERO_ADDRESS) + 1)
    outcome = stage.must(ADMIN, renounce_admin(providers))
    assert told(stage, outcome) == [event("RoleRevoked", ADMIN_ROLE, ADMIN, ADMIN)]
    assert handover(providers) == (ZERO_ADDRESS, ZERO_ADDRESS, 0)
    assert not holds(stage, ADMIN, ADMIN_ROLE)
    assert holds(stage, OPERATOR)


def test_renounce_role__another_account_confirms__revert_with_accesscontrolbadconfirmation(
    stage: Stage, providers: ProviderManager
) -> None:
    next_call_at(stage, begin(stage, ZERO_ADDRESS) + 1)
    stage.refused(STRANGER, renounce_admin(providers), er.AccessControlBadConfirmation())
    assert handover(providers)[0] == ADMIN


def test_begin_default_admin_transfer__others_call__revert_with_accesscontrolunauthorizedaccount(
    stage: Stage, providers: ProviderManager
) -> None:
    for caller in (STRANGER, OPERATOR):
        error = er.AccessControlUnauthorizedAccount(caller, ADMIN_ROLE)
        stage.refused(caller, providers.begin_default_admin_transfer(caller), error)
    assert handover(providers) == (ADMIN, ZERO_ADDRESS, 0)


def test_begin_default_admin_transfer__no_transfer_waits__schedule_it_a_day_ahead_and_tell_of_it(
    stage: Stage, providers: ProviderManager
) -> None:
    outcome = stage.must(ADMIN, providers.begin_default_admin_transfer(HEIR))
    schedule = stage.world.chain.now_s + DELAY_S
    assert told(stage, outcome) == [("DefaultAdminTransferScheduled", HEIR.lower(), schedule)]
    assert handover(providers) == (ADMIN, HEIR, schedule)
    assert not holds(stage, HEIR, ADMIN_ROLE)


def test_begin_default_admin_transfer__a_transfer_waits__replace_it_and_tell_of_both(
    stage: Stage, providers: ProviderManager
) -> None:
    begin(stage, EARLIER_HEIR)
    outcome = stage.must(ADMIN, providers.begin_default_admin_transfer(HEIR))
    schedule = stage.world.chain.now_s + DELAY_S
    assert told(stage, outcome) == [
        ("DefaultAdminTransferCanceled",),
        ("DefaultAdminTransferScheduled", HEIR.lower(), schedule),
    ]
    assert handover(providers) == (ADMIN, HEIR, schedule)


def test_accept_default_admin_transfer__no_heir__revert_with_accesscontrolinvaliddefaultadmin(
    stage: Stage, providers: ProviderManager
) -> None:
    for caller in (ADMIN, STRANGER):
        error = er.AccessControlInvalidDefaultAdmin(caller)
        stage.refused(caller, providers.accept_default_admin_transfer(), error)


def test_accept_default_admin_transfer__others_call__revert_with_accesscontrolinvaliddefaultadmin(
    stage: Stage, providers: ProviderManager
) -> None:
    begin(stage, EARLIER_HEIR)
    next_call_at(stage, begin(stage, HEIR) + 1)
    for caller in (ADMIN, OPERATOR, EARLIER_HEIR):
        error = er.AccessControlInvalidDefaultAdmin(caller)
        stage.refused(caller, providers.accept_default_admin_transfer(), error)
    assert handover(providers)[0] == ADMIN


def test_accept_default_admin_transfer__early__revert_with_accesscontrolenforceddefaultadmindelay(
    stage: Stage, providers: ProviderManager
) -> None:
    schedule = begin(stage, HEIR)
    error = er.AccessControlEnforcedDefaultAdminDelay(schedule)
    stage.refused(HEIR, providers.accept_default_admin_transfer(), error)
    next_call_at(stage, schedule)
    stage.refused(HEIR, providers.accept_default_admin_transfer(), error)


def test_accept_default_admin_transfer__a_day_has_passed__hand_over_and_tell_of_it(
    stage: Stage, providers: ProviderManager
) -> None:
    next_call_at(stage, begin(stage, HEIR) + 1)
    outcome = stage.must(HEIR, providers.accept_default_admin_transfer())
    assert told(stage, outcome) == [
        event("RoleRevoked", ADMIN_ROLE, ADMIN, HEIR),
        event("RoleGranted", ADMIN_ROLE, HEIR, HEIR),
    ]
    assert handover(providers) == (HEIR, ZERO_ADDRESS, 0)


def test_accept_default_admin_transfer__a_day_has_passed__move_the_power_and_leave_other_roles(
    stage: Stage, providers: ProviderManager
) -> None:
    next_call_at(stage, begin(stage, HEIR) + 1)
    stage.must(HEIR, providers.accept_default_admin_transfer())
    call = providers.set_job_count_source(ZERO_ADDRESS)
    stage.refused(ADMIN, call, er.AccessControlUnauthorizedAccount(ADMIN, ADMIN_ROLE))
    stage.must(HEIR, call)
    assert holds(stage, OPERATOR)


def test_cancel_default_admin_transfer__others_call__revert_with_accesscontrolunauthorizedaccount(
    stage: Stage, providers: ProviderManager
) -> None:
    schedule = begin(stage, HEIR)
    for caller in (HEIR, OPERATOR):
        error = er.AccessControlUnauthorizedAccount(caller, ADMIN_ROLE)
        stage.refused(caller, call_of(providers, "cancelDefaultAdminTransfer"), error)
    assert handover(providers) == (ADMIN, HEIR, schedule)


def test_cancel_default_admin_transfer__a_transfer_waits__cancel_it_and_tell_of_it(
    stage: Stage, providers: ProviderManager
) -> None:
    schedule = begin(stage, HEIR)
    outcome = stage.must(ADMIN, call_of(providers, "cancelDefaultAdminTransfer"))
    assert told(stage, outcome) == [("DefaultAdminTransferCanceled",)]
    assert handover(providers) == (ADMIN, ZERO_ADDRESS, 0)
    next_call_at(stage, schedule + 1)
    error = er.AccessControlInvalidDefaultAdmin(HEIR)
    stage.refused(HEIR, providers.accept_default_admin_transfer(), error)


def test_cancel_default_admin_transfer__no_transfer_waits__change_nothing_and_tell_nothing(
    stage: Stage, providers: ProviderManager
) -> None:
    outcome = stage.must(ADMIN, call_of(providers, "cancelDefaultAdminTransfer"))
    assert told(stage, outcome) == []
    assert handover(providers) == (ADMIN, ZERO_ADDRESS, 0)


def delay(providers: ProviderManager) -> int:
    return read(providers._read(int, "defaultAdminDelay", at="latest"))


def test_change_default_admin_delay__others_call__revert_with_accesscontrolunauthorizedaccount(
    stage: Stage, providers: ProviderManager
) -> None:
    error = er.AccessControlUnauthorizedAccount(STRANGER, ADMIN_ROLE)
    stage.refused(STRANGER, call_of(providers, "changeDefaultAdminDelay", 0), error)


def test_change_default_admin_delay__admin_role__revert_with_accesscontrolenforceddefaultadminrules(
    stage: Stage, providers: ProviderManager
) -> None:
    for new in (0, DELAY_S, DELAY_S + 1, 2**48 - 1):
        call = call_of(providers, "changeDefaultAdminDelay", new)
        stage.refused(ADMIN, call, er.AccessControlEnforcedDefaultAdminRules())
    assert delay(providers) == DELAY_S


def test_rollback_default_admin_delay__others_call__revert_with_accesscontrolunauthorizedaccount(
    stage: Stage, providers: ProviderManager
) -> None:
    error = er.AccessControlUnauthorizedAccount(STRANGER, ADMIN_ROLE)
    stage.refused(STRANGER, call_of(providers, "rollbackDefaultAdminDelay"), error)


def test_rollback_default_admin_delay__the_admin_calls__change_nothing_and_tell_nothing(
    stage: Stage, providers: ProviderManager
) -> None:
    outcome = stage.must(ADMIN, call_of(providers, "rollbackDefaultAdminDelay"))
    assert told(stage, outcome) == []
    assert delay(providers) == DELAY_S
