"""What the SDK needs of a key. `eth_account.signers.local.LocalAccount` provides it as it is."""

from typing import Any, Protocol

from deepsquare.identifiers import Address


class SignedRaw(Protocol):
    """A signed transaction as eth-account gives it."""

    @property
    def raw_transaction(self) -> bytes:
        """The bytes to send."""

    @property
    def hash(self) -> bytes:
        """Their Keccak-256: the transaction's hash."""


class SignatureParts(Protocol):
    """A signature as eth-account gives it."""

    @property
    def v(self) -> int:
        """Recovery id, 27 or 28."""

    @property
    def r(self) -> int:
        """First half."""

    @property
    def s(self) -> int:
        """Second half."""


class Signer(Protocol):
    """Holds one key and signs with it; must never show it."""

    @property
    def address(self) -> str:
        """The account of the key, checksummed."""

    def sign_transaction(self, transaction_dict: dict[str, Any], /) -> SignedRaw:
        """Sign an EIP-1559 transaction."""

    def sign_typed_data(
        self,
        domain_data: dict[str, Any],
        message_types: dict[str, Any],
        message_data: dict[str, Any],
        /,
    ) -> SignatureParts:
        """Sign EIP-712 data."""


def signer_address(signer: Signer) -> Address:
    """Return the signer's account."""
    return Address(signer.address)
