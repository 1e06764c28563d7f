"""Sending against a real chain: one line of nonces, whatever happens (faults.md rule 7)."""

import asyncio
import contextlib
from itertools import pairwise

import pytest
from eth_account import Account

from deepsquare.chain import Call, Rpc
from deepsquare.chain.errors import (
    FeeCapReached,
    NoJob,
    NonceTaken,
    NotMined,
    OutOfGas,
    OutOfGasMoney,
    Reverted,
)
from deepsquare.chain.fees import GWEI, FeePolicy
from deepsquare.chain.jsonrpc import Request
from deepsquare.chain.sender import Sender
from deepsquare.chain.transactions import SignedTransaction
from deepsquare.testing import Accounts, Anvil, an_address

pytestmark = pytest.mark.integration

TARGET = an_address(0xBEEF)
CALL = Call(TARGET, b"\x01", "poke the target")
REVERT_WITH_NO_JOB = "0x63977369276000526004601cfd"
"""Code that reverts with the custom error `NoJob()` whatever is called."""
REVERT_WITH_NOTHING = "0x60006000fd"
BURN_ALL_GAS = "0x5b600056"


@pytest.fixture
def sender(rpc: Rpc, anvil: Anvil, accounts: Accounts) -> Sender:
    return Sender(rpc, accounts.provider, chain_id=anvil.chain_id)


@pytest.fixture
def replacing_sender(rpc: Rpc, anvil: Anvil, accounts: Accounts) -> Sender:
    policy = FeePolicy(replace_after_s=0.3)
    return Sender(rpc, accounts.provider, chain_id=anvil.chain_id, policy=policy)


async def stop_mining(rpc: Rpc) -> None:
    await rpc.requests([_nullable("evm_setAutomine", False)])


async def set_code(rpc: Rpc, code: str) -> None:
    await rpc.requests([_nullable("anvil_setCode", TARGET, code)])


def _nullable(method: str, *params: object) -> Request:
    return Request(method, params, may_be_null=True)


async def mine(rpc: Rpc) -> None:
    await rpc.requests([_nullable("anvil_mine")])


async def test_send__a_call__is_mined_and_paid_by_the_wallet(sender: Sender) -> None:
    before = await sender.balance_wei()
    receipt = await sender.send(CALL)
    assert receipt.is_success
    assert await sender.balance_wei() < before
    assert await sender.confirmed_nonce() == 1


async def test_sign__several_before_any_is_sent__take_consecutive_nonces(sender: Sender) -> None:
    signed = await asyncio.gather(*(sender.sign(CALL) for _ in range(5)))
    assert sorted(tx.nonce for tx in signed) == [0, 1, 2, 3, 4]
    for tx in sorted(signed, key=lambda tx: tx.nonce):
        await sender.broadcast(tx)
    receipts = [await sender.wait(tx) for tx in signed]
    assert all(receipt.is_success for receipt in receipts)


async def test_sign__restart__derives_the_nonce_from_the_chain(
    sender: Sender, rpc: Rpc, anvil: Anvil, accounts: Accounts
) -> None:
    await sender.send(CALL)
    restarted = Sender(rpc, accounts.provider, chain_id=anvil.chain_id)
    assert (await restarted.sign(CALL)).nonce == 1


async def test_sync__journalled_transactions_unknown_to_the_node__keeps_their_nonces(
    sender: Sender,
) -> None:
    assert await sender.sync(at_least=7) == 7
    assert (await sender.sign(CALL)).nonce == 7


async def test_broadcast__repeated_after_a_crash__is_one_transaction_a1(
    sender: Sender, rpc: Rpc
) -> None:
    await stop_mining(rpc)
    signed = await sender.sign(CALL)
    await sender.broadcast(signed)
    await sender.broadcast(signed)
    await mine(rpc)
    await sender.broadcast(signed)
    assert (await sender.wait(signed)).is_success
    assert await sender.confirmed_nonce() == 1


async def test_broadcast__nonce_used_from_outside__is_told_and_resynced_c12(
    sender: Sender, rpc: Rpc, anvil: Anvil, accounts: Accounts
) -> None:
    signed = await sender.sign(CALL)
    await Sender(rpc, accounts.provider, chain_id=anvil.chain_id).send(
        Call(TARGET, b"\x02", "from outside")
    )
    with pytest.raises(NonceTaken, match="nonce 0: poke the target"):
        await sender.broadcast(signed)
    assert (await sender.sign(CALL)).nonce == 1


async def test_sign__wallet_used_from_outside_in_between__takes_the_next_nonce_c12(
    sender: Sender, rpc: Rpc, anvil: Anvil, accounts: Accounts
) -> None:
    await sender.send(CALL)
    await Sender(rpc, accounts.provider, chain_id=anvil.chain_id).send(CALL)
    assert (await sender.send(CALL)).is_success
    assert await sender.confirmed_nonce() == 3


