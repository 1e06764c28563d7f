"""New blocks as a wake-up call: shortens the wait, and is never believed (faults.md rule 1).

With a WebSocket URL, AsyncWeb3 subscribes to new heads; without one, or while the connection is
away, a timer wakes instead. This is the only module of the SDK that imports web3.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from web3 import AsyncWeb3, WebSocketProvider
from web3.exceptions import Web3Exception
from websockets.exceptions import WebSocketException

_LOST = (OSError, TimeoutError, WebSocketException, Web3Exception)


class WakeUp:
    """Wakes at every new block, and at the latest after ``tick_s``.

    Run ``run()`` as a task and call ``wait()`` in the loop that works. A stalled or dropped
    connection only lengthens the wait to ``tick_s``; it is opened again after ``pause_s``, which
    doubles up to ``longest_pause_s``. ``is_connected`` and ``connections`` are for metrics.
    """

    def __init__(
        self,
        ws_url: str | None,
        *,
        tick_s: float = 10,
        pause_s: float = 0.5,
        longest_pause_s: float = 30,
        silence_s: float = 60,
    ) -> None:
        self.is_connected = False
        self.connections = 0
        self._ws_url = ws_url
        self._tick_s = tick_s
        self._first_pause_s = pause_s
        self._longest_pause_s = longest_pause_s
        self._silence_s = silence_s
        self._event = asyncio.Event()

    def wake(self) -> None:
        """Wake the waiter now: something inside the process happened."""
        self._event.set()

    async def wait(self) -> bool:
        """Return at the next wake-up (True), or after ``tick_s`` (False).

        Wake-ups that came since the last wait count: none is lost, several are one.
        """
        try:
            async with asyncio.timeout(self._tick_s):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True

    async def run(self) -> None:
        """Listen for new blocks until cancelled; returns at once without a WebSocket URL."""
        pause_s = self._first_pause_s
        while self._ws_url:
            try:
                async for _ in self._heads(self._ws_url):
                    pause_s = self._first_pause_s
                    self._event.set()
            except _LOST:
                pass
            finally:
                self.is_connected = False
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, self._longest_pause_s)

    async def _heads(self, ws_url: str) -> AsyncIterator[None]:
        """Yield once per new head; raises `TimeoutError` when the connection falls silent."""
        async with AsyncWeb3(WebSocketProvider(ws_url)) as web3:
            await web3.eth.subscribe("newHeads")
            self.is_connected = True
            self.connections += 1
            yield
            heads = web3.socket.process_subscriptions()
            with contextlib.suppress(StopAsyncIteration):
                while True:
                    await asyncio.wait_for(anext(heads), self._silence_s)
                    yield
