"""The branches of what the operator and the admin do with providers."""

from dataclasses import replace

import pytest
from eth_utils.crypto import keccak
from tests.contracts.branches.facts import Money, money
from tests.contracts.branches.registrations import (
    FIRST,
    NEWCOMER,
    NO_HASH,
    SECOND,
    Offer,
    Standing,
    approve,
    ban,
    join,
    listed,
    nodes,
    propose,
    standing,
    told,
)
from tests.contracts.conformance.stage import CREDIT, PROVIDER, Stage
from tests.contracts.invariants.revm import read
from tests.contracts.invariants.world import DEPLOYER, OPERATOR, SCHEDULER, STRANGER

from deepsquare.chain._generated import errors as er
from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain.call import Call
from deepsquare.chain.contracts import ProviderManager
from deepsquare.identifiers import ZERO_ADDRESS

OPERATOR_ROLE = keccak(text="PROVIDER_OPERATOR_ROLE")
JOINED = Standing(registration=FIRST.seen(), is_valid=True, is_joined=True)
LARGE = replace(FIRST, hardware=nodes((8,) * 1024))


@pytest.fixture
def providers(stage: Stage) -> ProviderManager:
    return stage.world.providers


def refused_to_others(stage: Stage, call: Call) -> None:
    """Require that nobody but the operator may do it, not even the admin."""
    for caller in (STRANGER, DEPLOYER, SCHEDULER, NEWCOMER):
        error = er.AccessControlUnauthorizedAccount(caller, OPERATOR_ROLE)
        stage.refused(caller, call, error)


def gas_of_approval(stage: Stage, offer: Offer) -> int:
    with stage.world.chain.rewound():
        propose(stage, offer)
        return approve(stage).gas_used


def test_approve__others_call__revert_with_accesscontrolunauthorizedaccount(
    stage: Stage, providers: ProviderManager
) -> None:
    refused_to_others(stage, providers.approve(NEWCOMER))
    propose(stage)
    refused_to_others(stage, providers.approve(NEWCOMER))
    stage.must(OPERATOR, providers.approve(NEWCOMER))


def test_approve__nothing_waits__revert_with_waitingapprovalonly(
    stage: Stage, providers: ProviderManager
) -> None:
    stage.refused(OPERATOR, providers.approve(NEWCOMER), er.WaitingApprovalOnly())
    join(stage)
    stage.refused(OPERATOR, providers.approve(NEWCOMER), er.WaitingApprovalOnly())
    assert standing(stage) == JOINED


def test_approve__nothing_waits_and_it_is_banned__revert_with_waitingapprovalonly(
    stage: Stage, providers: ProviderManager
) -> None:
    ban(stage)
    stage.refused(OPERATOR, providers.approve(NEWCOMER), er.WaitingApprovalOnly())


def test_approve__the_provider_is_banned__revert_with_banned(
    stage: Stage, providers: ProviderManager
) -> None:
    propose(stage)
    ban(stage)
    stage.refused(OPERATOR, providers.approve(NEWCOMER), er.Banned())
    assert not standing(stage).is_joined


def test_approve__the_first_proposal_waits__make_it_the_registration_and_tell_of_it(
    stage: Stage, providers: ProviderManager
) -> None:
    propose(stage)
    outcome = stage.must(OPERATOR, providers.approve(NEWCOMER))
    assert told(stage, outcome) == [("ProviderApproved", NEWCOMER.lower())]
    assert standing(stage) == JOINED
    assert set(listed(stage, "Joined")) == {PROVIDER, NEWCOMER}


def test_approve__the_provider_has_joined_before__replace_its_registration(
    stage: Stage, providers: ProviderManager
) -> None:
    join(stage)
    propose(stage, SECOND)
    stage.must(OPERATOR, providers.approve(NEWCOMER))
    assert standing(stage) == replace(JOINED, registration=SECOND.seen())


def test_approve__a_proposal_of_1024_nodes_waits__cost_no_more_than_for_a_small_one(
    stage: Stage,
) -> None:
    assert gas_of_approval(stage, LARGE) == gas_of_approval(stage, FIRST)


def test_approve_proposal__others_call__revert_with_accesscontrolunauthorizedaccount(
    stage: Stage, providers: ProviderManager
) -> None:
    refused_to_others(stage, providers.approve_proposal(NEWCOMER, FIRST.hash))
    propose(stage)
    refused_to_others(stage, providers.approve_proposal(NEWCOMER, FIRST.hash))
    stage.must(OPERATOR, providers.approve_proposal(NEWCOMER, FIRST.hash))


def test_approve_proposal__nothing_waits__revert_with_waitingapprovalonly(
    stage: Stage, providers: ProviderManager
) -> None:
    for given in (FIRST.hash, NO_HASH):
        call = providers.approve_proposal(NEWCOMER, given)
        stage.refused(OPERATOR, call, er.WaitingApprovalOnly())
    join(stage)
    stage.refused(OPERATOR, call, er.WaitingApprovalOnly())