async def test_send__reorg_drops_the_last_transaction__sends_again_at_once_c10(
    sender: Sender, rpc: Rpc
) -> None:
    first = await sender.send(CALL)
    await rpc.outcomes([_nullable("anvil_reorg", 1, [])])
    assert await sender.receipt(first.transaction_hash) is None
    assert await sender.confirmed_nonce() == 0
    assert (await sender.send(CALL)).is_success
    assert await sender.confirmed_nonce() == 1


async def test_replace__a_lost_nonce_blocks_it__the_gap_is_filled_c12(
    sender: Sender, rpc: Rpc
) -> None:
    await sender.sign(CALL)
    lost = await sender.sign(CALL)
    blocked = await sender.sign(CALL)
    await sender.broadcast(blocked)
    assert (lost.nonce, blocked.nonce) == (1, 2)
    assert await sender.receipt(blocked.hash) is None
    replacement = await sender.replace(blocked)
    with contextlib.suppress(NonceTaken):
        await sender.broadcast(replacement)
    assert (await sender.wait_any([blocked, replacement], timeout_s=5)).is_success
    assert await sender.confirmed_nonce() == 3


async def test_send__would_revert__raises_the_custom_error_and_uses_no_nonce(
    sender: Sender, rpc: Rpc
) -> None:
    await set_code(rpc, REVERT_WITH_NO_JOB)
    with pytest.raises(NoJob):
        await sender.send(CALL)
    assert await sender.confirmed_nonce() == 0
    await set_code(rpc, "0x")
    assert (await sender.sign(CALL)).nonce == 0


@pytest.mark.parametrize(
    ("code", "error"),
    [(REVERT_WITH_NO_JOB, NoJob), (REVERT_WITH_NOTHING, Reverted)],
    ids=["custom-error", "no-reason"],
)
async def test_wait__mined_but_reverted__raises_why_c22(
    sender: Sender, rpc: Rpc, code: str, error: type[Exception]
) -> None:
    signed = await sender.sign(CALL)
    await set_code(rpc, code)
    await sender.broadcast(signed)
    with pytest.raises(error):
        await sender.wait(signed)


async def test_wait__lost_race_that_is_over__says_so_c22(sender: Sender, rpc: Rpc) -> None:
    signed = await sender.sign(CALL)
    await set_code(rpc, BURN_ALL_GAS)
    await sender.broadcast(signed)
    with pytest.raises(OutOfGas):
        await sender.wait(signed)
    receipt = await sender.receipt(signed.hash)
    assert receipt is not None
    assert not receipt.is_success
    await set_code(rpc, "0x")
    assert (await sender.explain(signed, receipt)).code in {"out_of_gas", "reverted"}


async def test_send__stuck__is_replaced_by_fee_and_mined_once_c14(
    replacing_sender: Sender, rpc: Rpc
) -> None:
    await stop_mining(rpc)
    left: list[SignedTransaction] = []

    async def note(signed: SignedTransaction) -> None:
        left.append(signed)
        if len(left) == 3:
            asyncio.get_running_loop().call_later(0.1, lambda: tasks.append(mining()))

    tasks: list[asyncio.Task[None]] = []

    def mining() -> asyncio.Task[None]:
        return asyncio.create_task(mine(rpc))

    receipt = await replacing_sender.send(CALL, before_broadcast=note)
    await asyncio.gather(*tasks)
    assert receipt.transaction_hash == left[-1].hash
    assert {tx.nonce for tx in left} == {0}
    steps = [(a.fees.max_fee_wei, b.fees.max_fee_wei) for a, b in pairwise(left)]
    assert len(steps) >= 2
    assert all(8 * after >= 9 * before for before, after in steps)
    assert await replacing_sender.confirmed_nonce() == 1


async def test_replace__at_the_cap__is_refused(rpc: Rpc, anvil: Anvil, accounts: Accounts) -> None:
    policy = FeePolicy(max_fee_cap_wei=2 * GWEI + 1)
    sender = Sender(rpc, accounts.provider, chain_id=anvil.chain_id, policy=policy)
    signed = await sender.sign(CALL)
    with pytest.raises(FeeCapReached):
        await sender.replace(signed)


async def test_wait__not_mined_in_time__says_what(sender: Sender, rpc: Rpc) -> None:
    await stop_mining(rpc)
    signed = await sender.sign(CALL)
    await sender.broadcast(signed)
    with pytest.raises(NotMined, match=r"poke the target: not mined after 0\.1 s"):
        await sender.wait(signed, timeout_s=0.1)


async def test_broadcast__empty_wallet__says_so_c16(rpc: Rpc, anvil: Anvil) -> None:
    poor = Account.from_key("0x" + "77" * 32)
    sender = Sender(rpc, poor, chain_id=anvil.chain_id)
    with pytest.raises(OutOfGasMoney, match="too little coin"):
        await sender.send(CALL)


def test_repr__of_sender_and_transaction__show_no_key(sender: Sender, accounts: Accounts) -> None:
    key = accounts.provider.key.hex()
    assert key not in repr(sender) + str(vars(sender)["address"])
    assert repr(sender) == f"Sender({accounts.provider.address})"
