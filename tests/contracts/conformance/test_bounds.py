"""Bounded: what a call costs does not grow with the grid, and every stated bound has a worst case.

See protocol.md 2.6, 6, and number 26 of 5.
"""

import asyncio

import pytest
from tests.contracts.conformance.metered import (
    Gas,
    a_warm_grid,
    fill_jobs,
    fill_providers,
    meter_everything,
)

pytestmark = pytest.mark.integration

FEW, MANY = 2, 300
"""Jobs in each queue and of each of five kinds."""
FEW_PROVIDERS, MANY_PROVIDERS = 1, 100
"""Of those that joined, and of those that wait."""


async def measure_growth() -> tuple[Gas, Gas]:
    """The gas of every call in a small grid, and after 1,500 more jobs and 200 more providers."""
    metered = await a_warm_grid()
    await fill_jobs(metered, FEW)
    await fill_providers(metered, FEW_PROVIDERS)
    before = await meter_everything(metered)
    await fill_jobs(metered, MANY)
    await fill_providers(metered, MANY_PROVIDERS)
    return before, await meter_everything(metered)


def differences(before: Gas, after: Gas, *, percent: int = 1) -> list[str]:
    """A line for each call whose gas differs by a percent or more."""
    assert before.keys() == after.keys()
    return [
        f"{call}: {before[call]:,} became {after[call]:,}"
        for call in before
        if abs(after[call] - before[call]) * 100 >= before[call] * percent
    ]


def test_gas__with_many_jobs_entries_and_providers__does_not_grow() -> None:
    before, after = asyncio.run(measure_growth())
    assert len(before) > 20
    assert differences(before, after) == []


def test_differences__of_a_percent__are_named() -> None:
    before = {"topUpJob": 80_000, "refuseJob": 50_000}
    assert differences(before, {"topUpJob": 80_800, "refuseJob": 50_499}) == [
        "topUpJob: 80,000 became 80,800"
    ]
