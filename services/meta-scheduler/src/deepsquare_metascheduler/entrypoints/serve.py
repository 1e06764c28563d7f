"""Runs the service until a signal comes."""

import asyncio
import contextlib
import signal
from collections.abc import Iterator

import structlog
import uvicorn
from fastapi import FastAPI

from deepsquare.errors import Unavailable
from deepsquare_metascheduler.entrypoints.build import Face, build_face, build_work, connect
from deepsquare_metascheduler.settings import Settings

_log = structlog.get_logger()


class _Server(uvicorn.Server):
    """A uvicorn that leaves signals to the process it is part of."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """See `uvicorn.Server`."""
        yield


async def serve(settings: Settings) -> None:
    """Run until INT or TERM; raises what keeps the service from starting."""
    work = asyncio.create_task(_run(settings))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, work.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await work


async def _run(settings: Settings) -> None:
    face = build_face(settings)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_serve_http(face.http, settings))
            tasks.create_task(_work(settings, face))
    except ExceptionGroup as group:
        raise _cause(group) from group


def _cause(group: ExceptionGroup) -> Exception:
    """Return the failure that ended a group of tasks; the others were only cancelled."""
    first = group.exceptions[0]
    return _cause(first) if isinstance(first, ExceptionGroup) else first


async def _work(settings: Settings, face: Face) -> None:
    """Wait for the chain, then assign jobs for ever; raises `Refused` if the grid is wrong."""
    while True:
        try:
            await _connect_and_work(settings, face)
        except Unavailable as error:
            face.health.failed(error)
            _log.warning("chain_unavailable", code=error.code, why=error.message)
            await asyncio.sleep(settings.retry_pause_s)


async def _connect_and_work(settings: Settings, face: Face) -> None:
    async with connect(settings) as connection:
        work = build_work(settings, connection, face)
        _log.info(
            "started",
            wallet=connection.sender.address,
            chain_id=connection.grid.chain_id,
            meta_scheduler=connection.grid.meta_scheduler.address,
            listen=settings.listen,
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(work.loop.run())
            tasks.create_task(work.wakeup.run())


async def _serve_http(app: FastAPI, settings: Settings) -> None:
    host, port = settings.host_and_port
    config = uvicorn.Config(
        app, host=host, port=port, lifespan="off", log_config=None, access_log=False
    )
    await _Server(config).serve()
