"""The gas of every call stays within three percent of the committed record (protocol.md 6)."""

import asyncio
import copy

import pytest
from tools.gas.__main__ import ROOT, measure_all
from tools.gas.table import (
    LIFE_GOALS,
    PAGE,
    MeasuredByBatch,
    life,
    read_snapshot,
    regressions,
    render_page,
)


@pytest.fixture(scope="module")
def measured() -> MeasuredByBatch:
    return asyncio.run(measure_all())


@pytest.mark.integration
def test_gas__of_every_call__is_not_above_its_record(measured: MeasuredByBatch) -> None:
    assert regressions(read_snapshot(ROOT), measured) == []


@pytest.mark.integration
def test_gas__of_a_life__meets_the_goals(measured: MeasuredByBatch) -> None:
    assert life(measured[1]) <= LIFE_GOALS[0]
    assert life(measured[10]) <= LIFE_GOALS[1]


def test_regressions__above_three_percent__are_named() -> None:
    recorded = read_snapshot(ROOT)
    worse = copy.deepcopy(recorded)
    worse[10]["topUpJob"] = worse[10]["topUpJob"] * 104 // 100
    worse[1]["topUpJob"] = worse[1]["topUpJob"] * 102 // 100

    assert [line.partition(":")[0] for line in regressions(recorded, worse)] == [
        "topUpJob in batches of 10"
    ]


def test_gas_page__shows_the_recorded_numbers() -> None:
    assert (ROOT / PAGE).read_text() == render_page(read_snapshot(ROOT))
