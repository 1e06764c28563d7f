"""Signs and sends calls: one signer, one line of nonces (faults.md rule 7).

Signing, broadcasting and waiting are separate, so that a caller can journal between them:

    signed = await sender.sign(call)        # simulated first; raises the contract's own error
    journal.write(signed.raw, signed.hash)
    await sender.broadcast(signed)
    receipt = await sender.wait(signed)

`Sender.send` does all of it, replacing the transaction by fee while it is stuck.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from deepsquare.chain.blocks import parse_block
from deepsquare.chain.broadcast import Broadcaster
from deepsquare.chain.call import Call
from deepsquare.chain.contract_error import ContractError
from deepsquare.chain.errors import NonceTaken, NotMined, OutOfGas, Reverted, RpcRefused
from deepsquare.chain.fees import GWEI, FeePolicy, Fees
from deepsquare.chain.jsonrpc import Request
from deepsquare.chain.rpc import Rpc, call_object
from deepsquare.chain.signer import Signer, signer_address
from deepsquare.chain.transactions import Receipt, SignedTransaction, TxHash
from deepsquare.errors import DeepSquareError
from deepsquare.identifiers import Address

_POLL_S = 0.25
_FALLBACK_PRIORITY_FEE_WEI = GWEI
_UNKNOWN_GAS = 250_000
"""For a call that cannot be estimated: more than any single function needs (protocol.md 6)."""


class Sender:
    """Sends calls from one wallet.

    Use one `Sender` per wallet and process: it hands out nonces from memory, and asks the chain
    for the next one when it starts and after anything unexpected.
    """

    def __init__(
        self, rpc: Rpc, signer: Signer, *, chain_id: int, policy: FeePolicy | None = None
    ) -> None:
        self.address: Address = signer_address(signer)
        self.policy = policy or FeePolicy()
        self._rpc = rpc
        self._signer = signer
        self._chain_id = chain_id
        self._broadcaster = Broadcaster(rpc)
        self._line = asyncio.Lock()
        self._next_nonce: int | None = None

    def __repr__(self) -> str:
        return f"Sender({self.address})"

    async def sync(self, *, at_least: int = 0) -> int:
        """Ask the chain for the next nonce and return it.

        ``at_least`` keeps the nonces of journalled transactions that the node may not know.
        """
        async with self._line:
            return await self._sync(at_least)

    async def sign(self, call: Call, *, nonce: int | None = None) -> SignedTransaction:
        """Simulate a call, then sign it with the next nonce or a given one.

        Raises the contract's own error if it would revert (no nonce is used up then),
        `FeeCapReached`, or `RpcUnavailable`.
        """
        gas = self.policy.gas_limit(await self.estimate(call))
        fees = await self.current_fees()
        async with self._line:
            if nonce is None:
                nonce = await self._take_nonce()
            return self._signed(call, nonce=nonce, gas=gas, fees=fees)

    async def broadcast(self, signed: SignedTransaction) -> None:
        """Hand a transaction to the chain; repeating it is harmless.

        Raises `NonceTaken` if another transaction has the nonce and this one is not mined,
        `OutOfGasMoney`, `RpcRefused` or `RpcUnavailable`. After any of these the next nonce is
        asked of the chain again.
        """
        try:
            await self._broadcaster.broadcast(signed, self.address)
        except DeepSquareError:
            self._next_nonce = None
            raise

    async def receipt(self, tx_hash: TxHash) -> Receipt | None:
        """Return the receipt of a mined transaction, or None."""
        return await self._broadcaster.receipt(tx_hash)

    async def wait(self, signed: SignedTransaction, *, timeout_s: float = 120) -> Receipt:
        """Return the receipt once the transaction is mined.

        Raises the contract's own error if it was mined but reverted, `NotMined` after the time.
        """
        return await self.wait_any([signed], timeout_s=timeout_s)

    async def wait_any(
        self, rivals: Sequence[SignedTransaction], *, timeout_s: float = 120
    ) -> Receipt:
        """As `wait`, for a transaction and its replacements, of which one will be mined."""
        give_up_s = time.monotonic() + timeout_s
        while True:
            for signed in reversed(rivals):
                receipt = await self.receipt(signed.hash)
                if receipt:
                    return await self.checked(signed, receipt)
            if time.monotonic() >= give_up_s:
                raise NotMined(
                    f"{rivals[-1].call.label}: not mined after {timeout_s:g} s",
                    details={"transactions": [signed.hash for signed in rivals]},
                )
            await asyncio.sleep(_POLL_S)

    async def checked(self, signed: SignedTransaction, receipt: Receipt) -> Receipt:
        """Return the receipt of a success; raise why it failed otherwise."""
        if receipt.is_success:
            return receipt
        raise await self.explain(signed, receipt)

    async def explain(self, signed: SignedTransaction, receipt: Receipt) -> DeepSquareError:
        """Tell why a mined transaction reverted, by running it again at its block and before.

        A call that lost a race fails the same way there; one that fails nowhere ran out of gas or
        met a state inside the block.
        """
        for block in (receipt.block_number, receipt.block_number - 1):
            try:
                await self._rpc.eth_call(signed.call, at=block, sender=self.address)
            except (ContractError, Reverted, OutOfGas) as error:
                return error
            except RpcRefused:
                continue  # a node that keeps no state of that block
        details = {"transaction": receipt.transaction_hash, "block": receipt.block_number}
        if receipt.gas_used >= signed.gas:
            return OutOfGas(f"{signed.call.label}: ran out of gas", details=details)
        return Reverted(f"{signed.call.label}: reverted inside its block", details=details)

    async def replace(self, signed: SignedTransaction) -> SignedTransaction:
        """Sign the same call with the same nonce and fees at least 12.5 % higher.

        Raises `FeeCapReached`.
        """
        fees = self.policy.replacement(signed.fees, await self.current_fees())
        return self._signed(signed.call, nonce=signed.nonce, gas=signed.gas, fees=fees)

    async def send(
        self,
        call: Call,
        *,
        timeout_s: float = 300,
        before_broadcast: Callable[[SignedTransaction], Awaitable[None]] | None = None,
    ) -> Receipt:
        """Sign, broadcast and wait; replace by fee while it is stuck.

        ``before_broadcast`` is awaited with every transaction before it leaves. Raises as `sign`,
        `broadcast` and `wait` do.
        """
        give_up_s = time.monotonic() + timeout_s
        rivals = [await self.sign(call)]
        while True:
            if before_broadcast:
                await before_broadcast(rivals[-1])
            await self._broadcast_rival(rivals)
            remaining_s = give_up_s - time.monotonic()
            patience_s = min(self.policy.replace_after_s, max(0, remaining_s))
            try:
                return await self.wait_any(rivals, timeout_s=patience_s)
            except NotMined:
                if remaining_s <= self.policy.replace_after_s:
                    raise
            rivals.append(await self.replace(rivals[-1]))

    async def _broadcast_rival(self, rivals: Sequence[SignedTransaction]) -> None:
        try:
            await self.broadcast(rivals[-1])
        except NonceTaken:
            if not any([await self.receipt(rival.hash) for rival in rivals[:-1]]):
                raise

    async def estimate(self, call: Call) -> int:
        """Return the gas a call needs now; raises the contract's own error if it reverts."""
        if call.tries:
            return await self._estimate_tries(call.tries)
        return int(await self._rpc.request(*self._estimation(call)), 16)

    def _estimation(self, call: Call) -> tuple[str, dict[str, str]]:
        return "eth_estimateGas", call_object(call, self.address)

    async def _estimate_tries(self, calls: Sequence[Call]) -> int:
        """Add up the calls; one that fails now may work after the calls before it."""
        requests = [Request(method, [fields]) for method, fields in map(self._estimation, calls)]
        outcomes = await self._rpc.outcomes(requests)
        return sum(
            _UNKNOWN_GAS if isinstance(outcome, DeepSquareError) else int(outcome, 16)
            for outcome in outcomes
        )

    async def current_fees(self) -> Fees:
        """Return what a new transaction should offer; raises `FeeCapReached`."""
        raw = await self._rpc.request("eth_getBlockByNumber", "latest", False)
        return self.policy.offer(parse_block(raw).base_fee_wei, await self._priority_fee_wei())

    async def _priority_fee_wei(self) -> int:
        try:
            return int(await self._rpc.request("eth_maxPriorityFeePerGas"), 16)
        except RpcRefused:
            return _FALLBACK_PRIORITY_FEE_WEI

    async def balance_wei(self) -> int:
        """Return the wallet's native coin, which pays for gas."""
        return int(await self._rpc.request("eth_getBalance", self.address, "latest"), 16)

    async def confirmed_nonce(self) -> int:
        """Return the nonce of the next transaction to be mined."""
        request = Request("eth_getTransactionCount", [self.address, "latest"])
        [answer] = await self._rpc.requests([request])
        return int(answer, 16)

    async def _take_nonce(self) -> int:
        nonce = await self._sync(0) if self._next_nonce is None else self._next_nonce
        self._next_nonce = nonce + 1
        return nonce

    async def _sync(self, at_least: int) -> int:
        answer = await self._rpc.request("eth_getTransactionCount", self.address, "pending")
        self._next_nonce = max(int(answer, 16), at_least)
        return self._next_nonce

    def _signed(self, call: Call, *, nonce: int, gas: int, fees: Fees) -> SignedTransaction:
        signed = self._signer.sign_transaction(
            {
                "type": 2,
                "chainId": self._chain_id,
                "nonce": nonce,
                "to": call.to,
                "data": call.data,
                "value": 0,
                "gas": gas,
                "maxFeePerGas": fees.max_fee_wei,
                "maxPriorityFeePerGas": fees.priority_fee_wei,
            }
        )
        return SignedTransaction(
            raw=bytes(signed.raw_transaction),
            hash=TxHash("0x" + bytes(signed.hash).hex()),
            nonce=nonce,
            call=call,
            gas=gas,
            fees=fees,
        )
