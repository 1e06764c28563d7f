"""Every requirement of the workflow format is cited by a test; requirement_ids.txt lists them."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
REQUIREMENTS = Path(__file__).with_name("requirement_ids.txt").read_text().split()
_ID = re.compile(r"\b[WV]-[A-Z]+(?:-\d+)?\b")
_RANGE = re.compile(r"\b([WV]-[A-Z]+-)(\d+) to (?:\1)?(\d+)\b")


def _test_functions(path: Path) -> Iterator[str]:
    """Yield the source of each test of a file, its parameters included."""
    text = path.read_text()
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.name.startswith("test_"):
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            yield "\n".join(text.split("\n")[first - 1 : node.end_lineno])


@cache
def _cited() -> frozenset[str]:
    found = set()
    for path in TESTS.rglob("test_*.py"):
        if path != Path(__file__):
            for function in _test_functions(path):
                found |= set(_ID.findall(function)) | set(_of_ranges(function))
    return frozenset(found)


def _of_ranges(text: str) -> Iterator[str]:
    """Yield all ids of "W-A-1 to W-A-3"."""
    for prefix, first, last in _RANGE.findall(text):
        yield from (f"{prefix}{number}" for number in range(int(first), int(last) + 1))


@pytest.mark.parametrize("requirement", REQUIREMENTS)
def test_requirement__of_the_workflow_format__is_cited_by_a_test(requirement: str) -> None:
    assert requirement in _cited()


def test_citations__in_any_test__name_requirements_that_exist() -> None:
    assert sorted(_cited() - set(REQUIREMENTS)) == []
