"""Reads JSON text into nodes that know their place, within the limits of W-DOC-7.

Nearly all JSON is YAML too and is read as such. What is not (surrogate pairs in escapes, long
keys, raw DEL characters) is why JSON has a reader of its own.
"""

import bisect
import re
from collections.abc import Callable
from json import decoder

from deepsquare.workflow.nodes import (
    BOOLEAN,
    FLOAT,
    INT,
    MAX_DEPTH,
    MAX_NODES,
    NULL,
    STRING,
    MappingNode,
    Node,
    Position,
    ScalarNode,
    SequenceNode,
    mapping_node,
    scalar_node,
    sequence_node,
    too_deep,
    too_many,
)

_scan_string: Callable[[str, int, bool], tuple[str, int]] = decoder.scanstring  # type: ignore[attr-defined]
_BLANKS = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?P<rest>(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)")
_WORD = re.compile(r"true|false|null")
_WORD_KINDS = {"true": BOOLEAN, "false": BOOLEAN, "null": NULL}


class NotJSON(Exception):
    """The text is no JSON."""


def read_json(text: str) -> Node:
    """Read a JSON text; raises `NotJSON`, or `UnreadableDocument` beyond a limit."""
    return _Reader(text).read()


class _Reader:
    """A JSON reader with a stack of its own: depth costs no recursion."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._count = 0
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._open: list[MappingNode | SequenceNode] = []

    def read(self) -> Node:
        root = self._value()
        while self._open:
            self._continue(self._open[-1])
        self._blanks()
        if self._at != len(self._text):
            raise NotJSON
        return root

    def _continue(self, parent: MappingNode | SequenceNode) -> None:
        """Read the next entry of the innermost open collection, or its end."""
        closing = "}" if isinstance(parent, MappingNode) else "]"
        if self._next() == closing:
            self._at += 1
            self._open.pop()
            return
        if parent.value:
            self._expect(",")
        if isinstance(parent, MappingNode):
            key = self._string()
            self._expect(":")
            parent.value.append((key, self._value()))
        else:
            parent.value.append(self._value())

    def _value(self) -> Node:
        first = self._next()
        if first == '"':
            return self._string()
        if first in ("{", "["):
            return self._collection(first)
        return self._scalar()

    def _collection(self, first: str) -> Node:
        mark = self._mark()
        self._at += 1
        node: MappingNode | SequenceNode = (
            mapping_node(mark) if first == "{" else sequence_node(mark)
        )
        self._open.append(node)
        if len(self._open) > MAX_DEPTH:
            raise too_deep(mark)
        return node

    def _string(self) -> ScalarNode:
        if self._next() != '"':
            raise NotJSON
        mark = self._mark()
        try:
            value, self._at = _scan_string(self._text, self._at + 1, True)
        except decoder.JSONDecodeError:
            raise NotJSON from None
        return scalar_node(STRING, value, mark)

    def _scalar(self) -> ScalarNode:
        mark = self._mark()
        if word := _WORD.match(self._text, self._at):
            self._at = word.end()
            return scalar_node(_WORD_KINDS[word[0]], word[0], mark)
        number = _NUMBER.match(self._text, self._at)
        if number is None:
            raise NotJSON
        self._at = number.end()
        return scalar_node(FLOAT if number["rest"] else INT, number[0], mark)

    def _mark(self) -> Position:
        self._count += 1
        line = bisect.bisect_right(self._line_starts, self._at) - 1
        at = Position(line, self._at - self._line_starts[line])
        if self._count > MAX_NODES:
            raise too_many(at)
        return at

    def _next(self) -> str:
        self._blanks()
        return self._text[self._at : self._at + 1]

    def _blanks(self) -> None:
        self._at = _BLANKS.match(self._text, self._at).end()  # type: ignore[union-attr]

    def _expect(self, character: str) -> None:
        if self._next() != character:
            raise NotJSON
        self._at += 1
