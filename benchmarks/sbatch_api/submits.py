"""Submits: how many a second, and how long one takes at a given rate."""

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from statistics import quantiles

from benchmarks.sbatch_api.connection import Connection, connect

CONNECTIONS = 32


@dataclass(frozen=True)
class Submits:
    """What was measured; times in milliseconds."""

    per_second: float
    p50_ms: float
    p99_ms: float


async def saturate(port: int, request: bytes, *, seconds: float) -> Submits:
    """Send on every connection as fast as it answers."""
    took: list[float] = []
    until = time.perf_counter() + seconds

    async def send_on(connection: Connection) -> None:
        while time.perf_counter() < until:
            await timed(connection, request, took)

    async with AsyncExitStack() as opened:
        connections = [await opened.enter_async_context(connect(port)) for _ in range(CONNECTIONS)]
        await asyncio.gather(*map(send_on, connections))
    return _summary(took, seconds)


async def at_rate(port: int, request: bytes, *, per_second: int, seconds: float) -> Submits:
    """Send at fixed moments, whether or not earlier ones were answered; waiting counts."""
    took: list[float] = []
    free: asyncio.Queue[Connection] = asyncio.Queue()

    async def send(moment: float) -> None:
        connection = await free.get()
        await timed(connection, request, took, since=moment)
        free.put_nowait(connection)

    async with AsyncExitStack() as opened:
        for _ in range(CONNECTIONS):
            free.put_nowait(await opened.enter_async_context(connect(port)))
        began = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for number in range(int(per_second * seconds)):
                moment = began + number / per_second
                await asyncio.sleep(max(0, moment - time.perf_counter()))
                tasks.create_task(send(moment))
    return _summary(took, time.perf_counter() - began)


async def timed(
    connection: Connection, request: bytes, took: list[float], *, since: float | None = None
) -> None:
    """Send one request and note how long it took."""
    began = time.perf_counter() if since is None else since
    status = await connection.send(request)
    if status != 201:
        raise RuntimeError(f"a submit was answered {status}")
    took.append(time.perf_counter() - began)


def _summary(took: list[float], seconds: float) -> Submits:
    cuts = quantiles(took, n=100)
    return Submits(len(took) / seconds, cuts[49] * 1000, cuts[98] * 1000)
