"""Revert data to errors."""

from functools import lru_cache

from deepsquare.chain.abi import UndecodableAnswer, decode_values
from deepsquare.chain.contract_error import ContractError
from deepsquare.chain.conversion import converter, field_types
from deepsquare.chain.errors import CONTRACT_ERRORS, Reverted
from deepsquare.errors import DeepSquareError

_REASON = bytes.fromhex("08c379a0")
_PANIC = bytes.fromhex("4e487b71")
"""Selectors of ``Error(string)`` and ``Panic(uint256)``, which Solidity itself defines."""


@lru_cache
def _errors_by_selector() -> dict[bytes, type[ContractError]]:
    return {error.selector: error for error in CONTRACT_ERRORS}


def decode_revert(data: bytes) -> DeepSquareError:
    """Return the error that revert data stands for; never raises.

    A custom error of the grid's contracts comes back as the class of the same name with its values,
    anything else as `Reverted`.
    """
    selector, arguments = data[:4], data[4:]
    try:
        return _decode(selector, arguments)
    except (UndecodableAnswer, ValueError):
        return _unknown(data)


def _decode(selector: bytes, arguments: bytes) -> DeepSquareError:
    if error := _errors_by_selector().get(selector):
        return _contract_error(error, arguments)
    if selector == _REASON:
        return Reverted(f"the contract refused: {decode_values(['string'], arguments)[0]}")
    if selector == _PANIC:
        code = decode_values(["uint256"], arguments)[0]
        return Reverted(f"the contract panicked with code 0x{code:02x}", details={"panic": code})
    return _unknown(selector + arguments)


def _contract_error(error: type[ContractError], arguments: bytes) -> ContractError:
    inside = error.signature.partition("(")[2].removesuffix(")")
    types = inside.split(",") if inside else []
    members = [converter(annotation) for annotation in field_types(error)]
    values = decode_values(types, arguments)
    return error(*(convert(v) for convert, v in zip(members, values, strict=True)))


def _unknown(data: bytes) -> Reverted:
    shown = f"0x{data.hex()}" if data else "no reason"
    return Reverted(
        f"the contract refused with {shown[:200]}", details={"revert_data": "0x" + data.hex()}
    )
