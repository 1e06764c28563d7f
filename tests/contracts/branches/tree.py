"""Branch lists of contract functions, and the names of the tests that walk them.

A `.tree` file holds a tree for each state-changing function, with a blank line between two:

    MetaScheduler::checkpointJob
    ├── given the job is unknown
    │   └── it should revert with InvalidJob
    └── given the job is known
        └── ...

The root names contract and function, `given` and `when` lines are conditions, `it should` lines are
the leaves. Each leaf has one test, whose name is made of the function, the innermost condition and
the outcome; so no two leaves of a tree may agree in both.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

MAX_NAME = 95
_ROOT = re.compile(r"([A-Z]\w*)::(\w+)")
_NODE = re.compile(r"((?:│   |    )*)([├└])── (given|when|it should) (\S.*)")
_BAR, _GAP = "│   ", "    "


@dataclass(frozen=True)
class Branch:
    """One leaf: what a function of a contract does under conditions, outermost first."""

    contract: str
    function: str
    conditions: tuple[str, ...]
    outcome: str

    @property
    def test_name(self) -> str:
        condition = self.conditions[-1].split(" ", 1)[1]
        return f"test_{_snake(self.function)}__{_slug(condition)}__{_slug(self.outcome)}"


@dataclass(frozen=True)
class _Node:
    number: int
    depth: int
    is_last: bool
    kind: str
    text: str

    @property
    def is_leaf(self) -> bool:
        return self.kind == "it should"


def parse_tree(text: str) -> tuple[Branch, ...]:
    """Read all trees of a file; raises ValueError that begins with the number of the bad line."""
    lines = list(enumerate(text.splitlines(), start=1))
    trees = [list(group) for filled, group in groupby(lines, lambda x: bool(x[1])) if filled]
    branches = [branch for tree in trees for branch in _read(tree)]
    roots = [(b.contract, b.function) for b in branches]
    if len(list(groupby(roots))) != len(set(roots)):
        raise ValueError(f"line {lines[-1][0]}: two trees have the same root")
    return tuple(branches)


def _read(lines: list[tuple[int, str]]) -> Iterator[Branch]:
    number, title = lines[0]
    root = _ROOT.fullmatch(title)
    if root is None:
        raise ValueError(f"line {number}: a root is Contract::function, not {title!r}")
    names: set[str] = set()
    for conditions, leaf in _leaves(_nodes(lines)):
        branch = Branch(root[1], root[2], conditions, leaf.text)
        _check_name(leaf.number, branch.test_name, names)
        names.add(branch.test_name)
        yield branch


def _check_name(number: int, name: str, earlier: set[str]) -> None:
    if name in earlier:
        raise ValueError(f"line {number}: a second leaf with the test {name}")
    if len(name) > MAX_NAME:
        raise ValueError(f"line {number}: more than {MAX_NAME} characters: {name}")


def _nodes(lines: list[tuple[int, str]]) -> list[_Node]:
    """Read the lines below a root, and check that they are drawn as one tree."""
    nodes: list[_Node] = []
    path: list[_Node] = []
    for number, line in lines[1:]:
        node = _node(number, line, path)
        path = [*path[: node.depth], node]
        nodes.append(node)
    if not nodes:
        raise ValueError(f"line {lines[-1][0]}: a tree without branches")
    for node in path:
        _check_closed(node, lines[-1][0])
    return nodes


def _node(number: int, line: str, path: list[_Node]) -> _Node:
    match = _NODE.fullmatch(line)
    if match is None:
        raise ValueError(f"line {number}: no given, when or it should on a branch: {line!r}")
    indent, corner, kind, text = match.groups()
    depth = len(indent) // len(_BAR)
    if depth > len(path):
        raise ValueError(f"line {number}: two levels deeper than the line above")
    if indent != "".join(_GAP if node.is_last else _BAR for node in path[:depth]):
        raise ValueError(f"line {number}: the bars do not lead to the branches above")
    if depth < len(path) and path[depth].is_last:
        raise ValueError(f"line {number}: a branch after the last one, drawn └──")
    for node in path[depth + 1 :]:
        _check_closed(node, number)
    return _Node(number, depth, corner == "└", kind, text)


def _check_closed(node: _Node, number: int) -> None:
    if not node.is_last:
        raise ValueError(f"line {number}: line {node.number} is the last, so it is drawn └──")


def _leaves(nodes: list[_Node]) -> Iterator[tuple[tuple[str, ...], _Node]]:
    path: list[_Node] = []
    for node, following in zip(nodes, [*nodes[1:], None], strict=True):
        path = [*path[: node.depth], node]
        has_branches = following is not None and following.depth > node.depth
        if node.is_leaf == has_branches:
            raise ValueError(f"line {node.number}: conditions have branches, leaves have none")
        if not node.is_leaf:
            continue
        if node.depth == 0:
            raise ValueError(f"line {node.number}: a leaf without a condition")
        yield tuple(f"{above.kind} {above.text}" for above in path[:-1]), node


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
