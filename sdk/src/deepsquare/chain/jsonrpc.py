"""JSON-RPC messages: requests, answers, and what an answer's error means. No I/O."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from deepsquare.chain.errors import OutOfGas, Reverted, RpcRefused
from deepsquare.chain.reverts import decode_revert
from deepsquare.chain.shapes import fits
from deepsquare.errors import DeepSquareError

Json: TypeAlias = Any
"""A value of a JSON document."""

REVERTED = 3
"""The code geth, anvil and others give to a reverted ``eth_call`` or ``eth_estimateGas``."""

_RETRYABLE_CODES = frozenset({-32005, -32603, -32002, -32097, 429})
_RETRYABLE_TEXT = re.compile(
    r"header not found|unknown block|block .{0,80}not found|missing trie node"
    r"|state .{0,60}not available"
    r"|blockoutofrange|out of range|timed? ?out|rate limit|too many requests|try again|not synced"
    r"|resource not found",
    re.IGNORECASE,
)
_EXECUTED = re.compile(r"EVM error|invalid opcode", re.IGNORECASE)
"""The call was run and failed: another node would say the same, whatever the code."""

_OUT_OF_GAS = re.compile(r"out of gas|OutOfGas|gas required exceeds", re.IGNORECASE)
_HEX = re.compile(r"0x[0-9a-fA-F]*")


class EndpointFailed(Exception):
    """One endpoint gave no usable answer; another may."""


@dataclass(frozen=True, slots=True)
class Request:
    """One JSON-RPC request."""

    method: str
    params: Sequence[Any] = ()
    may_be_null: bool = False
    """False for what must exist: an endpoint that answers null lags behind."""

    def to_json(self, request_id: int) -> dict[str, Any]:
        """Return the message to send."""
        return {
            "jsonrpc": "2.0",
            "id": request_id,
            "method": self.method,
            "params": list(self.params),
        }


def parse_answer(request: Request, answer: Json) -> Json:
    """Return the result of an answer.

    Raises `EndpointFailed` if another endpoint may do better, the contract's own error for a
    revert, `RpcRefused` for everything else.
    """
    if not isinstance(answer, Mapping):
        raise EndpointFailed(f"{request.method}: the answer is no JSON-RPC object")
    if answer.get("error") is not None:
        raise _to_error(request, answer["error"])
    result = answer.get("result")
    if result is None and not request.may_be_null:
        raise EndpointFailed(f"{request.method}: not known there")
    if result is not None and not fits(request.method, result):
        raise EndpointFailed(f"{request.method}: the answer has another form")
    return result


def _to_error(request: Request, error: Json) -> EndpointFailed | DeepSquareError:
    if not isinstance(error, Mapping):
        return EndpointFailed(f"{request.method}: {error}")
    code, message = error.get("code"), str(error.get("message", ""))
    if code == REVERTED or "revert" in message.lower():
        return _revert(message, error.get("data"))
    if _OUT_OF_GAS.search(message):
        return OutOfGas(f"the call needs more gas than allowed: {message}")
    if _is_retryable(code, message):
        return EndpointFailed(f"{request.method}: {message} ({code})")
    return RpcRefused(f"the chain refused {request.method}: {message}", details={"rpc_code": code})


def _is_retryable(code: Json, message: str) -> bool:
    if _EXECUTED.search(message):
        return False
    return code in _RETRYABLE_CODES or bool(_RETRYABLE_TEXT.search(message))


def _revert(message: str, data: Json) -> DeepSquareError:
    raw = _revert_data(data)
    return decode_revert(raw) if raw else Reverted(f"the contract refused: {message}")


def _revert_data(data: Json) -> bytes:
    """Find the revert data: nodes give it as hex, as ``Reverted 0x...``, or nested in an object."""
    if isinstance(data, Mapping):
        return _revert_data(data.get("data"))
    found = _HEX.search(data) if isinstance(data, str) else None
    try:
        return bytes.fromhex(found[0][2:]) if found else b""
    except ValueError:
        return b""
