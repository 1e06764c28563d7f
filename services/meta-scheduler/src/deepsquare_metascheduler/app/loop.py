"""The loop of the process: tick after tick, whatever happens."""

import asyncio
from collections.abc import Callable

import structlog

from deepsquare.errors import Broken, DeepSquareError
from deepsquare_metascheduler.app.health import Health
from deepsquare_metascheduler.app.scheduler import Scheduler, Tick
from deepsquare_metascheduler.ports.wake import Wake

_log = structlog.get_logger()


class UnexpectedFailure(Broken):
    """A tick failed in a way that nobody foresaw."""

    code = "unexpected_failure"


class Loop:
    """Ticks until cancelled.

    A failed tick changes nothing: the next one looks at the world again. Between ticks it waits
    for the wake-up; after a failure always for ``pause_s``, so that it never runs hot.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        wake: Wake,
        *,
        health: Health,
        pause_s: float,
        on_tick: Callable[[Tick], None] = lambda _: None,
    ) -> None:
        self._scheduler = scheduler
        self._wake = wake
        self._health = health
        self._pause_s = pause_s
        self._on_tick = on_tick

    async def run(self) -> None:
        """Tick for ever."""
        while True:
            if await self.once():
                await self._wake.wait()
            else:
                await asyncio.sleep(self._pause_s)

    async def once(self) -> bool:
        """Tick once; tell whether it went well."""
        try:
            tick = await self._scheduler.tick()
        except DeepSquareError as error:
            self._note(error)
            return False
        except Exception as error:  # noqa: BLE001 - the one place: the top of the loop
            _log.exception("tick_broken")
            self._note(UnexpectedFailure(f"{type(error).__name__}: {error}"))
            return False
        self._health.succeeded(tick)
        self._on_tick(tick)
        return True

    def _note(self, error: DeepSquareError) -> None:
        self._health.failed(error)
        _log.warning("tick_failed", code=error.code, why=error.message)
