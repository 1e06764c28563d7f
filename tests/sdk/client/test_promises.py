"""Promises of the package as a whole; no chain needed."""

import ast
import importlib
import pickle
from pathlib import Path

import pytest

import deepsquare
from deepsquare import client
from deepsquare.chain import Affinity, JobDefinition, Label
from deepsquare.client import InvalidLabel
from deepsquare.labels import format_affinity, parse_affinity, parse_use, unmet
from deepsquare.profile import Settings
from deepsquare.testing import a_definition
from deepsquare.workflow import parse_workflow

ROOT = Path(deepsquare.__file__).parents[3]
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))


def test_exports__of_the_package__equal_all_and_resolve() -> None:
    typed = {
        alias.name
        for node in ast.walk(ast.parse(Path(deepsquare.__file__).read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("deepsquare")
        for alias in node.names
    }
    assert typed == set(deepsquare.__all__)
    for name in deepsquare.__all__:
        assert getattr(deepsquare, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        deepsquare.nothing  # noqa: B018


@pytest.mark.parametrize("module", ["deepsquare.client", "deepsquare.api"])
def test_exports__of_a_module__equal_all(module: str) -> None:
    loaded = importlib.import_module(module)
    tree = ast.parse(Path(loaded.__file__ or "").read_text())
    imported = {a.name for n in tree.body if isinstance(n, ast.ImportFrom) for a in n.names}
    assert imported == set(loaded.__all__)


def test_exports__of_the_client__are_offered_by_the_package() -> None:
    not_offered = {"Finding", "OrderOptions", "short_id"}
    assert set(client.__all__) - not_offered <= set(deepsquare.__all__)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples__each__is_valid_without_warnings(path: Path) -> None:
    assert parse_workflow(path.read_bytes()).warnings == ()


def test_examples__are_the_documented_ones() -> None:
    assert {path.stem for path in EXAMPLES} >= {
        "hello-world",
        "hand-over",
        "two-nodes",
        "failing-step",
    }


def test_settings__pickled__hold_no_key() -> None:
    settings = Settings(private_key_file="/secret/key")
    assert pickle.loads(pickle.dumps(settings)) == settings


OFFERED = [Label("zone", "a"), Label("zone", "b"), Label("ram", "64"), Label("cpu", "epyc")]


@pytest.mark.parametrize(
    ("condition", "is_met"),
    [
        ("zone==a", True),
        ("zone==b", True),
        ("zone=c", False),
        ("zone!=a", False),
        ("zone!=c", True),
        ("none!=c", True),
        ("zone in c, b", True),
        ("zone in c,d", False),
        ("ram>=64", True),
        ("ram>64", False),
        ("ram < 100.5", True),
        ("ram<=9", False),
        ("cpu>1", False),
        ("ram>lots", False),
        ("none==", False),
    ],
)
def test_affinity__condition__is_met_or_named(condition: str, is_met: bool) -> None:
    affinity = parse_affinity(condition)
    lack = unmet((), (affinity,), OFFERED)
    assert lack == (None if is_met else format_affinity(affinity))
    assert parse_affinity(format_affinity(affinity)) == affinity


def test_uses__label__must_be_there_as_it_is() -> None:
    assert unmet((parse_use("zone=a"),), (), OFFERED) is None
    assert unmet((parse_use("zone=x"),), (), OFFERED) == "zone=x"


@pytest.mark.parametrize("text", ["", "zone", "=a", "zone~a", "in a"])
def test_label__malformed__says_how_to_write_it(text: str) -> None:
    with pytest.raises(InvalidLabel, match="write it like"):
        parse_affinity(text)
    with pytest.raises(InvalidLabel, match="write it like"):
        parse_use(text.replace("~", ""))


def test_definition__labels__fit_the_contract() -> None:
    definition: JobDefinition = a_definition(affinity=(parse_affinity("zone in a"),))
    assert definition.affinity == (Affinity(Label("zone", "a"), b"in"),)
