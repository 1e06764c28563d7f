"""The calls of protocol.md 6, measured in steady state: alone, and in batches through multicall.

Before a batch size is measured, everything is done once with it, so that balances, nonces, queue
and set words are in use. A pending and a running job stay in the background, so that no set runs
empty. Jobs end in the order in which they began.
"""

from collections.abc import Awaitable, Callable

from deepsquare.chain import JobStatus
from tools.gas.actors import GasGrid, Party

LIFE = ("requestNewJob", "metaSchedule", "claimNextJob", "report RUNNING", "report FINISHED")
"""The calls that every job needs; their sum is its life."""

_LONG = 60 * 24 * 7
_RUN_MINUTES = 30

Measured = dict[str, int]
"""Gas per job, by call."""


async def measure(grid: GasGrid, count: int) -> Measured:
    """Return the gas per job of every call, in batches of ``count``."""
    steps: tuple[Callable[[GasGrid, int], Awaitable[Measured]], ...] = (
        _life,
        _cancels,
        _returns,
        _top_up,
        _expiry,
    )
    await _background(grid)
    for _ in range(2):
        totals: Measured = {}
        for step in steps:
            totals |= await step(grid, count)
    return {name: round(gas / count) for name, gas in totals.items()}


async def _background(grid: GasGrid) -> None:
    await _running(grid, 1)
    await grid.request(1)


async def _assigned(grid: GasGrid, count: int) -> list[bytes]:
    jobs, _ = await grid.request(count)
    await _assign(grid, jobs)
    return jobs


async def _scheduled(grid: GasGrid, count: int) -> list[bytes]:
    jobs = await _assigned(grid, count)
    await _claim(grid, "claimNextJob", count)
    return jobs


async def _running(grid: GasGrid, count: int) -> list[bytes]:
    jobs = await _scheduled(grid, count)
    await _report(grid, jobs, JobStatus.RUNNING, 0)
    return jobs


async def _assign(grid: GasGrid, jobs: list[bytes]) -> int:
    provider = grid.provider.address
    return await grid.metascheduler.do_all([("metaSchedule", job, provider) for job in jobs])


async def _claim(grid: GasGrid, function: str, count: int) -> int:
    call = (function,) if count == 1 else (f"{function}s", count)
    return await grid.provider.do("MetaScheduler", *call)


async def _drain(grid: GasGrid) -> None:
    """Empty the cancelling queue, stale entries included."""
    for _ in range(3):
        await grid.provider.do("MetaScheduler", "claimNextCancellingJobs", 64)


async def _report(grid: GasGrid, jobs: list[bytes], status: JobStatus, minutes: int) -> int:
    calls = [("providerSetJobStatus", job, status, minutes, "", 0) for job in jobs]
    return await grid.provider.do_all(calls)


async def _each(who: Party, function: str, jobs: list[bytes]) -> int:
    return await who.do_all([(function, job) for job in jobs])


async def _life(grid: GasGrid, count: int) -> Measured:
    jobs, request = await grid.request(count)
    assign = await _assign(grid, jobs)
    claim = await _claim(grid, "claimNextJob", count)
    running = await _report(grid, jobs, JobStatus.RUNNING, 0)
    await grid.wait_minutes(_RUN_MINUTES)
    finished = await _report(grid, jobs, JobStatus.FINISHED, _RUN_MINUTES)
    return dict(zip(LIFE, (request, assign, claim, running, finished), strict=True))


async def _cancels(grid: GasGrid, count: int) -> Measured:
    pending, _ = await grid.request(count)
    gas = {"cancelJob PENDING": await _each(grid.customer, "cancelJob", pending)}
    scheduled = await _scheduled(grid, count)
    gas["cancelJob SCHEDULED, with fee"] = await _each(grid.customer, "cancelJob", scheduled)
    gas["claimNextCancellingJob"] = await _claim(grid, "claimNextCancellingJob", count)
    running = await _running(grid, count)
    gas["checkpointJob"] = await _each(grid.provider, "checkpointJob", running)
    gas["cancelJob RUNNING"] = await _each(grid.customer, "cancelJob", running)
    await _report(grid, running, JobStatus.CANCELLED, 1)
    await _drain(grid)
    return gas


async def _returns(grid: GasGrid, count: int) -> Measured:
    jobs = await _scheduled(grid, count)
    gas = {"refuseJob": await _each(grid.provider, "refuseJob", jobs)}
    await _assign(grid, jobs)
    await _claim(grid, "claimNextJob", count)
    gas["timeoutJob"] = await _each(grid.metascheduler, "timeoutJob", jobs)
    await _each(grid.customer, "cancelJob", jobs)
    await _drain(grid)
    doomed = await _running(grid, count)
    calls = [("panicJob", job, "") for job in doomed]
    gas["panicJob RUNNING"] = await grid.metascheduler.do_all(calls)
    await _drain(grid)
    return gas


async def _top_up(grid: GasGrid, count: int) -> Measured:
    jobs = await _running(grid, count)
    calls = [("topUpJob", job, 30 * 10**18) for job in jobs]
    gas = {"topUpJob": await grid.customer.do_all(calls)}
    gas["claimNextTopUpJob"] = await _claim(grid, "claimNextTopUpJob", count)
    await _report(grid, jobs, JobStatus.FINISHED, 1)
    return gas


async def _expiry(grid: GasGrid, count: int) -> Measured:
    jobs = await _running(grid, count)
    await _each(grid.provider, "checkpointJob", jobs)
    await grid.wait_minutes(_LONG)
    gas = {"expireJob": await _each(grid.customer, "expireJob", jobs)}
    await _drain(grid)
    return gas
