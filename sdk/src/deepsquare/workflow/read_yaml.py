"""Reads YAML 1.2 text with the core schema into nodes, within the limits of W-DOC-7.

libyaml composes the tree; the hooks it calls for each node keep count and depth, so that a hostile
text is left after a bounded amount of work.
"""

import re
from typing import NamedTuple

from yaml import YAMLError
from yaml._yaml import CParser

from deepsquare.workflow.compose_events import compose_events
from deepsquare.workflow.nodes import (
    BOOLEAN,
    FLOAT,
    INT,
    MAPPING,
    MAX_DEPTH,
    MAX_NODES,
    MAX_TEXT,
    MERGE,
    NULL,
    SEQUENCE,
    STRING,
    MappingNode,
    Node,
    Position,
    ScalarNode,
    SequenceNode,
    UnreadableDocument,
    too_deep,
    too_long,
    too_many,
)
from deepsquare.workflow.plain_scalars import STARTS_OF_TEXT, plain_kind

_CORE_TAGS = {
    "tag:yaml.org,2002:str": STRING,
    "tag:yaml.org,2002:int": INT,
    "tag:yaml.org,2002:float": FLOAT,
    "tag:yaml.org,2002:bool": BOOLEAN,
    "tag:yaml.org,2002:null": NULL,
    "tag:yaml.org,2002:seq": SEQUENCE,
    "tag:yaml.org,2002:map": MAPPING,
    # Not of the core schema, but yq writes it before each merge key.
    "tag:yaml.org,2002:merge": MERGE,
}
_CORE_TAG = re.compile("!(?:!(?:str|int|float|bool|null|seq|map|merge)|<)")
# libyaml takes no other characters for names of anchors.
_ANCHOR = re.compile("&[A-Za-z0-9_-]")
_ALIAS = re.compile(r"\*[A-Za-z0-9_-]")
_NO_YAML = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
BREAKS_OF_YAML_1_1 = "\x85\u2028\u2029"
"""Characters that end a line for parsers of YAML 1.1, libyaml too; for YAML 1.2 they are text."""


