"""Labels and affinities (protocol.md 2.1, 7.12)."""

import pytest

from deepsquare.chain import Affinity, Label
from deepsquare.labels import unmet

OFFERED = (
    Label("region", "eu"),
    Label("slurm", "22.05"),
    Label("cores", "64"),
    Label("app", "a"),
    Label("app", "b"),
    Label("odd", "NaN"),
)


def condition(text: str) -> Affinity:
    for op in ("==", "!=", "<=", ">=", "<", ">", " in "):
        if op in text:
            key, value = text.split(op, 1)
            return Affinity(Label(key, value), op.strip().encode().ljust(2, b"\0"))
    raise AssertionError(text)


@pytest.mark.parametrize(
    "text",
    [
        "region==eu",
        "region!=us",
        "missing!=x",
        "cores>=64",
        "cores<=64",
        "cores>9",
        "cores<100",
        "slurm>=22",
        "region in us,eu",
        "region in us, eu",
        "app==a",
        "app==b",
        "app in c,b",
    ],
)
def test_affinity__met__is_no_obstacle(text: str) -> None:
    assert unmet((), [condition(text)], OFFERED) is None


@pytest.mark.parametrize(
    "text",
    [
        "region==us",
        "region==EU",
        "region!=eu",
        "missing==x",
        "missing>1",
        "missing in a,b",
        "cores>64",
        "cores<64",
        "cores<9",
        "region<zz",
        "cores>many",
        "odd>1",
        "odd<1",
        "app!=a",
        "region in us,asia",
    ],
)
def test_affinity__not_met__is_named_as_people_write_it(text: str) -> None:
    assert unmet((), [condition(text)], OFFERED) == text


def test_affinity__unknown_operator__is_never_met() -> None:
    assert unmet((), [Affinity(Label("region", "eu"), b"~~")], OFFERED) == "region~~eu"


def test_uses__label_of_the_provider__is_needed() -> None:
    assert unmet([Label("app", "b")], (), OFFERED) is None
    assert unmet([Label("app", "b"), Label("app", "c")], (), OFFERED) == "app=c"
