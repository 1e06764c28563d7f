"""Between the plain values of the ABI and the typed values of the SDK.

The annotations of the generated dataclasses decide: `JobId` and `Address` become their canonical
text, enums their members, arrays tuples, structs dataclasses.
"""

from collections.abc import Callable, Hashable
from dataclasses import fields, is_dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Any, TypeAlias, cast, get_args, get_origin, get_type_hints

from eth_utils.address import to_checksum_address

from deepsquare.identifiers import Address, JobId, job_id_from_bytes, job_id_to_bytes

AbiValue: TypeAlias = Any
"""What the ABI codec takes and gives: numbers, text, bytes, and sequences of these."""

Converter = Callable[[AbiValue], Any]


@lru_cache(maxsize=65536)
def checksummed(address: str) -> Address:
    """Return the EIP-55 form of an address that came from a decoder."""
    return Address(to_checksum_address(address))


@lru_cache(maxsize=256)
def converter(annotation: Hashable) -> Converter:
    """Return the function that turns a decoded ABI value into ``annotation``."""
    if annotation is JobId:
        return job_id_from_bytes
    if annotation is Address:
        return checksummed
    if get_origin(annotation) is tuple:
        return _tuple_converter(get_args(annotation))
    if isinstance(annotation, type) and is_dataclass(annotation):
        return _struct_converter(annotation)
    if isinstance(annotation, type) and issubclass(annotation, IntEnum):
        return annotation
    return _unchanged


def _unchanged(value: AbiValue) -> AbiValue:
    return value


def _tuple_converter(arguments: tuple[Any, ...]) -> Converter:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        item = converter(arguments[0])
        return lambda values: tuple(map(item, values))
    items = [converter(argument) for argument in arguments]
    return lambda values: tuple(item(v) for item, v in zip(items, values, strict=True))


def _struct_converter(struct: Callable[..., Any]) -> Converter:
    members = [converter(annotation) for annotation in field_types(struct)]
    return lambda values: struct(*(m(v) for m, v in zip(members, values, strict=True)))


def field_types(struct: Callable[..., Any]) -> list[Any]:
    """Return the resolved annotations of a dataclass's fields, in order."""
    hints = get_type_hints(struct)
    return [hints[field.name] for field in fields(cast("Any", struct))]


def to_abi(value: AbiValue, abi_type: str = "") -> AbiValue:
    """Turn a typed value into what the ABI encoder takes; a job id's text fits ``bytes32``."""
    if abi_type == "bytes32" and isinstance(value, str):
        return job_id_to_bytes(JobId(value))
    if is_dataclass(value) and not isinstance(value, type):
        return tuple(to_abi(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, list | tuple):
        return [to_abi(item, abi_type.removesuffix("[]")) for item in value]
    return value
