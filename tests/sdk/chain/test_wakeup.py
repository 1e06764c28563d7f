"""New blocks wake, silence does not stop (faults.md C6)."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import pytest
from websockets.asyncio.server import ServerConnection, serve

from deepsquare.chain import Rpc
from deepsquare.chain.jsonrpc import Request
from deepsquare.chain.wakeup import WakeUp
from deepsquare.testing import Anvil


@contextlib.asynccontextmanager
async def running(wakeup: WakeUp) -> AsyncIterator[WakeUp]:
    task = asyncio.create_task(wakeup.run())
    try:
        yield wakeup
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def mine(rpc: Rpc) -> None:
    await rpc.requests([Request("anvil_mine", may_be_null=True)])


async def test_wait__no_websocket__wakes_by_the_timer() -> None:
    wakeup = WakeUp(None, tick_s=0.01)
    await wakeup.run()
    assert await wakeup.wait() is False


async def test_wait__woken_before__returns_at_once_and_only_once() -> None:
    wakeup = WakeUp(None, tick_s=0.01)
    wakeup.wake()
    wakeup.wake()
    assert [await wakeup.wait(), await wakeup.wait()] == [True, False]


@pytest.mark.integration
async def test_run__new_block__wakes(anvil: Anvil, rpc: Rpc) -> None:
    async with running(WakeUp(anvil.ws_url, tick_s=20)) as wakeup:
        assert await wakeup.wait() is True, "connecting wakes: the gap is closed by a look"
        await mine(rpc)
        assert await wakeup.wait() is True
        assert wakeup.is_connected


@pytest.mark.integration
async def test_run__connection_dropped__connects_again_c6() -> None:
    with Anvil() as first:
        async with running(WakeUp(first.ws_url, tick_s=20, pause_s=0.05)) as wakeup:
            assert await wakeup.wait() is True
            first.stop()
            with Anvil(port=first.port):
                assert await wakeup.wait() is True, "woken by the new connection"
                assert wakeup.connections == 2


@pytest.mark.integration
async def test_run__connection_stalls__is_opened_again_c6(anvil: Anvil) -> None:
    async with running(WakeUp(anvil.ws_url, tick_s=20, silence_s=0.1, pause_s=0.01)) as wakeup:
        while wakeup.connections < 3:
            assert await wakeup.wait() is True


@contextlib.asynccontextmanager
async def dropping_server(drops: int) -> AsyncIterator[str]:
    """Serve subscriptions; the first ``drops`` connections are cut once they stand."""
    served = 0

    async def handle(connection: ServerConnection) -> None:
        nonlocal served
        served += 1
        request = json.loads(await connection.recv())
        answer = {"jsonrpc": "2.0", "id": request["id"], "result": "0x1"}
        await connection.send(json.dumps(answer))
        if served <= drops:
            connection.transport.abort()
        else:
            await connection.wait_closed()

    async with serve(handle, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"ws://127.0.0.1:{port}"


@pytest.mark.integration
async def test_run__dropped_1000_times__wakes_after_each_and_stands_in_the_end_c6() -> None:
    """Every connection wakes, and a look follows every wake-up: so nothing can be missed."""
    drops = 1000
    async with dropping_server(drops) as url, asyncio.timeout(120):
        wakeup = WakeUp(url, tick_s=60, pause_s=0, longest_pause_s=0)
        async with running(wakeup):
            while wakeup.connections <= drops:
                assert await wakeup.wait() is True
            assert wakeup.is_connected
