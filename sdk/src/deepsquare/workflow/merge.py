"""Entries of a mapping with its merge keys resolved."""

import re
from collections.abc import Sequence

from deepsquare.workflow.document import Document
from deepsquare.workflow.nodes import MAPPING, MERGE, SEQUENCE, MappingNode, Node
from deepsquare.workflow.report import Path

Entry = tuple[Node, Node]

# A plain scalar ends before a blank or one of these characters; scripts hold many other "<<".
_PLAIN_MERGE = re.compile(r"<<(?![^\s:,\[\]{}])")


def has_merges(text: str) -> bool:
    """Tell whether a text may hold merge keys."""
    return "<<" in text and _PLAIN_MERGE.search(text) is not None


def entries_of(document: Document, node: Node, path: Path) -> Sequence[Entry]:
    """Return the entries; those of merged mappings follow, unless a key is there already."""
    entries: list[Entry] = node.value
    if not document.has_merges or all(key.tag != MERGE for key, _ in entries):
        return entries
    return _merged(document, node, path)


def _merged(document: Document, node: Node, path: Path) -> list[Entry]:
    entries = [entry for entry in node.value if entry[0].tag != MERGE]
    merges = [entry for entry in node.value if entry[0].tag == MERGE]
    for key, _ in merges[1:]:
        message = 'the key "<<" stands twice: give << a list of mappings'
        document.report.error(key, (path, "<<"), "duplicate_key", message=message)
    taken = {key.value for key, _ in entries if isinstance(key.value, str)}
    for source in _sources(document, merges[0], path):
        for key, value in entries_of(document, source, path):
            if not isinstance(key.value, str) or key.value not in taken:
                taken.add(str(key.value))
                entries.append((key, value))
    return entries


def _sources(document: Document, merge: Entry, path: Path) -> list[MappingNode]:
    value = merge[1]
    candidates: list[Node] = value.value if value.tag == SEQUENCE else [value]
    sources = [node for node in candidates if isinstance(node, MappingNode) and node.tag == MAPPING]
    if len(sources) < len(candidates):
        message = "a merge key (<<) takes a mapping or a list of mappings"
        document.report.error(value, (path, "<<"), "syntax", message=message)
    return sources
