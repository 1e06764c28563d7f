"""Hands signed transactions to the chain and asks what became of them."""

import re

from deepsquare.chain.errors import NonceTaken, OutOfGasMoney, RpcRefused
from deepsquare.chain.jsonrpc import Request
from deepsquare.chain.rpc import Rpc
from deepsquare.chain.transactions import Receipt, SignedTransaction, TxHash, parse_receipt
from deepsquare.identifiers import Address

_ALREADY_THERE = re.compile(
    r"already known|known transaction|already imported|already in (the )?(mem|tx)?pool",
    re.IGNORECASE,
)
_NONCE_USED = re.compile(
    r"nonce too low|nonce is too low|invalid nonce|replacement transaction underpriced"
    r"|nonce has already been used",
    re.IGNORECASE,
)
_NO_MONEY = re.compile(r"insufficient funds|insufficient balance", re.IGNORECASE)


class Broadcaster:
    """Sends raw transactions; what nodes call an error but is none counts as sent."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc

    async def broadcast(self, signed: SignedTransaction, sender: Address) -> None:
        """Send a transaction, once more if it was sent before.

        Raises `NonceTaken`, `OutOfGasMoney`, `RpcRefused` or `RpcUnavailable`.
        """
        try:
            await self._rpc.request("eth_sendRawTransaction", "0x" + signed.raw.hex())
        except RpcRefused as refusal:
            if _ALREADY_THERE.search(refusal.message):
                return
            if _NONCE_USED.search(refusal.message):
                await self._accept_if_known(signed, refusal)
            elif _NO_MONEY.search(refusal.message):
                raise OutOfGasMoney(
                    f"{sender} has too little coin to pay the gas of: {signed.call.label}",
                    details={"address": sender},
                ) from refusal
            else:
                raise

    async def receipt(self, tx_hash: TxHash) -> Receipt | None:
        """Return the receipt of a mined transaction, or None."""
        raw = await self._ask("eth_getTransactionReceipt", tx_hash)
        return parse_receipt(raw) if raw else None

    async def _accept_if_known(self, signed: SignedTransaction, refusal: RpcRefused) -> None:
        """The nonce is used: by this very transaction, sent before, or by another one?"""
        if await self._ask("eth_getTransactionByHash", signed.hash):
            return
        raise NonceTaken(
            f"another transaction of this wallet has nonce {signed.nonce}: {signed.call.label}",
            details={"nonce": signed.nonce, "transaction": signed.hash},
        ) from refusal

    async def _ask(self, method: str, tx_hash: TxHash) -> dict[str, object] | None:
        [raw] = await self._rpc.requests([Request(method, [tx_hash], may_be_null=True)])
        return dict(raw) if raw else None
