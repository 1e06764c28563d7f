"""What the results of JSON-RPC methods look like (Ethereum's execution-apis).

An endpoint behind a broken proxy answers anything; what does not have its method's shape is no
answer, and another endpoint is asked.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Shape: TypeAlias = Callable[[Any], bool]

_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,64}")
_DATA = re.compile(r"0x(?:[0-9a-fA-F]{2})*")


def fits(method: str, result: object) -> bool:
    """Tell whether a result can be one of this method; of others nothing is known."""
    shape = _SHAPE_BY_METHOD.get(method)
    return shape is None or shape(result)


def _is_quantity(value: object) -> bool:
    return isinstance(value, str) and _QUANTITY.fullmatch(value) is not None


def _is_data(value: object) -> bool:
    return isinstance(value, str) and _DATA.fullmatch(value) is not None


def _is_optional_quantity(value: object) -> bool:
    return value is None or _is_quantity(value)


def _list_of(shape: Shape) -> Shape:
    return lambda value: isinstance(value, list) and all(map(shape, value))


def _object_of(**shapes: Shape) -> Shape:
    """Return the shape of an object; a field that is left out counts as null."""
    return lambda value: (
        isinstance(value, Mapping) and all(shape(value.get(name)) for name, shape in shapes.items())
    )


_LOG = _object_of(
    address=_is_data,
    topics=_list_of(_is_data),
    data=_is_data,
    blockNumber=_is_quantity,
    blockHash=_is_data,
    transactionHash=_is_data,
    logIndex=_is_quantity,
)
_BLOCK = _object_of(
    number=_is_quantity,
    hash=_is_data,
    timestamp=_is_quantity,
    baseFeePerGas=_is_optional_quantity,
)
_RECEIPT = _object_of(
    transactionHash=_is_data,
    blockNumber=_is_quantity,
    blockHash=_is_data,
    status=_is_quantity,
    gasUsed=_is_quantity,
    logs=_list_of(_LOG),
)
_SHAPE_BY_METHOD: Mapping[str, Shape] = {
    "eth_blockNumber": _is_quantity,
    "eth_call": _is_data,
    "eth_chainId": _is_quantity,
    "eth_estimateGas": _is_quantity,
    "eth_getBalance": _is_quantity,
    "eth_getBlockByNumber": _BLOCK,
    "eth_getCode": _is_data,
    "eth_getLogs": _list_of(_LOG),
    "eth_getTransactionCount": _is_quantity,
    "eth_getTransactionReceipt": _RECEIPT,
    "eth_maxPriorityFeePerGas": _is_quantity,
    "eth_sendRawTransaction": _is_data,
}
