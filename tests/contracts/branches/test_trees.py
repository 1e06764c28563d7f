"""Every branch of every state-changing function is listed once and tested once."""

import ast
import json
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

import pytest
from tests.contracts.branches.tree import Branch, parse_tree

HERE = Path(__file__).parent
TREES = sorted(path.stem for path in HERE.glob("*.tree"))
ABIS = {
    Path(path.name).stem: json.loads(path.read_text())
    for path in files("deepsquare.chain._generated.abi").iterdir()
    if path.name.endswith(".json")
}


def _branches(name: str) -> tuple[Branch, ...]:
    return parse_tree((HERE / f"{name}.tree").read_text())


def _tree_of(module: Path) -> str:
    """The tree that a module of tests belongs to: the longest one that it is named after."""
    names = [name for name in TREES if module.stem.startswith(f"test_{name}")]
    return max(names, key=len, default="")


def _tests_in(source: str) -> list[str]:
    """The tests of a module, but not those that are skipped or may fail."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, functions)]
    return [n.name for n in nodes if n.name.startswith("test_") and not _is_excused(n)]


def _is_excused(test: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    marks = [ast.unparse(mark) for mark in test.decorator_list]
    return any(word in mark for mark in marks for word in ("mark.skip", "mark.xfail"))


def _tests_of(name: str) -> list[str]:
    modules = [path for path in HERE.glob("test_*.py") if _tree_of(path) == name]
    return [test for module in modules for test in _tests_in(module.read_text())]


def _moving_functions(contract: str) -> set[str]:
    return {
        f"{contract}::{entry.get('name', entry['type'])}"
        for entry in ABIS[contract]
        if entry["type"] in ("function", "receive", "fallback")
        and entry["stateMutability"] not in ("view", "pure")
    }


def _listed(lines: Iterable[str]) -> str:
    return "".join(f"\n  {line}" for line in sorted(lines))


@pytest.mark.parametrize("name", TREES)
def test_tree__each_leaf__has_one_test_and_no_test_is_without_a_leaf(name: str) -> None:
    leaves = {branch.test_name for branch in _branches(name)}
    tests = _tests_of(name)
    untested, unlisted = leaves - set(tests), set(tests) - leaves
    assert not untested, f"leaf without a test in {name}.tree:{_listed(untested)}"
    assert not unlisted, f"test without a leaf in {name}.tree:{_listed(unlisted)}"
    assert len(tests) == len(set(tests)), f"two tests of one leaf of {name}.tree"


def test_trees__every_state_changing_function_of_the_contracts__has_one() -> None:
    rooted = {f"{b.contract}::{b.function}" for name in TREES for b in _branches(name)}
    functions = {f for contract in ABIS for f in _moving_functions(contract)}
    assert not functions - rooted, f"function without a tree:{_listed(functions - rooted)}"
    assert not rooted - functions, f"tree without a function:{_listed(rooted - functions)}"


def test_tests_in__a_module_with_excused_tests__leaves_them_out() -> None:
    source = """
def builder(): ...
def test_one(): ...
@pytest.mark.parametrize("x", [1])
async def test_two(x): ...
@pytest.mark.skip
def test_three(): ...
@pytest.mark.skipif(True, reason="")
def test_four(): ...
@pytest.mark.xfail
def test_five(): ...
"""
    assert _tests_in(source) == ["test_one", "test_two"]


EXAMPLE = """\
Box::putAway
├── given the box is locked
│   └── it should revert with Locked
└── given the box is open
    ├── when nothing is put
    │   └── it should revert with Nothing(0, 1)
    └── when a thing is put
        ├── it should keep the thing
        └── it should tell the owner

Box::open
└── when anybody calls
    └── it should be open
"""


def test_parse_tree__two_trees__gives_each_leaf_with_its_conditions() -> None:
    branches = parse_tree(EXAMPLE)
    assert [branch.outcome for branch in branches] == [
        "revert with Locked",
        "revert with Nothing(0, 1)",
        "keep the thing",
        "tell the owner",
        "be open",
    ]
    assert branches[2] == Branch(
        "Box", "putAway", ("given the box is open", "when a thing is put"), "keep the thing"
    )


def test_test_name__of_a_leaf__is_function_innermost_condition_and_outcome() -> None:
    assert parse_tree(EXAMPLE)[1].test_name == (
        "test_put_away__nothing_is_put__revert_with_nothing_0_1"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("box\n└── when x\n    └── it should y", "line 1: a root is Contract::function, not 'box'"),
        ("Box::open", "line 1: a tree without branches"),
        ("Box::open\n└── it should y", "line 2: a leaf without a condition"),
        ("Box::open\n└── when x", "line 2: conditions have branches, leaves have none"),
        (
            "Box::open\n└── when x\n    └── it should y\n        └── it should z",
            "line 3: conditions have branches, leaves have none",
        ),
        (
            "Box::open\n└── when x\n    └── y",
            "line 3: no given, when or it should on a branch: '    └── y'",
        ),
        (
            "Box::open\n└── when x\n        └── it should y",
            "line 3: two levels deeper than the line above",
        ),
        (
            "Box::open\n└── when x\n│   └── it should y",
            "line 3: the bars do not lead to the branches above",
        ),
        (
            "Box::open\n└── when x\n    └── it should y\n└── when z\n    └── it should y",
            "line 4: a branch after the last one, drawn └──",
        ),
        (
            "Box::open\n├── when x\n│   ├── it should y\n└── when z\n    └── it should y",
            "line 4: line 3 is the last, so it is drawn └──",
        ),
        (
            "Box::open\n├── when x\n│   └── it should y",
            "line 3: line 2 is the last, so it is drawn └──",
        ),
        (
            "Box::open\n└── when x\n    ├── it should y\n    └── it should: y",
            "line 4: no given, when or it should on a branch: '    └── it should: y'",
        ),
        (
            "Box::open\n└── when x\n    ├── it should y\n    └── it should y!",
            "line 4: a second leaf with the test test_open__x__y",
        ),
        (
            "Box::open\n└── when x\n    └── it should " + "y" * 82,
            "line 3: more than 95 characters: test_open__x__" + "y" * 82,
        ),
        (
            "Box::open\n└── when x\n    └── it should y\n\nBox::shut\n└── when x\n"
            "    └── it should y\n\nBox::open\n└── when z\n    └── it should y",
            "line 11: two trees have the same root",
        ),
    ],
)
def test_parse_tree__malformed__names_the_line(text: str, message: str) -> None:
    with pytest.raises(ValueError, match="line") as caught:
        parse_tree(text)
    assert str(caught.value) == message
