"""New blocks wake, silence does not stop (faults.md C6)."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

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