def test_approve_proposal__nothing_waits_and_it_is_banned__revert_with_waitingapprovalonly(
    stage: Stage, providers: ProviderManager
) -> None:
    ban(stage)
    stage.refused(
        OPERATOR, providers.approve_proposal(NEWCOMER, FIRST.hash), er.WaitingApprovalOnly()
    )


def test_approve_proposal__the_provider_is_banned_and_another_proposal_waits__revert_with_banned(
    stage: Stage, providers: ProviderManager
) -> None:
    propose(stage, SECOND)
    ban(stage)
    stage.refused(OPERATOR, providers.approve_proposal(NEWCOMER, FIRST.hash), er.Banned())
    assert not standing(stage).is_joined


def test_approve_proposal__another_proposal_waits__revert_with_proposalchanged(
    stage: Stage, providers: ProviderManager
) -> None:
    propose(stage, SECOND)
    for given in (FIRST.hash, NO_HASH):
        call = providers.approve_proposal(NEWCOMER, given)
        stage.refused(OPERATOR, call, er.ProposalChanged(given, SECOND.hash))
    assert not standing(stage).is_joined


def test_approve_proposal__the_proposal_was_replaced_just_before__revert_with_proposalchanged(
    stage: Stage, providers: ProviderManager
) -> None:
    propose(stage)
    seen = read(providers.proposal_hash(NEWCOMER))
    propose(stage, SECOND)
    call = providers.approve_proposal(NEWCOMER, seen)
    stage.refused(OPERATOR, call, er.ProposalChanged(FIRST.hash, SECOND.hash))


def test_approve_proposal__that_first_proposal_waits__make_it_the_registration_and_tell_of_it(
    stage: Stage, providers: ProviderManager
) -> None:
    propose(stage)
    outcome = stage.must(OPERATOR, providers.approve_proposal(NEWCOMER, FIRST.hash))
    assert told(stage, outcome) == [("ProviderApproved", NEWCOMER.lower())]
    assert standing(stage) == JOINED
    assert set(listed(stage, "Joined")) == {PROVIDER, NEWCOMER}


def test_approve_proposal__the_provider_has_joined_before__replace_its_registration(
    stage: Stage, providers: ProviderManager
) -> None:
    join(stage)
    propose(stage, SECOND)
    stage.must(OPERATOR, providers.approve_proposal(NEWCOMER, SECOND.hash))
    assert standing(stage) == replace(JOINED, registration=SECOND.seen())


def test_approve_proposal__a_ban_has_ended__approve_as_if_there_had_been_none(
    stage: Stage, providers: ProviderManager
) -> None:
    propose(stage)
    ban(stage)
    stage.must(OPERATOR, providers.unban(NEWCOMER))
    stage.must(OPERATOR, providers.approve_proposal(NEWCOMER, FIRST.hash))
    assert standing(stage) == JOINED


def test_remove__others_call__revert_with_accesscontrolunauthorizedaccount(
    stage: Stage, providers: ProviderManager
) -> None:
    refused_to_others(stage, providers.remove(STRANGER))
    join(stage)
    refused_to_others(stage, providers.remove(NEWCOMER))
    assert standing(stage) == JOINED


def test_remove__the_address_is_neither_joined_nor_waiting__revert_with_noprovider(
    stage: Stage, providers: ProviderManager
) -> None:
    for address in (NEWCOMER, STRANGER, ZERO_ADDRESS):
        stage.refused(OPERATOR, providers.remove(address), er.NoProvider())


def test_remove__the_provider_is_removed_already__revert_with_noprovider(
    stage: Stage, providers: ProviderManager
) -> None:
    join(stage)
    stage.must(OPERATOR, providers.remove(NEWCOMER))
    stage.refused(OPERATOR, providers.remove(NEWCOMER), er.NoProvider())


def test_remove__a_proposal_waits__drop_it_and_tell_of_it(
    stage: Stage, providers: ProviderManager
) -> None:
    propose(stage)
    outcome = stage.must(OPERATOR, providers.remove(NEWCOMER))
    assert told(stage, outcome) == [("ProviderRemoved", NEWCOMER.lower())]
    assert standing(stage) == Standing()


def test_remove__the_provider_is_joined__end_the_membership_and_tell_of_it(
    stage: Stage, providers: ProviderManager
) -> None:
    join(stage)
    outcome = stage.must(OPERATOR, providers.remove(NEWCOMER))
    assert told(stage, outcome) == [("ProviderRemoved", NEWCOMER.lower())]
    assert standing(stage) == Standing()
    assert listed(stage, "Joined") == (PROVIDER,)


def test_remove__it_is_joined_and_a_proposal_waits__end_both(
    stage: Stage, providers: ProviderManager
) -> None:
    join(stage)
    propose(stage, SECOND)
    stage.must(OPERATOR, providers.remove(NEWCOMER))
    assert standing(stage) == Standing()


def test_remove__the_provider_is_banned__keep_the_ban(
    stage: Stage, providers: ProviderManager
) -> None:
    join(stage)
    ban(stage)
    stage.must(OPERATOR, providers.remove(NEWCOMER))
    assert standing(stage) == Standing(is_banned=True)


