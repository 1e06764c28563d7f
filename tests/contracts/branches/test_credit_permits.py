"""The branches of `permit`."""

from dataclasses import replace

from tests.contracts.branches.facts import UNLIMITED, happened
from tests.contracts.branches.permits import (
    OTHER,
    OTHER_SIGNER,
    OWNER,
    Permit,
    Signature,
    mirrored,
)
from tests.contracts.conformance.stage import Stage
from tests.contracts.invariants.revm import BLOCK_TIME_S, read
from tests.contracts.invariants.world import STRANGER

from deepsquare.chain import events as ev
from deepsquare.chain._generated import errors as er
from deepsquare.identifiers import ZERO_ADDRESS


def refused_as_forged(stage: Stage, claimed: Permit, signature: Signature) -> None:
    error = er.ERC2612InvalidSigner(claimed.signer_of(stage, signature), claimed.owner)
    before = state(stage)
    stage.refused(STRANGER, replace(claimed, nonce=0).call(stage, signature), error)
    assert state(stage) == before


def state(stage: Stage) -> tuple[int, int]:
    """What the stranger may spend, and the nonce of the owner's next permit."""
    credit = stage.world.credit
    return read(credit.allowance(OWNER, STRANGER)), read(credit.permit_nonce(OWNER))


def test_permit__the_deadline_has_passed__revert_with_erc2612expiredsignature(stage: Stage) -> None:
    late = Permit(deadline=stage.world.chain.now_s)
    call = late.call(stage, late.signed(stage))
    stage.refused(STRANGER, call, er.ERC2612ExpiredSignature(late.deadline))
    assert state(stage) == (0, 0)


def test_permit__it_is_late_and_by_another_signer__revert_with_erc2612expiredsignature(
    stage: Stage,
) -> None:
    late = Permit(deadline=stage.world.chain.now_s)
    call = late.call(stage, late.signed(stage, OTHER_SIGNER))
    stage.refused(STRANGER, call, er.ERC2612ExpiredSignature(late.deadline))


def test_permit__it_is_the_second_of_the_deadline__set_the_allowance(stage: Stage) -> None:
    permit = Permit(deadline=stage.world.chain.now_s + BLOCK_TIME_S)
    stage.must(STRANGER, permit.call(stage, permit.signed(stage)))
    assert state(stage) == (7, 1)


def test_permit__another_account_has_signed_it__revert_with_erc2612invalidsigner(
    stage: Stage,
) -> None:
    call = Permit().call(stage, Permit().signed(stage, OTHER_SIGNER))
    stage.refused(STRANGER, call, er.ERC2612InvalidSigner(OTHER, OWNER))
    assert state(stage) == (0, 0)


def test_permit__something_else_was_signed__revert_with_erc2612invalidsigner(stage: Stage) -> None:
    signature = Permit().signed(stage)
    for changed in (Permit(value=8), Permit(deadline=UNLIMITED - 1), Permit(spender=OTHER)):
        refused_as_forged(stage, changed, signature)


def test_permit__it_was_signed_for_a_later_nonce__revert_with_erc2612invalidsigner(
    stage: Stage,
) -> None:
    refused_as_forged(stage, Permit(), Permit(nonce=1).signed(stage))


def test_permit__it_was_used_before__revert_with_erc2612invalidsigner(stage: Stage) -> None:
    signature = Permit().signed(stage)
    stage.must(STRANGER, Permit().call(stage, signature))
    refused_as_forged(stage, Permit(nonce=1), signature)
    assert state(stage) == (7, 1)


def test_permit__the_owner_is_the_zero_address__revert_with_erc2612invalidsigner(
    stage: Stage,
) -> None:
    permit = Permit(owner=ZERO_ADDRESS)
    call = permit.call(stage, permit.signed(stage))
    stage.refused(STRANGER, call, er.ERC2612InvalidSigner(OWNER, ZERO_ADDRESS))


def test_permit__the_signature_recovers_to_nobody__revert_with_ecdsainvalidsignature(
    stage: Stage,
) -> None:
    v, r, s = Permit().signed(stage)
    for owner in (OWNER, ZERO_ADDRESS):
        for signature in ((0, r, s), (29, r, s), (v, bytes(32), s), (v, r, bytes(32))):
            call = Permit(owner=owner).call(stage, signature)
            stage.refused(STRANGER, call, er.ECDSAInvalidSignature())


def test_permit__s_is_in_the_upper_half_of_the_group__revert_with_ecdsainvalidsignatures(
    stage: Stage,
) -> None:
    twin = mirrored(Permit().signed(stage))
    assert Permit().signer_of(stage, twin) == OWNER
    stage.refused(STRANGER, Permit().call(stage, twin), er.ECDSAInvalidSignatureS(twin[2]))


def test_permit__the_spender_is_the_zero_address__revert_with_erc20invalidspender(
    stage: Stage,
) -> None:
    permit = Permit(spender=ZERO_ADDRESS)
    call = permit.call(stage, permit.signed(stage))
    stage.refused(STRANGER, call, er.ERC20InvalidSpender(ZERO_ADDRESS))
    assert state(stage) == (0, 0)


def test_permit__the_owner_has_signed_it__set_the_allowance_use_the_nonce_and_tell_of_it(
    stage: Stage,
) -> None:
    outcome = stage.must(STRANGER, Permit().call(stage, Permit().signed(stage)))
    happened(outcome, ev.Approval(OWNER, STRANGER, 7))
    assert state(stage) == (7, 1)


def test_permit__the_owner_signs_again__replace_the_allowance(stage: Stage) -> None:
    stage.must(OWNER, stage.world.credit.approve(STRANGER, 1000))
    for nonce, value in enumerate((7, 5)):
        permit = Permit(value=value, nonce=nonce)
        stage.must(OTHER, permit.call(stage, permit.signed(stage)))
        assert state(stage) == (value, nonce + 1)
