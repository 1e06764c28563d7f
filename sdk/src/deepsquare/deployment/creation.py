"""Creating contracts: their code with constructor arguments, their addresses, their gas."""

import json
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any

from eth_utils.crypto import keccak

from deepsquare.chain.abi import CODEC, type_name
from deepsquare.identifiers import Address, parse_address

_CREATE_GAS = 53_000
_GAS_PER_DATA_BYTE = 16
_GAS_PER_CODE_BYTE = 200
_CONSTRUCTOR_GAS = 300_000
"""More than any constructor of ours uses: a few storage words and sibling calls."""


@lru_cache
def _bytecode() -> dict[str, str]:
    path = files("deepsquare.chain._generated").joinpath("bytecode.json")
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return found


def creation_code(contract: str, arguments: Sequence[Any]) -> bytes:
    """Return the data of the transaction that creates a contract of the grid."""
    types = _constructor_types(contract)
    return bytes.fromhex(_bytecode()[contract].removeprefix("0x")) + CODEC.encode(types, arguments)


def _constructor_types(contract: str) -> list[str]:
    path = files("deepsquare.chain._generated").joinpath("abi", f"{contract}.json")
    entries = json.loads(path.read_text(encoding="utf-8"))
    inputs = [entry["inputs"] for entry in entries if entry["type"] == "constructor"]
    return [type_name(parameter) for parameter in inputs[0]] if inputs else []


def creation_gas_bound(code: bytes) -> int:
    """Return gas that is enough for a creation, from the price list of the EVM (EIP-170, 2028)."""
    return _CREATE_GAS + _CONSTRUCTOR_GAS + len(code) * (_GAS_PER_DATA_BYTE + _GAS_PER_CODE_BYTE)


def created_address(creator: Address, nonce: int) -> Address:
    """Return the address that CREATE gives: Keccak-256 of the RLP of creator and nonce."""
    number = nonce.to_bytes((nonce.bit_length() + 7) // 8, "big")
    if len(number) != 1 or number[0] >= 0x80:
        number = bytes([0x80 + len(number)]) + number
    payload = b"\x94" + bytes.fromhex(creator[2:]) + number
    return parse_address("0x" + keccak(bytes([0xC0 + len(payload)]) + payload)[12:].hex())
