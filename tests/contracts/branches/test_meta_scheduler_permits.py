"""The branches of `selfPermit`: allowances by signature (ERC-2612)."""

from dataclasses import replace
from typing import Any

import pytest
from tests.contracts.branches.facts import pending
from tests.contracts.branches.permits import (
    OTHER,
    OTHER_SIGNER,
    OWNER,
    SIGNER,
    Permit,
    Signature,
    mirrored,
)
from tests.contracts.conformance.stage import CREDIT, CUSTOMER, DEFINITION, Stage
from tests.contracts.invariants.revm import read
from tests.contracts.invariants.world import STRANGER

from deepsquare.chain import events as ev
from deepsquare.chain._generated import errors as er
from deepsquare.chain.call import Call
from deepsquare.chain.contracts import MetaScheduler
from deepsquare.chain.contracts.meta_scheduler import PermitSignature, decode_multicall
from deepsquare.chain.permit import sign_permit
from deepsquare.identifiers import Address, job_id_from_bytes

LOCK = 100 * CREDIT


def a_permit(stage: Stage, **changes: Any) -> Permit:
    return replace(Permit(spender=stage.world.meta_scheduler.address, value=LOCK), **changes)


def self_permit(stage: Stage, permit: Permit, signature: Signature) -> Call:
    values = PermitSignature(permit.value, permit.deadline, *signature)
    return stage.world.meta_scheduler.self_permit(values)


def allowance(stage: Stage, owner: Address = OWNER) -> int:
    return read(stage.world.credit.allowance(owner, stage.world.meta_scheduler.address))


def allow(stage: Stage, amount: int) -> None:
    address = stage.world.meta_scheduler.address
    stage.must(OWNER, stage.world.credit.approve(address, amount))


def give_the_owner(stage: Stage, amount: int) -> None:
    stage.must(CUSTOMER, stage.world.credit.transfer(OWNER, amount))


def test_self_permit__a_valid_signature__set_the_allowance_and_use_the_nonce(
    stage: Stage, meta: MetaScheduler
) -> None:
    permit = a_permit(stage)
    outcome = stage.must(OWNER, self_permit(stage, permit, permit.signed(stage)))
    assert outcome.events == (ev.Approval(OWNER, meta.address, LOCK),)
    assert allowance(stage) == LOCK
    assert read(stage.world.credit.permit_nonce(OWNER)) == 1


def test_self_permit__a_valid_signature__let_a_request_follow_in_the_same_transaction(
    stage: Stage, meta: MetaScheduler
) -> None:
    give_the_owner(stage, LOCK)
    deadline = stage.world.chain.now_s + 60
    permit = read(
        sign_permit(
            stage.world.credit, SIGNER, spender=meta.address, value_wei=LOCK, deadline=deadline
        )
    )
    request = meta.request_new_job(DEFINITION, LOCK)
    outcome = stage.must(OWNER, meta.multicall([meta.self_permit(permit), request]))
    job_id = job_id_from_bytes(decode_multicall(outcome.output)[1])
    assert pending(stage) == {job_id}
    job = stage.job(job_id)
    assert (job.customer_addr, job.cost.max_cost) == (OWNER, LOCK)
    assert allowance(stage) == 0


def test_self_permit__a_signature_for_other_values__revert_with_erc2612invalidsigner(
    stage: Stage,
) -> None:
    claimed = a_permit(stage)
    others = (a_permit(stage, value=LOCK + 1), a_permit(stage, nonce=1), Permit(value=LOCK))
    for other in others:
        signature = other.signed(stage)
        error = er.ERC2612InvalidSigner(claimed.signer_of(stage, signature), OWNER)
        stage.refused(OWNER, self_permit(stage, claimed, signature), error)
    by_another = self_permit(stage, claimed, claimed.signed(stage, OTHER_SIGNER))
    stage.refused(OWNER, by_another, er.ERC2612InvalidSigner(OTHER, OWNER))
    assert allowance(stage) == 0


def test_self_permit__an_expired_signature__revert_with_erc2612expiredsignature(
    stage: Stage,
) -> None:
    permit = a_permit(stage, deadline=stage.world.chain.now_s)
    call = self_permit(stage, permit, permit.signed(stage))
    stage.refused(OWNER, call, er.ERC2612ExpiredSignature(permit.deadline))
    just = a_permit(stage, deadline=stage.world.chain.now_s + 1)
    stage.must(OWNER, self_permit(stage, just, just.signed(stage)))


@pytest.mark.parametrize("v", [0, 1, 26, 29])
def test_self_permit__a_signature_that_is_malformed__revert_with_ecdsainvalidsignature(
    stage: Stage, v: int
) -> None:
    permit = a_permit(stage)
    _, r, s = permit.signed(stage)
    stage.refused(OWNER, self_permit(stage, permit, (v, r, s)), er.ECDSAInvalidSignature())


def test_self_permit__a_signature_in_the_upper_half__revert_with_ecdsainvalidsignatures(
    stage: Stage,
) -> None:
    permit = a_permit(stage)
    twin = mirrored(permit.signed(stage))
    stage.refused(OWNER, self_permit(stage, permit, twin), er.ECDSAInvalidSignatureS(twin[2]))


def test_self_permit__somebody_used_the_permit_first__succeed(stage: Stage) -> None:
    permit = a_permit(stage)
    signature = permit.signed(stage)
    stage.must(STRANGER, permit.call(stage, signature))
    outcome = stage.must(OWNER, self_permit(stage, permit, signature))
    assert outcome.logs == ()
    assert allowance(stage) == LOCK


def test_self_permit__a_used_permit_whose_allowance_was_spent__revert_with_the_error_of_the_permit(
    stage: Stage, meta: MetaScheduler
) -> None:
    give_the_owner(stage, LOCK)
    permit = a_permit(stage)
    signature = permit.signed(stage)
    request = meta.request_new_job(DEFINITION, LOCK)
    again = self_permit(stage, permit, signature)
    stage.must(OWNER, meta.multicall([again, request]))
    recovered = a_permit(stage, nonce=1).signer_of(stage, signature)
    stage.refused(OWNER, again, er.ERC2612InvalidSigner(recovered, OWNER))


def test_self_permit__no_valid_permit_but_just_the_allowance__succeed_and_leave_the_allowance(
    stage: Stage,
) -> None:
    allow(stage, LOCK)
    permit = a_permit(stage, deadline=0)
    outcome = stage.must(OWNER, self_permit(stage, permit, (0, bytes(32), bytes(32))))
    assert outcome.logs == ()
    assert allowance(stage) == LOCK


def test_self_permit__no_valid_permit_and_too_little_allowance__revert_with_the_error_of_the_permit(
    stage: Stage,
) -> None:
    allow(stage, LOCK - 1)
    permit = a_permit(stage, deadline=0)
    call = self_permit(stage, permit, permit.signed(stage))
    stage.refused(OWNER, call, er.ERC2612ExpiredSignature(0))
    assert allowance(stage) == LOCK - 1