def test_remove__the_provider_runs_a_job__leave_the_job_and_its_price_as_they_are(
    stage: Stage, providers: ProviderManager
) -> None:
    job_id = stage.a_job_in(S.RUNNING)
    before = money(stage)
    stage.must(OPERATOR, providers.remove(PROVIDER))
    stage.at(30 * 60)
    assert stage.report(job_id, S.FINISHED, 30).error is None
    assert money(stage) - before == Money(
        customer=970 * CREDIT,
        provider=24 * CREDIT,
        contract=-994 * CREDIT,
        escrow=-1000 * CREDIT,
        fees=6 * CREDIT,
    )


def test_ban__others_call__revert_with_accesscontrolunauthorizedaccount(
    stage: Stage, providers: ProviderManager
) -> None:
    refused_to_others(stage, providers.ban(NEWCOMER))
    ban(stage)
    refused_to_others(stage, providers.ban(NEWCOMER))


def test_ban__the_address_is_banned__revert_with_alreadydone(
    stage: Stage, providers: ProviderManager
) -> None:
    ban(stage)
    stage.refused(OPERATOR, providers.ban(NEWCOMER), er.AlreadyDone())


def test_ban__the_address_is_unknown__ban_it_and_tell_of_it(
    stage: Stage, providers: ProviderManager
) -> None:
    for address in (NEWCOMER, ZERO_ADDRESS):
        outcome = stage.must(OPERATOR, providers.ban(address))
        assert told(stage, outcome) == [("ProviderBanChanged", address.lower(), True)]
        assert standing(stage, address) == Standing(is_banned=True)


def test_ban__the_provider_is_joined__keep_the_registration_but_take_it_out_of_scheduling(
    stage: Stage, providers: ProviderManager
) -> None:
    join(stage)
    stage.must(OPERATOR, providers.ban(NEWCOMER))
    shown = FIRST.seen(is_banned=True)
    assert standing(stage) == Standing(registration=shown, is_banned=True, is_joined=True)


def test_ban__a_proposal_waits__keep_the_proposal(stage: Stage, providers: ProviderManager) -> None:
    propose(stage)
    stage.must(OPERATOR, providers.ban(NEWCOMER))
    assert standing(stage) == Standing(
        proposal=FIRST.seen(is_banned=True),
        proposal_hash=FIRST.hash,
        is_waiting=True,
        is_banned=True,
    )


def test_unban__others_call__revert_with_accesscontrolunauthorizedaccount(
    stage: Stage, providers: ProviderManager
) -> None:
    refused_to_others(stage, providers.unban(NEWCOMER))
    ban(stage)
    refused_to_others(stage, providers.unban(NEWCOMER))
    assert standing(stage).is_banned


def test_unban__the_address_is_not_banned__revert_with_alreadydone(
    stage: Stage, providers: ProviderManager
) -> None:
    stage.refused(OPERATOR, providers.unban(NEWCOMER), er.AlreadyDone())
    ban(stage)
    stage.must(OPERATOR, providers.unban(NEWCOMER))
    stage.refused(OPERATOR, providers.unban(NEWCOMER), er.AlreadyDone())


def test_unban__the_address_is_banned__end_the_ban_and_tell_of_it(
    stage: Stage, providers: ProviderManager
) -> None:
    ban(stage)
    outcome = stage.must(OPERATOR, providers.unban(NEWCOMER))
    assert told(stage, outcome) == [("ProviderBanChanged", NEWCOMER.lower(), False)]
    assert standing(stage) == Standing()


def test_unban__the_banned_provider_is_joined__bring_it_back_into_scheduling(
    stage: Stage, providers: ProviderManager
) -> None:
    join(stage)
    ban(stage)
    stage.must(OPERATOR, providers.unban(NEWCOMER))
    assert standing(stage) == JOINED


def test_set_job_count_source__others_call__revert_with_accesscontrolunauthorizedaccount(
    stage: Stage, providers: ProviderManager
) -> None:
    for caller in (STRANGER, OPERATOR, SCHEDULER):
        error = er.AccessControlUnauthorizedAccount(caller, bytes(32))
        stage.refused(caller, providers.set_job_count_source(STRANGER), error)
    assert read(providers.job_count_source()) == stage.world.jobs.address


def test_set_job_count_source__the_source_is_a_repository__count_the_started_jobs_by_it(
    stage: Stage, providers: ProviderManager
) -> None:
    stage.must(DEPLOYER, providers.set_job_count_source(ZERO_ADDRESS))
    stage.a_job_in(S.RUNNING)
    outcome = stage.must(DEPLOYER, providers.set_job_count_source(stage.world.jobs.address))
    assert told(stage, outcome) == []
    assert read(providers.job_count_source()) == stage.world.jobs.address
    assert read(providers.get_job_count(PROVIDER)) == 1


def test_set_job_count_source__the_source_is_the_zero_address__count_no_jobs(
    stage: Stage, providers: ProviderManager
) -> None:
    stage.a_job_in(S.RUNNING)
    stage.must(DEPLOYER, providers.set_job_count_source(ZERO_ADDRESS))
    assert read(providers.job_count_source()) == ZERO_ADDRESS
    assert read(providers.get_job_count(PROVIDER)) == 0
