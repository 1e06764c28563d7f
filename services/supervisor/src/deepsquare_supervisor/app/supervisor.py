"""The process: a loop of ticks, a loop that ships logs, and a listener that wakes them."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from deepsquare_supervisor.app.health import Health
from deepsquare_supervisor.app.reconciler import Reconciler
from deepsquare_supervisor.app.shipping import LogShipper
from deepsquare_supervisor.ports.wake import Wake

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long to wait, in seconds."""

    busy_s: float
    logs_s: float


class Supervisor:
    """Runs until cancelled."""

    def __init__(
        self, *, reconciler: Reconciler, shipper: LogShipper, wake: Wake, pace: Pace, health: Health
    ) -> None:
        self._reconciler = reconciler
        self._shipper = shipper
        self._wake = wake
        self._pace = pace
        self._health = health

    async def run(self) -> None:
        """Tick and ship."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._wake.run())
            group.create_task(self._tick_forever())
            group.create_task(self._ship_forever())

    async def _tick_forever(self) -> None:
        while True:
            await self._guarded(self._reconciler.tick)
            await self._rest()

    async def _rest(self) -> None:
        if not self._reconciler.is_busy:
            await self._wake.wait()
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._pace.busy_s):
                await self._wake.wait()

    async def _ship_forever(self) -> None:
        while True:
            await self._guarded(self._shipper.ship)
            await asyncio.sleep(self._pace.logs_s)

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        """The top of both loops: a bug in one round is loud, and the next round is made."""
        try:
            await work()
        except Exception:
            self._health.alarm("bug")
            log.exception("bug", work=work.__name__)