class _Composer(CParser):
    """libyaml's composer with the core schema, counting what it builds.

    Its binding calls the hooks up to three times a node; closures cost the least.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        around: list[Node | None] = []
        count = 0

        def enter(parent: Node | None, _index: object) -> None:
            nonlocal count
            around.append(parent)
            count += 1
            if len(around) > MAX_DEPTH:
                raise too_deep(_start(parent))
            if count > MAX_NODES:
                raise too_many(_start(parent))

        self.descend_resolver = enter
        self.ascend_resolver = around.pop
        self.resolve = _kind


def _kind(kind: type[Node], value: str, implicit: tuple[bool, bool]) -> str:
    """Return the kind of a node without an explicit tag; ``implicit`` is of a plain scalar."""
    if kind is ScalarNode:
        if not implicit[0] or value[:1] in STARTS_OF_TEXT:
            return STRING
        return plain_kind(value)
    return MAPPING if kind is MappingNode else SEQUENCE


def read_yaml(text: str) -> Node | None:
    """Read the one document of a text; None if it is empty. Raises `UnreadableDocument`."""
    hidden = _hide_breaks(text) if any(mark in text for mark in BREAKS_OF_YAML_1_1) else {}
    root = _compose(text.translate(hidden) if hidden else text)
    if root is None:
        return None
    # Without these no alias can stand in the text, and the composer has counted all there is.
    if "&" in text and "*" in text and _ANCHOR.search(text) and _ALIAS.search(text):
        _measure(root)
    if hidden or _CORE_TAG.search(text) or ("%" in text and "%TAG" in text):
        _retag(root, {replacement: chr(mark) for mark, replacement in hidden.items()})
    return root


def _compose(text: str) -> Node | None:
    try:
        root: Node | None = _Composer(text).get_single_node()
    except YAMLError as error:
        if not _defines_anchor_again(error):
            raise _syntax_error(error, text) from None
        return _compose_again(text)
    return root


def _defines_anchor_again(error: YAMLError) -> bool:
    return "duplicate anchor" in str(getattr(error, "context", ""))


def _compose_again(text: str) -> Node:
    try:
        return compose_events(text)
    except YAMLError as error:
        raise _syntax_error(error, text) from None


def _syntax_error(error: YAMLError, text: str) -> UnreadableDocument:
    mark = getattr(error, "problem_mark", None)
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable")
    if problem == "but found another document":
        problem = "a file holds one document: remove what follows the second ---"
    if mark and problem == "found character that cannot start any token":
        problem = _cannot_start(text[mark.index : mark.index + 1])
    at = Position(mark.line, mark.column) if mark else _unreadable_character(text)
    return UnreadableDocument("syntax", f"the document is no YAML: {problem}", at)


def _cannot_start(character: str) -> str:
    if character == "\t":
        return "a tab stands where only blanks may indent"
    return f"a value cannot start with {character}: put it in quotes"


def _unreadable_character(text: str) -> Position | None:
    """Return where the first character stands that no YAML text may hold."""
    found = _NO_YAML.search(text)
    if found is None:
        return None
    *above, line = re.split("\r\n?|\n", text[: found.start()])
    return Position(len(above), len(line))


def _start(node: Node | None) -> Position | None:
    return None if node is None else Position(node.start_mark.line, node.start_mark.column)


def _hide_breaks(text: str) -> dict[int, str]:
    """Choose stand-ins for characters that libyaml, but not YAML 1.2, takes for line breaks."""
    unused = (chr(code) for code in range(0xE000, 0xF8FF) if chr(code) not in text)
    return {ord(mark): next(unused) for mark in BREAKS_OF_YAML_1_1}


class _Size(NamedTuple):
    """Nodes, levels and characters of a tree with all aliases expanded."""

    nodes: int
    levels: int
    characters: int


def _measure(root: Node) -> None:
    """Check the size of the tree with all aliases expanded, without expanding them."""
    sizes: dict[int, _Size] = {}
    entered: set[int] = set()
    pending = [root]
    while pending:
        node = pending[-1]
        children = [] if id(node) in sizes else _children(node)
        waiting = [child for child in children if id(child) not in sizes]
        if not waiting or id(node) in entered:
            pending.pop()
            if waiting:
                raise UnreadableDocument("syntax", "an alias contains itself", _start(node))
            sizes.setdefault(id(node), _size(node, children, sizes))
            continue
        entered.add(id(node))
        pending.extend(waiting)


def _size(node: Node, children: list[Node], sizes: dict[int, _Size]) -> _Size:
    inside = [sizes[id(child)] for child in children]
    count = 1 + sum(size.nodes for size in inside)
    depth = 1 + max((size.levels for size in inside), default=0)
    characters = sum(size.characters for size in inside)
    if isinstance(node, ScalarNode):
        characters = len(node.value)
    if count > MAX_NODES:
        raise too_many(_start(node))
    if characters > MAX_TEXT:
        raise too_long(_start(node))
    if depth > MAX_DEPTH:
        raise too_deep(_start(node))
    return _Size(count, depth, characters)


def _children(node: Node) -> list[Node]:
    if isinstance(node, MappingNode):
        return [part for entry in node.value for part in entry]
    return node.value if isinstance(node, SequenceNode) else []


def _retag(root: Node, breaks: dict[str, str]) -> None:
    """Turn tags of the core schema into kinds, and stand-ins into what they stand for."""
    back = str.maketrans(breaks)
    seen: set[int] = set()
    pending = [root]
    while pending:
        node = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        node.tag = _kind_of_tag(node)
        if isinstance(node, ScalarNode):
            node.value = node.value.translate(back)
        pending.extend(_children(node))


def _kind_of_tag(node: Node) -> str:
    """Return the kind an explicit tag of the core schema asks for; other tags stay."""
    kind = _CORE_TAGS.get(node.tag, node.tag)
    if kind != STRING and node.tag in _CORE_TAGS and isinstance(node, ScalarNode):
        return kind if plain_kind(node.value) == kind else node.tag
    return kind
