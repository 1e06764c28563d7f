"""Followers of one log: how long until a line has reached all of them."""

import asyncio
import base64
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from statistics import median

from benchmarks.sbatch_api.connection import Connection, connect, request


@dataclass(frozen=True)
class Followed:
    """Seconds from sending a line until the last follower had it."""

    followers: int
    median_s: float
    worst_s: float


async def follow(
    port: int, path: str, *, reader: str, writer: str, followers: int, lines: int
) -> Followed:
    """Open the followers, send lines one by one, and wait each time for all to have it.

    `reader` and `writer` are the session tokens of the job's customer and provider.
    """
    ask = request("GET", path, token=reader, accept="text/event-stream")
    async with AsyncExitStack() as opened:
        listening = await asyncio.gather(
            *(opened.enter_async_context(connect(port)) for _ in range(followers))
        )
        for connection in listening:
            connection.writer.write(ask)
        source = await opened.enter_async_context(connect(port))
        await asyncio.gather(*(_opened(connection) for connection in listening))
        took = [
            await _spread(source, listening, path=path, token=writer, number=number)
            for number in range(lines)
        ]
    return Followed(followers, median(took), max(took))


async def _opened(connection: Connection) -> None:
    head = await connection.reader.readuntil(b"\r\n\r\n")
    if b" 200 " not in head:
        raise RuntimeError(f"a follower was answered {head[:40]!r}")


async def _spread(
    source: Connection, listening: list[Connection], *, path: str, token: str, number: int
) -> float:
    line = b"line %05d\n" % number
    event = b"data: " + base64.b64encode(line)
    append = f"{path}?offset={number * len(line)}"
    began = time.perf_counter()
    waiting = asyncio.gather(*(connection.reader.readuntil(event) for connection in listening))
    await source.send(request("POST", append, token=token, body=line))
    await waiting
    return time.perf_counter() - began
