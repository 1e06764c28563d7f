"""Bounded: what a call costs does not grow with the grid, and every stated bound has a worst case.

See protocol.md 2.6, 6, and number 26 of 5.
"""

import asyncio

import pytest
from tests.contracts.conformance.metered import (
    Gas,
    a_cold_grid,
    a_warm_grid,
    fill_jobs,
    fill_providers,
    meter_everything,
)
from tests.contracts.conformance.worst_cases import (
    ERROR_BYTES,
    FAR_MORE_STALE,
    LONG_ERROR_BYTES,
    MAX_SKIP,
    fill_every_bound,
    go_beyond_the_skips,
)

FEW, MANY = 2, 300
"""Jobs in each queue and of each of five kinds."""
FEW_PROVIDERS, MANY_PROVIDERS = 1, 100
"""Of those that joined, and of those that wait."""
KNOWN_TO_CLIENTS = frozenset(
    {
        "requestNewJob",
        "cancelJob",
        "topUpJob",
        "claimNextJob",
        "claimNextCancellingJob",
        "claimNextTopUpJob",
        "providerSetJobStatus",
        "refuseJob",
        "panicJob",
        "register",
    }
)
"""They send each transaction with a limit of 20,000,000 (protocol.md 6)."""


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


@pytest.fixture(scope="module")
def worst() -> Gas:
    async def measure() -> Gas:
        async with a_cold_grid() as metered:
            return await fill_every_bound(metered)

    return asyncio.run(measure())


@pytest.fixture(scope="module")
def beyond() -> Gas:
    async def measure() -> Gas:
        metered = await a_warm_grid()
        return await fill_every_bound(metered) | await go_beyond_the_skips(metered)

    return asyncio.run(measure())


def above(worst: Gas, limit: int) -> list[str]:
    """A line for each call that reaches a limit."""
    return [f"{call}: {gas:,} of {limit:,}" for call, gas in worst.items() if gas >= limit]


@pytest.mark.integration
def test_worst_cases__of_every_call__stay_under_16_million(worst: Gas) -> None:
    assert "claimNextJobs" in worst
    assert above(worst, 16_000_000) == []


@pytest.mark.integration
def test_worst_cases__of_what_existing_clients_call__stay_under_10_million(worst: Gas) -> None:
    known = {call: gas for call, gas in worst.items() if function_of(call) in KNOWN_TO_CLIENTS}
    assert {function_of(call) for call in known} == KNOWN_TO_CLIENTS
    assert above(known, 10_000_000) == []


def function_of(call: str) -> str:
    return call.partition(" ")[0].removesuffix(",")


def test_approval__of_the_largest_registration__costs_no_more(beyond: Gas) -> None:
    assert differences({"": beyond["approve small"]}, {"": beyond["approve largest"]}) == []


def test_labels__cost_at_the_request_and_the_claim__and_nowhere_else(beyond: Gas) -> None:
    plain, labelled = life(beyond, "no label"), life(beyond, "all labels")
    for function in ("requestNewJob", "claimNextJob"):
        assert plain.pop(function) < labelled.pop(function)
    assert differences(plain, labelled) == []


@pytest.mark.parametrize(
    "function", ["claimNextJob", "claimNextCancellingJob", "claimNextTopUpJob"]
)
def test_claim__of_far_more_stale_entries__drops_no_more_at_once(
    beyond: Gas, function: str
) -> None:
    few = beyond[f"{function} of {MAX_SKIP + 1} stale"]
    many = beyond[f"{function} of {FAR_MORE_STALE} stale"]
    assert differences({function: few}, {function: many}) == []


@pytest.mark.parametrize("function", ["providerSetJobStatus", "panicJob"])
def test_error_text__beyond_its_bound__costs_its_call_data_only(beyond: Gas, function: str) -> None:
    """A byte of call data is 16 gas and is copied twice; a byte of storage would be 690."""
    bound = beyond[f"{function} with {ERROR_BYTES} bytes"]
    long = beyond[f"{function} with {LONG_ERROR_BYTES} bytes"]
    assert long - bound < 20 * (LONG_ERROR_BYTES - ERROR_BYTES), f"{bound:,} became {long:,}"


def life(gas: Gas, labels: str) -> Gas:
    """The calls of the life of a job with or without labels."""
    ending = f", {labels}"
    return {call.removesuffix(ending): used for call, used in gas.items() if call.endswith(ending)}
