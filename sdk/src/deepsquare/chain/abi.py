"""The compiled contracts' ABI as encoders and decoders.

Loaded from `deepsquare.chain._generated.abi`, which ``make abi`` writes. Only eth-abi is needed.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from eth_abi.codec import ABICodec
from eth_abi.decoding import StringDecoder
from eth_abi.encoding import TextStringEncoder
from eth_abi.exceptions import DecodingError, EncodingError
from eth_abi.registry import ABIRegistry, BaseEquals, registry
from eth_utils.crypto import keccak

from deepsquare.chain.conversion import AbiValue, to_abi
from deepsquare.errors import Broken, Refused


class InvalidArgument(Refused):
    """A value does not fit the contract's parameter."""

    code = "invalid_argument"


class UndecodableAnswer(Broken):
    """A contract answered bytes that its ABI does not describe; often a wrong address."""

    code = "undecodable_answer"


def _tolerant_codec() -> ABICodec:
    """Decode text that is no valid UTF-8 with replacement characters.

    Anybody may put such bytes on chain, and ``lastError`` is cut at byte 256 (protocol.md 2.6):
    one odd character must not make a job unreadable.
    """
    own: ABIRegistry = registry.copy()  # type: ignore[no-untyped-call]
    own.unregister("string")
    own.register(
        BaseEquals("string", with_sub=False),  # type: ignore[no-untyped-call]
        TextStringEncoder,
        StringDecoder(handle_string_errors="replace"),  # type: ignore[no-untyped-call]
        label="string",
    )
    return ABICodec(own)


CODEC = _tolerant_codec()


def decode_values(types: Sequence[str], data: bytes) -> tuple[Any, ...]:
    """Decode ABI-encoded values; raises `UndecodableAnswer`."""
    try:
        return CODEC.decode(types, data)
    except (DecodingError, OverflowError) as error:
        raise UndecodableAnswer(
            f"{len(data)} bytes from the chain do not fit ({', '.join(types)})"
        ) from error


def type_name(parameter: Mapping[str, Any]) -> str:
    """Return the canonical type of an ABI parameter, structs written as ``(...)``."""
    kind = str(parameter["type"])
    if not kind.startswith("tuple"):
        return kind
    members = ",".join(type_name(member) for member in parameter["components"])
    return f"({members}){kind.removeprefix('tuple')}"


def _types(parameters: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(type_name(parameter) for parameter in parameters)


@dataclass(frozen=True, slots=True)
class Function:
    """One function of a contract."""

    name: str
    input_types: tuple[str, ...]
    output_types: tuple[str, ...]
    selector: bytes

    def encode(self, arguments: Sequence[Any]) -> bytes:
        """Return the call data; raises `InvalidArgument`."""
        values = [to_abi(v, kind) for v, kind in zip(arguments, self.input_types, strict=True)]
        try:
            return self.selector + CODEC.encode(self.input_types, values)
        except (EncodingError, OverflowError, TypeError) as error:
            raise InvalidArgument(f"{self.name} cannot take these values: {error}") from error

    def decode(self, data: bytes) -> AbiValue:
        """Return the decoded result: the value, or the tuple of values if there are several."""
        values = decode_values(self.output_types, data)
        return values[0] if len(values) == 1 else values


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a contract."""

    name: str
    topic: bytes
    inputs: tuple[tuple[str, str, bool], ...]
    """Name, type and whether it is indexed, per parameter."""

    def decode(self, topics: Sequence[bytes], data: bytes) -> tuple[Any, ...]:
        """Return the values in the order of the declaration; raises `UndecodableAnswer`."""
        plain = iter(decode_values([kind for _, kind, indexed in self.inputs if not indexed], data))
        indexed = iter(topics[1:])
        try:
            return tuple(
                decode_values([kind], next(indexed))[0] if is_indexed else next(plain)
                for _, kind, is_indexed in self.inputs
            )
        except RuntimeError as error:
            raise UndecodableAnswer(f"a log of {self.name} has too few topics") from error


@dataclass(frozen=True, slots=True)
class ContractAbi:
    """Functions by name and number of arguments, and events by topic 0, of one contract."""

    name: str
    functions: Mapping[tuple[str, int], Function]
    events: Mapping[bytes, Event]

    def function(self, name: str, arity: int) -> Function:
        """Return a function; overloads differ in the number of arguments."""
        return self.functions[name, arity]


def _function(entry: Mapping[str, Any]) -> Function:
    inputs = _types(entry["inputs"])
    signature = f"{entry['name']}({','.join(inputs)})"
    return Function(entry["name"], inputs, _types(entry["outputs"]), keccak(text=signature)[:4])


def _event(entry: Mapping[str, Any]) -> Event:
    inputs = tuple((p["name"], type_name(p), bool(p["indexed"])) for p in entry["inputs"])
    signature = f"{entry['name']}({','.join(kind for _, kind, _ in inputs)})"
    return Event(entry["name"], keccak(text=signature), inputs)


def parse_abi(name: str, entries: Sequence[Mapping[str, Any]]) -> ContractAbi:
    """Index a JSON ABI."""
    functions = [_function(entry) for entry in entries if entry["type"] == "function"]
    events = [_event(entry) for entry in entries if entry["type"] == "event"]
    return ContractAbi(
        name,
        {(function.name, len(function.input_types)): function for function in functions},
        {event.topic: event for event in events},
    )


@lru_cache
def load_abi(name: str) -> ContractAbi:
    """Load the ABI of one of the grid's contracts by its name."""
    path = files("deepsquare.chain._generated").joinpath("abi", f"{name}.json")
    return parse_abi(name, json.loads(path.read_text(encoding="utf-8")))
