"""What a deployment needs of the outside: a chain to ask, and a wallet to send from."""

from collections.abc import Mapping
from typing import Any, Protocol

from deepsquare.chain.signer import Signer
from deepsquare.identifiers import Address, parse_address

Transaction = Mapping[str, Any]
"""An EIP-1559 transaction: chainId, nonce, data, gas, fees and, unless it creates, ``to``.

Numbers are integers, data is bytes.
"""


class Chain(Protocol):
    """A JSON-RPC endpoint; `deepsquare.chain.Rpc` is one."""

    async def request(self, method: str, *params: Any) -> Any:  # noqa: ANN401 - any JSON
        """Return the result of one request."""


class Wallet(Protocol):
    """The account that deploys."""

    @property
    def address(self) -> Address:
        """The account."""

    async def send(self, chain: Chain, transaction: Transaction) -> str:
        """Sign and hand over a transaction; return its hash without waiting for it."""


class KeyWallet:
    """A wallet whose key is here."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    @property
    def address(self) -> Address:
        """The account of the key."""
        return parse_address(self._signer.address)

    async def send(self, chain: Chain, transaction: Transaction) -> str:
        """Sign and hand over a transaction."""
        signed = self._signer.sign_transaction({"type": 2, "value": 0, **transaction})
        raw = "0x" + bytes(signed.raw_transaction).hex()
        return str(await chain.request("eth_sendRawTransaction", raw))


class UnlockedWallet:
    """A wallet whose key the node has."""

    def __init__(self, address: Address) -> None:
        self._address = address

    @property
    def address(self) -> Address:
        """The account."""
        return self._address

    async def send(self, chain: Chain, transaction: Transaction) -> str:
        """Let the node sign."""
        fields = {"from": self._address, **to_rpc(transaction)}
        return str(await chain.request("eth_sendTransaction", fields))


def to_rpc(transaction: Transaction) -> dict[str, str]:
    """Write a transaction as JSON-RPC takes it: everything in hex."""
    return {name: _hex(value) for name, value in transaction.items()}


def _hex(value: object) -> str:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return hex(value) if isinstance(value, int) else str(value)
