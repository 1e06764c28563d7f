"""The tree a document is read into: PyYAML's nodes with kinds of our own as tags.

A `ScalarNode` keeps the source text in ``value``; its ``tag`` is one of the kinds below. Marks
count lines and columns from 0.
"""

from typing import NamedTuple

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

STRING = "string"
INT = "int"
FLOAT = "float"
BOOLEAN = "boolean"
NULL = "null"
MERGE = "merge"
"""A plain ``<<``: a merge key, or as a value the text itself."""
SEQUENCE = "sequence"
MAPPING = "mapping"

TEXT_KINDS = frozenset({STRING, MERGE})
SCALAR_KINDS = frozenset({STRING, INT, FLOAT, BOOLEAN, NULL, MERGE})

MAX_DOCUMENT_BYTES = 1024 * 1024
MAX_NODES = 100_000
"""Nodes of a document after alias expansion (W-DOC-7)."""
MAX_TEXT = 8 * MAX_DOCUMENT_BYTES
"""Characters after alias expansion: every use of a long text is checked, and rendered."""
MAX_DEPTH = 200
"""Nesting of mappings and sequences (W-DOC-7)."""


class Position(NamedTuple):
    """A place in a text, from 0; or, for decoded data, the running number of a value."""

    line: int
    column: int


class UnreadableDocument(Exception):
    """The text is no document, or exceeds a limit; ends the parsing at once."""

    def __init__(self, tag: str, message: str, at: Position | None) -> None:
        super().__init__(message)
        self.tag = tag
        self.message = message
        self.at = at


def scalar_node(kind: str, text: str, at: Position) -> ScalarNode:
    """Build a scalar that a reader other than libyaml has read."""
    return ScalarNode(kind, text, at)  # type: ignore[arg-type]


def sequence_node(at: Position) -> SequenceNode:
    """Build an empty sequence."""
    return SequenceNode(SEQUENCE, [], at)  # type: ignore[arg-type]


def mapping_node(at: Position) -> MappingNode:
    """Build an empty mapping."""
    return MappingNode(MAPPING, [], at)  # type: ignore[arg-type]


def value_in(node: Node, wire: str) -> Node | None:
    """Return the value of a mapping's field, be it that of a mapping merged into it."""
    if not isinstance(node, MappingNode):
        return None
    merged: list[Node] = []
    for key, value in node.value:
        if key.value == wire and key.tag == STRING:
            return value  # type: ignore[no-any-return]
        if key.tag == MERGE:
            merged += value.value if isinstance(value, SequenceNode) else [value]
    return next((found for source in merged if (found := value_in(source, wire))), None)


def too_big() -> UnreadableDocument:
    """Return the error for a document above `MAX_DOCUMENT_BYTES`."""
    return UnreadableDocument("limit", "the document is larger than 1 MiB", None)


def too_many(at: Position | None) -> UnreadableDocument:
    """Return the error for a document with more than `MAX_NODES`."""
    return UnreadableDocument(
        "limit", f"the document has more than {MAX_NODES} values, aliases expanded", at
    )


def too_long(at: Position | None) -> UnreadableDocument:
    """Return the error for a document with more than `MAX_TEXT`."""
    return UnreadableDocument(
        "limit", f"the document has more than {MAX_TEXT} characters, aliases expanded", at
    )


def too_deep(at: Position | None) -> UnreadableDocument:
    """Return the error for a document nested deeper than `MAX_DEPTH`."""
    return UnreadableDocument("limit", f"the document is nested deeper than {MAX_DEPTH} levels", at)


__all__ = [
    "BOOLEAN",
    "FLOAT",
    "INT",
    "MAPPING",
    "MAX_DEPTH",
    "MAX_DOCUMENT_BYTES",
    "MAX_NODES",
    "MAX_TEXT",
    "MERGE",
    "NULL",
    "SCALAR_KINDS",
    "SEQUENCE",
    "STRING",
    "TEXT_KINDS",
    "MappingNode",
    "Node",
    "Position",
    "ScalarNode",
    "SequenceNode",
    "UnreadableDocument",
    "mapping_node",
    "scalar_node",
    "sequence_node",
    "too_big",
    "too_deep",
    "too_long",
    "too_many",
    "value_in",
]
