"""Every stated bound of protocol.md 2.6 filled to the brim, on anvil, as its receipts tell it."""

from collections.abc import Awaitable, Callable
from typing import Any

from tests.contracts.conformance.metered import BATCH, CREDIT, Gas, MeteredGrid

from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain._generated.structs import Label, ProviderHardware, ProviderPrices
from deepsquare.chain.conversion import AbiValue

Push = Callable[[MeteredGrid, int, int], Awaitable[None]]
"""Put so many stale and then so many live entries into an empty queue."""

MAX_SKIP, MAX_CLAIMS = 32, 64
FAR_MORE_STALE = 3 * MAX_SKIP
LARGEST_BATCH = 8
ALL = 2**256 - 1
NODES = 1024
CPUS, MB_PER_CPU = 64, 1000
LARGEST_HARDWARE = ProviderHardware(
    NODES,
    (2**32 - 1,) * NODES,
    (*(CPUS - 1,) * (NODES - 1), CPUS),
    (2**48,) * NODES,
)
"""Only the last node holds a task of the largest job."""
SMALL_HARDWARE = ProviderHardware(1, (0,), (CPUS,), (CPUS * MB_PER_CPU,))
PRICES = ProviderPrices(1, CREDIT // CPUS, 1)
LARGEST_LABELS = tuple(Label(f"{i:064}", "v" * 64) for i in range(64))
"""64 labels of 128 bytes: 8,192."""
ERROR_BYTES, LONG_ERROR_BYTES = 256, 20_000


def largest_job(number: int) -> tuple[Any, ...]:
    """2,048 bytes in 32 labels, most in texts of 33 bytes, which take the most words of all; other
    texts for each number, as the grid keeps equal labels but once."""
    labels = [(f"{i:033}", f"{number:033}") for i in range(31)] + [("k", "v")]
    affinity = tuple((label, b"==") for label in labels[16:])
    return (0, MB_PER_CPU, CPUS, 1, "x" * 128, 0, tuple(labels[:16]), affinity)


UNLABELLED_JOB = (0, MB_PER_CPU, CPUS, 1, "x" * 31, 0, (), ())
"""It needs what the largest job needs."""


async def fill_every_bound(metered: MeteredGrid) -> Gas:
    """The gas of each call at its worst; the words after the function tell what it met."""
    gas = await _error_texts(metered) | await _registrations(metered) | await _lives(metered)
    for function, push in PUSHES.items():
        gas |= await _claims_behind_stale_ones(metered, function, push)
    return gas


async def go_beyond_the_skips(metered: MeteredGrid) -> Gas:
    """One claim in a queue of a few more stale entries than it drops, and of far more."""
    gas: Gas = {}
    for function, push in PUSHES.items():
        for stale in (MAX_SKIP + 1, FAR_MORE_STALE):
            await _drain(metered, function)
            await push(metered, stale, 0)
            name = f"{function} of {stale} stale"
            gas[name] = await metered.grid.provider.do("MetaScheduler", function)
    return gas


async def _claims_behind_stale_ones(metered: MeteredGrid, function: str, push: Push) -> Gas:
    provider, gas = metered.grid.provider, {}
    await push(metered, MAX_SKIP, 1)
    gas[function] = await provider.do("MetaScheduler", function)
    await push(metered, MAX_SKIP, MAX_CLAIMS)
    gas[f"{function}s"] = await provider.do("MetaScheduler", f"{function}s", ALL)
    return gas


async def _drain(metered: MeteredGrid, function: str) -> None:
    for _ in range(FAR_MORE_STALE // MAX_SKIP):
        await metered.grid.provider.do("MetaScheduler", f"{function}s", ALL)


async def _push_top_ups(metered: MeteredGrid, stale: int, live: int) -> None:
    jobs = await _many_running(metered, stale + live)
    for part in _batches(jobs):
        await metered.top_up_all(part)
    for part in _batches(jobs[:stale]):
        await metered.report_all(part, S.FINISHED)


async def _push_stops(metered: MeteredGrid, stale: int, live: int) -> None:
    jobs = await _many_running(metered, stale + live)
    for part in _batches(jobs):
        await metered.cancel_all(part)
    for part in _batches(jobs[:stale]):
        await metered.report_all(part, S.CANCELLED)


async def _push_claimable(metered: MeteredGrid, stale: int, live: int) -> None:
    """The live ones are as large as jobs can be."""
    jobs: list[bytes] = []
    for size in _sizes(stale):
        jobs += (await metered.grid.request(size, UNLABELLED_JOB))[0]
    for size in _sizes(live, most=LARGEST_BATCH):
        largest = [_another_largest_job(metered) for _ in range(size)]
        jobs += (await metered.grid.request_each(largest))[0]
    provider = metered.grid.provider.address
    for part in _batches(jobs, most=LARGEST_BATCH):
        await metered.grid.metascheduler.do_all([("metaSchedule", job, provider) for job in part])
    for part in _batches(jobs[:stale]):
        await metered.cancel_all(part)


PUSHES: dict[str, Push] = {
    "claimNextTopUpJob": _push_top_ups,
    "claimNextCancellingJob": _push_stops,
    "claimNextJob": _push_claimable,
}


async def _many_running(metered: MeteredGrid, count: int) -> list[bytes]:
    jobs: list[bytes] = []
    for size in _sizes(count):
        jobs += await metered.running_batch(size)
    return jobs


def _sizes(count: int, *, most: int = BATCH) -> list[int]:
    return [min(most, count - start) for start in range(0, count, most)]


def _batches(jobs: list[bytes], *, most: int = BATCH) -> list[list[bytes]]:
    return [jobs[start : start + most] for start in range(0, len(jobs), most)]


async def _error_texts(metered: MeteredGrid) -> Gas:
    grid, gas = metered.grid, {}
    for size in (ERROR_BYTES, LONG_ERROR_BYTES):
        reported, panicked = await metered.running_batch(2)
        report = ("providerSetJobStatus", reported, S.FAILED, 1, "e" * size, 1)
        gas[f"providerSetJobStatus with {size} bytes"] = await grid.provider.do_all([report])
        panic = ("panicJob", panicked, "e" * size)
        gas[f"panicJob with {size} bytes"] = await grid.metascheduler.do_all([panic])
        await grid.provider.do("MetaScheduler", "claimNextCancellingJobs", 1)
    return gas


async def _registrations(metered: MeteredGrid) -> Gas:
    """A small one, then the largest, which stays."""
    grid, gas = metered.grid, {}
    offers = {"small": (SMALL_HARDWARE, ()), "largest": (LARGEST_HARDWARE, LARGEST_LABELS)}
    for size, (hardware, labels) in offers.items():
        offer: tuple[AbiValue, ...] = (hardware, PRICES, labels)
        gas[f"register {size}"] = await grid.provider.do("ProviderManager", "register", *offer)
        approval = ("ProviderManager", "approve", grid.provider.address)
        gas[f"approve {size}"] = await grid.admin.do(*approval)
    return gas


async def _lives(metered: MeteredGrid) -> Gas:
    """Two lives at the largest provider: of jobs of the same needs, one of them with all labels."""
    await _life(metered, UNLABELLED_JOB)
    plain = await _life(metered, UNLABELLED_JOB)
    largest = await _life(metered, _another_largest_job(metered))
    return {f"{call}, no label": gas for call, gas in plain.items()} | {
        f"{call}, all labels": gas for call, gas in largest.items()
    }


async def _life(metered: MeteredGrid, definition: tuple[Any, ...]) -> Gas:
    grid = metered.grid
    metered.gas.clear()
    [job_id], gas = await grid.request(1, definition)
    metered.note("requestNewJob", gas)
    for call in ("metaSchedule", "metaSchedule again"):
        await metered.do(call, grid.metascheduler, job_id, grid.provider.address)
        await metered.do("claimNextJob", grid.provider)
        if call == "metaSchedule":
            await metered.do("refuseJob", grid.provider, job_id)
    await metered.report(job_id, S.RUNNING)
    await metered.do("checkpointJob", grid.provider, job_id)
    await metered.do("topUpJob", grid.customer, job_id, 2 * CREDIT)
    await metered.do("claimNextTopUpJob", grid.provider)
    await metered.do("cancelJob", grid.customer, job_id)
    await metered.do("claimNextCancellingJob", grid.provider)
    await metered.report(job_id, S.FINISHED, 1)
    return dict(metered.gas)


def _another_largest_job(metered: MeteredGrid) -> tuple[Any, ...]:
    metered.serial += 1
    return largest_job(metered.serial)
