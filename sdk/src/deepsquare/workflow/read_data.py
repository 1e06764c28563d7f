"""Turns decoded data (GraphQL variables, JSON bodies) into nodes, within the limits of W-DOC-7."""

from collections.abc import Mapping, Sequence
from typing import Any

from deepsquare.workflow.nodes import (
    BOOLEAN,
    FLOAT,
    INT,
    MAX_DEPTH,
    MAX_NODES,
    NULL,
    STRING,
    Node,
    Position,
    ScalarNode,
    UnreadableDocument,
    mapping_node,
    scalar_node,
    sequence_node,
    too_deep,
    too_many,
)


def read_data(data: object) -> Node:
    """Convert mappings, sequences and scalars; marks are running numbers in document order."""
    return _Reader().node(data, 0)


class _Reader:
    def __init__(self) -> None:
        self._count = 0

    def node(self, data: object, depth: int) -> Node:
        mark = self._mark()
        if depth > MAX_DEPTH:
            raise too_deep(None)
        if isinstance(data, Mapping):
            mapping = mapping_node(mark)
            mapping.value += (
                (self._key(key), self.node(item, depth + 1)) for key, item in data.items()
            )
            return mapping
        if isinstance(data, Sequence) and not isinstance(data, str | bytes | bytearray):
            sequence = sequence_node(mark)
            sequence.value += (self.node(item, depth + 1) for item in data)
            return sequence
        return _scalar(data, mark)

    def _key(self, key: object) -> Node:
        return _scalar(key, self._mark())

    def _mark(self) -> Position:
        self._count += 1
        if self._count > MAX_NODES:
            raise too_many(None)
        return Position(self._count, 0)


def _scalar(data: Any, mark: Position) -> ScalarNode:  # noqa: ANN401
    kinds: dict[type, str] = {bool: BOOLEAN, int: INT, float: FLOAT, str: STRING}
    if data is None:
        return scalar_node(NULL, "", mark)
    kind = next((kinds[base] for base in type(data).__mro__ if base in kinds), None)
    if kind is None:
        raise UnreadableDocument("type", f"values of type {type(data).__name__} are no data", None)
    return scalar_node(kind, _text(data), mark)


def _text(data: Any) -> str:  # noqa: ANN401
    if isinstance(data, bool):
        return "true" if data else "false"
    if isinstance(data, int):
        return _integer_text(data)
    return str(data)


def _integer_text(value: int) -> str:
    """Write an integer; huge ones, which Python refuses to write, in hexadecimal."""
    return str(value) if value.bit_length() < 1024 else hex(value)
