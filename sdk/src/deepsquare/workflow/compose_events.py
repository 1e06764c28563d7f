"""Composes a tree from libyaml's events, for texts that libyaml's own composer refuses.

YAML 1.2 lets an anchor be defined again, later aliases meaning the later node; the composer that
comes with libyaml's binding does not. This one is slower and used only then.
"""

from typing import Any

from yaml._yaml import CParser
from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from deepsquare.workflow.nodes import (
    MAX_DEPTH,
    MAX_NODES,
    STRING,
    MappingNode,
    Node,
    Position,
    UnreadableDocument,
    mapping_node,
    scalar_node,
    sequence_node,
    too_deep,
    too_many,
)
from deepsquare.workflow.plain_scalars import plain_kind

SECOND_DOCUMENT = (
    "the document is no YAML: a file holds one document: remove what follows the second ---"
)


def compose_events(text: str) -> Node:
    """Compose the one document of a text; raises `UnreadableDocument` or a YAMLError."""
    return _EventComposer().compose(text)


class _EventComposer:
    def __init__(self) -> None:
        self._anchors: dict[str, Node] = {}
        self._open: list[tuple[Node, list[Node]]] = []
        self._root: Node | None = None
        self._count = 0

    def compose(self, text: str) -> Node:
        parser = CParser(text)
        while self._root is None or self._open:
            self._take(parser.get_event())
        parser.get_event()
        after = parser.get_event()
        if not isinstance(after, StreamEndEvent):
            raise UnreadableDocument("syntax", SECOND_DOCUMENT, _place(after))
        return self._root

    def _take(self, event: Any) -> None:  # noqa: ANN401 - the binding has no types
        if isinstance(event, AliasEvent):
            self._add(self._known(event))
        elif isinstance(event, ScalarEvent):
            plain = plain_kind(event.value) if event.implicit[0] else STRING
            kind = event.tag if event.tag not in (None, "!") else plain
            self._add(self._new(scalar_node(kind, event.value, _place(event)), event))
        elif isinstance(event, SequenceStartEvent):
            self._begin(sequence_node(_place(event)), event)
        elif isinstance(event, MappingStartEvent):
            self._begin(mapping_node(_place(event)), event)
        elif isinstance(event, SequenceEndEvent | MappingEndEvent):
            self._end()

    def _begin(self, node: Node, event: Any) -> None:  # noqa: ANN401
        if event.tag not in (None, "!"):
            node.tag = event.tag
        self._add(self._new(node, event))
        self._open.append((node, []))
        if len(self._open) > MAX_DEPTH:
            raise too_deep(_place(event))

    def _end(self) -> None:
        node, parts = self._open.pop()
        if isinstance(node, MappingNode):
            node.value = list(zip(parts[::2], parts[1::2], strict=True))
        else:
            node.value = parts

    def _new(self, node: Node, event: Any) -> Node:  # noqa: ANN401
        self._count += 1
        if self._count > MAX_NODES:
            raise too_many(_place(event))
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _known(self, event: Any) -> Node:  # noqa: ANN401
        if event.anchor not in self._anchors:
            message = "the document is no YAML: found undefined alias"
            raise UnreadableDocument("syntax", message, _place(event))
        return self._anchors[event.anchor]

    def _add(self, node: Node) -> None:
        if self._open:
            self._open[-1][1].append(node)
        elif self._root is None:
            self._root = node


def _place(event: Any) -> Position:  # noqa: ANN401
    return Position(event.start_mark.line, event.start_mark.column)
