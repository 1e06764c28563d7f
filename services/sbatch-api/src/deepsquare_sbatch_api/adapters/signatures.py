"""Signatures of texts by accounts: EIP-191 for keys, ERC-1271 for contracts."""

import asyncio

from eth_abi.abi import encode
from eth_keys.datatypes import Signature
from eth_keys.exceptions import BadSignature
from eth_utils.crypto import keccak
from eth_utils.exceptions import ValidationError

from deepsquare.chain import Call, Rpc
from deepsquare.chain.contract_error import ContractError
from deepsquare.chain.errors import Reverted, RpcRefused, RpcUnavailable
from deepsquare.identifiers import Address
from deepsquare_sbatch_api.domain.errors import ChainUnavailable

ERC1271_MAGIC = bytes.fromhex("1626ba7e")
"""Selector of ``isValidSignature(bytes32,bytes)``, and what it returns for a good signature."""

_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
"""Half the order of secp256k1: a signature with s above it is a malleated copy (EIP-2)."""

_V_BY_BYTE = {0: 0, 1: 1, 27: 0, 28: 1}


class ChainSignatures:
    """`SignatureChecker` that asks the chain about contract accounts."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc

    async def is_signed_by(self, account: Address, *, text: str, signature: bytes) -> bool:
        """See `SignatureChecker.is_signed_by`."""
        digest = message_digest(text)
        if await asyncio.to_thread(recover, digest, signature) == account:
            return True
        try:
            return await self._accepts(account, digest, signature)
        except RpcUnavailable as error:
            raise ChainUnavailable(f"the chain cannot be asked: {error}") from error

    async def _accepts(self, account: Address, digest: bytes, signature: bytes) -> bool:
        """Ask a contract account; one without code answers nothing."""
        data = ERC1271_MAGIC + encode(["bytes32", "bytes"], [digest, signature])
        try:
            answer = await self._rpc.eth_call(Call(account, data, "isValidSignature"))
        except (Reverted, ContractError, RpcRefused):
            return False
        return answer == ERC1271_MAGIC.ljust(32, b"\0")


def message_digest(text: str) -> bytes:
    """Return the hash that a personal signature of a text signs (EIP-191, version 0x45)."""
    body = text.encode()
    return keccak(b"\x19Ethereum Signed Message:\n%d" % len(body) + body)


def recover(digest: bytes, signature: bytes) -> Address | None:
    """Return who signed, None for anything but one well-formed signature with a low s."""
    v = _V_BY_BYTE.get(signature[-1]) if len(signature) == 65 else None
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
    if v is None or s > _HALF_ORDER:
        return None
    try:
        public_key = Signature(vrs=(v, r, s)).recover_public_key_from_msg_hash(digest)
    except (BadSignature, ValidationError):
        return None
    return Address(public_key.to_checksum_address())
