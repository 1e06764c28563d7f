"""The branches of roles, and of handing over the admin."""

import pytest
from tests.contracts.branches.facts import ADMIN_ROLE, SCHEDULER_ROLE, ask, call_of, logged
from tests.contracts.conformance.stage import CUSTOMER, PROVIDER, Stage
from tests.contracts.invariants.revm import BLOCK_TIME_S, read
from tests.contracts.invariants.world import CUSTOMERS, DEPLOYER, OPERATOR, SCHEDULER, STRANGER

from deepsquare.chain._generated import errors as er
from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain.call import Call
from deepsquare.chain.contracts import MetaScheduler
from deepsquare.identifiers import ZERO_ADDRESS, Address, parse_address

ADMIN, HEIR, OTHER_HEIR = DEPLOYER, CUSTOMERS[1], CUSTOMERS[2]
OTHERS = [STRANGER, SCHEDULER, OPERATOR]
DAY_S = 86_400


def handover(stage: Stage) -> tuple[Address, int]:
    """Who is to become the admin, and the second after which that is possible."""
    heir, schedule = ask(stage, stage.world.meta_scheduler, "pendingDefaultAdmin")
    return parse_address(heir), schedule


def begin(stage: Stage, heir: Address) -> int:
    """Announce an heir; returns the second after which the role can be accepted."""
    stage.must(ADMIN, stage.world.meta_scheduler.begin_default_admin_transfer(heir))
    return stage.world.chain.now_s + DAY_S


def next_call_at(stage: Stage, second: int) -> None:
    stage.world.chain.pass_time(second - stage.world.chain.now_s - BLOCK_TIME_S)


def renounce(meta: MetaScheduler, role: bytes, account: Address) -> Call:
    return call_of(meta, "renounceRole", role, account)


def is_for_the_admin(stage: Stage, call: Call) -> None:
    for caller in OTHERS:
        error = er.AccessControlUnauthorizedAccount(caller, ADMIN_ROLE)
        stage.refused(caller, call, error)


def is_no_way_to_the_admin_role(stage: Stage, call: Call) -> None:
    for caller in (ADMIN, *OTHERS):
        stage.refused(caller, call, er.AccessControlEnforcedDefaultAdminRules())


def role_event(name: str, role: bytes, account: Address, sender: Address) -> tuple[object, ...]:
    return name, role, account.lower(), sender.lower()


def test_grant_role__it_is_the_admin_role__revert_with_accesscontrolenforceddefaultadminrules(
    stage: Stage, meta: MetaScheduler
) -> None:
    is_no_way_to_the_admin_role(stage, meta.grant_role(ADMIN_ROLE, HEIR))


def test_grant_role__the_caller_is_not_the_admin__revert_with_accesscontrolunauthorizedaccount(
    stage: Stage, meta: MetaScheduler
) -> None:
    is_for_the_admin(stage, meta.grant_role(SCHEDULER_ROLE, STRANGER))


def test_grant_role__the_account_holds_the_role__do_nothing(
    stage: Stage, meta: MetaScheduler
) -> None:
    outcome = stage.must(ADMIN, meta.grant_role(SCHEDULER_ROLE, SCHEDULER))
    assert outcome.logs == ()
    assert read(meta.has_role(SCHEDULER_ROLE, SCHEDULER))


