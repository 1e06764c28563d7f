"""Signs and sends calls: one signer, one line of nonces (faults.md rule 7).

Signing, broadcasting and waiting are separate, so that a caller can journal between them:

    signed = await sender.sign(call)        # simulated first; raises the contract's own error
    journal.write(signed.raw, signed.hash)
    await sender.broadcast(signed)
    receipt = await sender.wait(signed)

`Sender.send` does all of it, replacing the transaction by fee while it is stuck.
"""

import asyncio
import contextlib
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
_JOURNALLED = TxHash("journalled")
"""Stands for transactions a journal knows and this process has not signed."""

_EMPTY_GAS = 21_000
"""What a transaction without data costs."""

_FALLBACK_PRIORITY_FEE_WEI = GWEI
_UNKNOWN_GAS = 250_000
"""For a call that cannot be estimated alone: above each goal of protocol.md 6 for one call."""


class Sender:
    """Sends calls from one wallet.

    Use one `Sender` per wallet and process. While transactions it signed are open it hands out
    nonces from memory; when none is, and after anything unexpected, it asks the chain for the next
    one, so that a wallet used elsewhere or a reorganised chain does not confuse it for long.
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
        self._next_nonce = 0
        self._open_nonces: dict[TxHash, int] = {}

    def __repr__(self) -> str:
        return f"Sender({self.address})"

    async def sync(self, *, at_least: int = 0) -> int:
        """Ask the chain for the next nonce and return it.

        ``at_least`` keeps the nonces of journalled transactions that the node may not know.
        """
        async with self._line:
            self._next_nonce = max(await self._pending_nonce(), at_least)
            self._open_nonces = {_JOURNALLED: at_least - 1} if at_least else {}
            return self._next_nonce

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
            signed = self._signed(call, nonce=nonce, gas=gas, fees=fees)
            self._open_nonces[signed.hash] = nonce
            return signed

    async def broadcast(self, signed: SignedTransaction) -> None:
        """Hand a transaction to the chain; repeating it is harmless.

        Raises `NonceTaken` if another transaction has the nonce and this one is not mined,
        `OutOfGasMoney`, `RpcRefused` or `RpcUnavailable`. After any of these the next nonce is
        asked of the chain again.
        """
        try:
            await self._broadcaster.broadcast(signed, self.address)
        except DeepSquareError:
            self._open_nonces.clear()
            raise

    async def receipt(self, tx_hash: TxHash) -> Receipt | None:
        """Return the receipt of a mined transaction, or None."""
        receipt = await self._broadcaster.receipt(tx_hash)
        if receipt and tx_hash in self._open_nonces:
            done = self._open_nonces[tx_hash]
            self._open_nonces = {h: nonce for h, nonce in self._open_nonces.items() if nonce > done}
        return receipt

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
                if receipt := await self.receipt(signed.hash):
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

        If nonces before it are missing on the chain, because a reorganisation or a crash lost their
        transactions, they are filled with empty ones first: it could never be mined otherwise
        (faults.md C12). Raises `FeeCapReached`.
        """
        current = await self.current_fees()
        await self._fill_gap(signed.nonce, current)
        fees = self.policy.replacement(signed.fees, current)
        newer = self._signed(signed.call, nonce=signed.nonce, gas=signed.gas, fees=fees)
        self._open_nonces[newer.hash] = newer.nonce
        return newer

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
        answer = await self._rpc.request("eth_getTransactionCount", self.address, "latest")
        return int(answer, 16)

    async def _take_nonce(self) -> int:
        if not self._open_nonces:
            self._next_nonce = await self._pending_nonce()
        self._next_nonce += 1
        return self._next_nonce - 1

    async def _pending_nonce(self) -> int:
        answer = await self._rpc.request("eth_getTransactionCount", self.address, "pending")
        return int(answer, 16)

    async def _fill_gap(self, below: int, fees: Fees) -> None:
        for nonce in range(await self._pending_nonce(), below):
            call = Call(self.address, b"", f"fill the lost nonce {nonce}")
            filler = self._signed(call, nonce=nonce, gas=_EMPTY_GAS, fees=fees)
            with contextlib.suppress(NonceTaken):
                await self._broadcaster.broadcast(filler, self.address)

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
