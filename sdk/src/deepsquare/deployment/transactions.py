"""Sends the transactions of one wallet, one nonce after the other."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deepsquare.deployment.errors import DeploymentBroken, DeploymentRefused
from deepsquare.deployment.port import Chain, Wallet, to_rpc

_POLL_S = 0.1
_MINED_TIMEOUT_S = 300


@dataclass(frozen=True, slots=True)
class Sent:
    """A transaction on its way."""

    label: str
    hash: str
    nonce: int


class Transactor:
    """Knows the next nonce of a wallet, the fees of the day, and how to wait.

    Call `settle` first. Nothing else may send from the wallet meanwhile.
    """

    def __init__(self, chain: Chain, wallet: Wallet) -> None:
        self.chain = chain
        self.wallet = wallet
        self.chain_id = 0
        self.next_nonce = 0

    async def settle(self) -> None:
        """Wait until nothing of the wallet is pending; raises `DeploymentRefused`."""
        self.chain_id = await self.number("eth_chainId")
        deadline = time.monotonic() + _MINED_TIMEOUT_S
        while time.monotonic() < deadline:
            self.next_nonce = await self._nonce("pending")
            if self.next_nonce == await self._nonce("latest"):
                return
            await asyncio.sleep(_POLL_S)
        raise DeploymentRefused(
            f"transactions of {self.wallet.address} are stuck: wait until they are mined"
        )

    async def send(self, label: str, fields: Mapping[str, Any], *, gas: int | None = None) -> Sent:
        """Send a transaction with the next nonce; without ``gas`` its need is estimated."""
        transaction = {
            "chainId": self.chain_id,
            "nonce": self.next_nonce,
            "gas": gas or await self._estimate(fields),
            **await self._fees(),
            **fields,
        }
        sent = Sent(label, await self.wallet.send(self.chain, transaction), self.next_nonce)
        self.next_nonce += 1
        return sent

    async def confirm(self, sent: Sent) -> int:
        """Wait until a transaction is mined; return its gas, or raise `DeploymentBroken`."""
        deadline = time.monotonic() + _MINED_TIMEOUT_S
        while await self._nonce("latest") <= sent.nonce:
            if time.monotonic() > deadline:
                raise DeploymentBroken(f"{sent.label}: not mined in {_MINED_TIMEOUT_S} s")
            await asyncio.sleep(_POLL_S)
        receipt = await self.chain.request("eth_getTransactionReceipt", sent.hash)
        if int(receipt["status"], 16) != 1:
            raise DeploymentBroken(f"{sent.label}: the transaction {sent.hash} failed on chain")
        return int(receipt["gasUsed"], 16)

    async def cost_bound_wei(self, gas: int) -> int:
        """Return native coin that pays for so much gas at twice today's base fee."""
        return gas * (await self._fees())["maxFeePerGas"]

    async def balance_wei(self) -> int:
        """Return the wallet's native coin."""
        return await self.number("eth_getBalance", self.wallet.address, "latest")

    async def number(self, method: str, *params: object) -> int:
        """Return the result of a request that answers with a number."""
        return int(await self.chain.request(method, *params), 16)

    async def _estimate(self, fields: Mapping[str, Any]) -> int:
        call = {"from": self.wallet.address, **to_rpc(fields)}
        gas = await self.number("eth_estimateGas", call)
        return gas + gas // 5

    async def _fees(self) -> dict[str, int]:
        block = await self.chain.request("eth_getBlockByNumber", "latest", False)
        tip = await self.number("eth_maxPriorityFeePerGas")
        base_fee = int(block["baseFeePerGas"], 16)
        return {"maxFeePerGas": 2 * base_fee + tip, "maxPriorityFeePerGas": tip}

    async def _nonce(self, at: str) -> int:
        return await self.number("eth_getTransactionCount", self.wallet.address, at)