def test_grant_role__the_account_lacks_the_role__grant_it_and_emit_rolegranted(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.request()
    outcome = stage.must(ADMIN, meta.grant_role(SCHEDULER_ROLE, STRANGER))
    granted = role_event("RoleGranted", SCHEDULER_ROLE, STRANGER, ADMIN)
    assert logged(outcome, meta) == [granted]
    stage.must(STRANGER, meta.meta_schedule(job_id, PROVIDER))


def test_revoke_role__it_is_the_admin_role__revert_with_accesscontrolenforceddefaultadminrules(
    stage: Stage, meta: MetaScheduler
) -> None:
    is_no_way_to_the_admin_role(stage, meta.revoke_role(ADMIN_ROLE, ADMIN))
    assert read(meta.default_admin()) == ADMIN


def test_revoke_role__the_caller_is_not_the_admin__revert_with_accesscontrolunauthorizedaccount(
    stage: Stage, meta: MetaScheduler
) -> None:
    is_for_the_admin(stage, meta.revoke_role(SCHEDULER_ROLE, SCHEDULER))


def test_revoke_role__the_account_lacks_the_role__do_nothing(
    stage: Stage, meta: MetaScheduler
) -> None:
    assert stage.must(ADMIN, meta.revoke_role(SCHEDULER_ROLE, STRANGER)).logs == ()
    assert read(meta.has_role(SCHEDULER_ROLE, SCHEDULER))


def test_revoke_role__the_account_holds_the_role__take_it_and_emit_rolerevoked(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.request()
    outcome = stage.must(ADMIN, meta.revoke_role(SCHEDULER_ROLE, SCHEDULER))
    revoked = role_event("RoleRevoked", SCHEDULER_ROLE, SCHEDULER, ADMIN)
    assert logged(outcome, meta) == [revoked]
    error = er.AccessControlUnauthorizedAccount(SCHEDULER, SCHEDULER_ROLE)
    stage.refused(SCHEDULER, meta.meta_schedule(job_id, PROVIDER), error)


@pytest.mark.parametrize("caller", [ADMIN, STRANGER])
def test_renounce_role__the_account_is_not_the_caller__revert_with_accesscontrolbadconfirmation(
    stage: Stage, meta: MetaScheduler, caller: Address
) -> None:
    call = renounce(meta, SCHEDULER_ROLE, SCHEDULER)
    stage.refused(caller, call, er.AccessControlBadConfirmation())


def test_renounce_role__the_caller_lacks_the_role__do_nothing(
    stage: Stage, meta: MetaScheduler
) -> None:
    for role in (SCHEDULER_ROLE, ADMIN_ROLE):
        assert stage.must(STRANGER, renounce(meta, role, STRANGER)).logs == ()
    assert read(meta.default_admin()) == ADMIN


def test_renounce_role__the_caller_is_a_meta_scheduler__give_the_role_up_and_emit_rolerevoked(
    stage: Stage, meta: MetaScheduler
) -> None:
    outcome = stage.must(SCHEDULER, renounce(meta, SCHEDULER_ROLE, SCHEDULER))
    revoked = role_event("RoleRevoked", SCHEDULER_ROLE, SCHEDULER, SCHEDULER)
    assert logged(outcome, meta) == [revoked]
    assert not read(meta.has_role(SCHEDULER_ROLE, SCHEDULER))


def test_renounce_role__nothing_was_begun__revert_with_accesscontrolenforceddefaultadmindelay(
    stage: Stage, meta: MetaScheduler
) -> None:
    call = renounce(meta, ADMIN_ROLE, ADMIN)
    stage.refused(ADMIN, call, er.AccessControlEnforcedDefaultAdminDelay(0))


def test_renounce_role__an_heir_waits__revert_with_accesscontrolenforceddefaultadmindelay(
    stage: Stage, meta: MetaScheduler
) -> None:
    schedule = begin(stage, HEIR)
    next_call_at(stage, schedule + 1)
    error = er.AccessControlEnforcedDefaultAdminDelay(schedule)
    stage.refused(ADMIN, renounce(meta, ADMIN_ROLE, ADMIN), error)


def test_renounce_role__a_day_has_not_passed__revert_with_accesscontrolenforceddefaultadmindelay(
    stage: Stage, meta: MetaScheduler
) -> None:
    schedule = begin(stage, ZERO_ADDRESS)
    next_call_at(stage, schedule)
    error = er.AccessControlEnforcedDefaultAdminDelay(schedule)
    stage.refused(ADMIN, renounce(meta, ADMIN_ROLE, ADMIN), error)


def test_renounce_role__a_day_has_passed__leave_no_admin_and_strand_no_job(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.RUNNING)
    next_call_at(stage, begin(stage, ZERO_ADDRESS) + 1)
    outcome = stage.must(ADMIN, renounce(meta, ADMIN_ROLE, ADMIN))
    assert logged(outcome, meta) == [role_event("RoleRevoked", ADMIN_ROLE, ADMIN, ADMIN)]
    assert read(meta.default_admin()) == ZERO_ADDRESS
    error = er.AccessControlUnauthorizedAccount(ADMIN, ADMIN_ROLE)
    stage.refused(ADMIN, meta.withdraw_admin(0), error)
    assert stage.report(job_id, S.FINISHED, 1).error is None
    stage.must(CUSTOMER, meta.cancel_job(stage.request()))


def test_begin_default_admin_transfer__others_call__revert_with_accesscontrolunauthorizedaccount(
    stage: Stage, meta: MetaScheduler
) -> None:
    is_for_the_admin(stage, meta.begin_default_admin_transfer(STRANGER))


def test_begin_default_admin_transfer__an_heir_waits__replace_the_heir_and_restart_the_day(
    stage: Stage, meta: MetaScheduler
) -> None:
    begin(stage, OTHER_HEIR)
    stage.world.chain.pass_time(DAY_S)
    outcome = stage.must(ADMIN, meta.begin_default_admin_transfer(HEIR))
    schedule = stage.world.chain.now_s + DAY_S
    assert logged(outcome, meta) == [
        ("DefaultAdminTransferCanceled",),
        ("DefaultAdminTransferScheduled", HEIR.lower(), schedule),
    ]
    assert handover(stage) == (HEIR, schedule)
    accept = meta.accept_default_admin_transfer()
    stage.refused(OTHER_HEIR, accept, er.AccessControlInvalidDefaultAdmin(OTHER_HEIR))


def test_begin_default_admin_transfer__no_heir_waits__announce_the_heir_for_a_day_later(
    stage: Stage, meta: MetaScheduler
) -> None:
    outcome = stage.must(ADMIN, meta.begin_default_admin_transfer(HEIR))
    schedule = stage.world.chain.now_s + DAY_S
    scheduled = ("DefaultAdminTransferScheduled", HEIR.lower(), schedule)
    assert logged(outcome, meta) == [scheduled]
    assert handover(stage) == (HEIR, schedule)


def test_begin_default_admin_transfer__no_heir_waits__keep_the_admin_in_office(
    stage: Stage, meta: MetaScheduler
) -> None:
    begin(stage, HEIR)
    stage.must(ADMIN, meta.withdraw_admin(0))
    error = er.AccessControlUnauthorizedAccount(HEIR, ADMIN_ROLE)
    stage.refused(HEIR, meta.withdraw_admin(0), error)
    assert read(meta.default_admin()) == ADMIN


def test_cancel_default_admin_transfer__others_call__revert_with_accesscontrolunauthorizedaccount(
    stage: Stage, meta: MetaScheduler
) -> None:
    is_for_the_admin(stage, call_of(meta, "cancelDefaultAdminTransfer"))


def test_cancel_default_admin_transfer__no_heir_waits__do_nothing(
    stage: Stage, meta: MetaScheduler
) -> None:
    assert stage.must(ADMIN, call_of(meta, "cancelDefaultAdminTransfer")).logs == ()
    assert read(meta.default_admin()) == ADMIN


def test_cancel_default_admin_transfer__an_heir_waits__shut_the_heir_out(
    stage: Stage, meta: MetaScheduler
) -> None:
    schedule = begin(stage, HEIR)
    outcome = stage.must(ADMIN, call_of(meta, "cancelDefaultAdminTransfer"))
    assert logged(outcome, meta) == [("DefaultAdminTransferCanceled",)]
    assert handover(stage) == (ZERO_ADDRESS, 0)
    next_call_at(stage, schedule + 1)
    accept = meta.accept_default_admin_transfer()
    stage.refused(HEIR, accept, er.AccessControlInvalidDefaultAdmin(HEIR))


def test_accept_default_admin_transfer__no_heir__revert_with_accesscontrolinvaliddefaultadmin(
    stage: Stage, meta: MetaScheduler
) -> None:
    for caller in (ADMIN, STRANGER):
        error = er.AccessControlInvalidDefaultAdmin(caller)
        stage.refused(caller, meta.accept_default_admin_transfer(), error)


def test_accept_default_admin_transfer__others_call__revert_with_accesscontrolinvaliddefaultadmin(
    stage: Stage, meta: MetaScheduler
) -> None:
    next_call_at(stage, begin(stage, HEIR) + 1)
    for caller in (ADMIN, *OTHERS):
        error = er.AccessControlInvalidDefaultAdmin(caller)
        stage.refused(caller, meta.accept_default_admin_transfer(), error)


def test_accept_default_admin_transfer__early__revert_with_accesscontrolenforceddefaultadmindelay(
    stage: Stage, meta: MetaScheduler
) -> None:
    """The library wants the second after the day to have begun; protocol.md asks for the day."""
    schedule = begin(stage, HEIR)
    for second in (schedule - DAY_S + 1, schedule - 1, schedule):
        next_call_at(stage, second)
        error = er.AccessControlEnforcedDefaultAdminDelay(schedule)
        stage.refused(HEIR, meta.accept_default_admin_transfer(), error)


def test_accept_default_admin_transfer__a_day_has_passed__hand_over_all_powers_but_no_other_role(
    stage: Stage, meta: MetaScheduler
) -> None:
    next_call_at(stage, begin(stage, HEIR) + 1)
    stage.must(HEIR, meta.accept_default_admin_transfer())
    assert read(meta.default_admin()) == HEIR
    assert handover(stage) == (ZERO_ADDRESS, 0)
    stage.must(HEIR, meta.withdraw_admin(0))
    error = er.AccessControlUnauthorizedAccount(ADMIN, ADMIN_ROLE)
    stage.refused(ADMIN, meta.withdraw_admin(0), error)
    assert read(meta.has_role(SCHEDULER_ROLE, SCHEDULER))
    assert not read(meta.has_role(SCHEDULER_ROLE, HEIR))


def test_accept_default_admin_transfer__a_day_has_passed__emit_rolerevoked_and_rolegranted(
    stage: Stage, meta: MetaScheduler
) -> None:
    next_call_at(stage, begin(stage, HEIR) + 1)
    outcome = stage.must(HEIR, meta.accept_default_admin_transfer())
    assert logged(outcome, meta) == [
        role_event("RoleRevoked", ADMIN_ROLE, ADMIN, HEIR),
        role_event("RoleGranted", ADMIN_ROLE, HEIR, HEIR),
    ]


def test_change_default_admin_delay__others_call__revert_with_accesscontrolunauthorizedaccount(
    stage: Stage, meta: MetaScheduler
) -> None:
    is_for_the_admin(stage, call_of(meta, "changeDefaultAdminDelay", 1))


@pytest.mark.parametrize("delay_s", [0, 1, DAY_S, 2 * DAY_S])
def test_change_default_admin_delay__admin_role__revert_with_accesscontrolenforceddefaultadminrules(
    stage: Stage, meta: MetaScheduler, delay_s: int
) -> None:
    call = call_of(meta, "changeDefaultAdminDelay", delay_s)
    stage.refused(ADMIN, call, er.AccessControlEnforcedDefaultAdminRules())
    assert ask(stage, meta, "defaultAdminDelay") == DAY_S


def test_rollback_default_admin_delay__others_call__revert_with_accesscontrolunauthorizedaccount(
    stage: Stage, meta: MetaScheduler
) -> None:
    is_for_the_admin(stage, call_of(meta, "rollbackDefaultAdminDelay"))


def test_rollback_default_admin_delay__the_admin_calls__keep_the_delay_of_a_day(
    stage: Stage, meta: MetaScheduler
) -> None:
    assert stage.must(ADMIN, call_of(meta, "rollbackDefaultAdminDelay")).logs == ()
    assert ask(stage, meta, "defaultAdminDelay") == DAY_S
