"""Runs the supervisor beside its small HTTP server until it is told to stop."""

import asyncio
import contextlib
import signal
from collections.abc import Iterator

import structlog
import uvicorn

from deepsquare_supervisor.adapters.chain.registering import register_offer
from deepsquare_supervisor.entrypoints.build import Outside, Parts, build, connect
from deepsquare_supervisor.entrypoints.http import build_http
from deepsquare_supervisor.entrypoints.offer_file import read_offer
from deepsquare_supervisor.settings import InvalidSettings, Settings

log = structlog.get_logger(__name__)


class _Server(uvicorn.Server):
    """A uvicorn that leaves signals to the process it is part of."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """See `uvicorn.Server`."""
        yield


async def serve(settings: Settings) -> None:
    """Register if asked to, then run until SIGTERM or SIGINT."""
    async with connect(settings) as outside:
        if settings.register_at_start and settings.hardware_file:
            await register(settings, outside)
        parts = build(settings, outside)
        await _until_told_to_stop(settings, parts)


async def register(settings: Settings, outside: Outside) -> bool:
    """Register the offer of the hardware file; returns whether a transaction was needed."""
    if settings.hardware_file is None:
        raise InvalidSettings("SUPERVISOR_HARDWARE_FILE is needed to register")
    was_sent = await register_offer(
        outside.grid, outside.sender, read_offer(settings.hardware_file)
    )
    log.info("registration", provider=outside.sender.address, was_sent=was_sent)
    return was_sent


async def _until_told_to_stop(settings: Settings, parts: Parts) -> None:
    host, port = settings.host_and_port
    app = build_http(parts.health, parts.register, parts.clock)
    server = _Server(uvicorn.Config(app, host=host, port=port, log_config=None, access_log=False))
    work = asyncio.gather(parts.supervisor.run(), server.serve())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, work.cancel)
    log.info("started", listen=settings.listen, provider_jobs=len(parts.register.job_ids()))
    with contextlib.suppress(asyncio.CancelledError):
        await work
    log.info("stopped")
