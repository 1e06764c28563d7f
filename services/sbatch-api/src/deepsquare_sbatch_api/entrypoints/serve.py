"""Serving until a signal comes."""

import asyncio
import resource
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

import structlog
import uvicorn
import uvloop

from deepsquare_sbatch_api.entrypoints.build import running
from deepsquare_sbatch_api.entrypoints.garbage import spare_what_is_loaded
from deepsquare_sbatch_api.entrypoints.http.app import create_app
from deepsquare_sbatch_api.entrypoints.http.metrics import Metrics
from deepsquare_sbatch_api.entrypoints.http.protocol import BoundedHttp
from deepsquare_sbatch_api.entrypoints.logs import configure_logs
from deepsquare_sbatch_api.settings import InvalidSettings, Settings

SHUTDOWN_S = 5
"""How long open requests may go on after a signal; followed logs end at once."""

_BACKLOG = 2048
_log = structlog.get_logger()


def serve_until_stopped(settings: Settings) -> None:
    """Serve until INT or TERM; raises what keeps the service from starting."""
    configure_logs(settings.log_level)
    stop = _Stop()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop.take)
    _raise_file_limit()
    with suppress(asyncio.CancelledError), _listening(settings.listen) as listener:
        uvloop.run(_serve(settings, listener, stop))


class _Stop:
    """Takes the signals while uvicorn does not: until it listens, and once it has stopped.

    A start may wait long for a chain that does not answer, so it is cancelled. Later the signal is
    only remembered: uvicorn raises it again when it has stopped, with the stores still open.
    """

    def __init__(self) -> None:
        self.is_asked = False
        self._start: Callable[[], object] | None = None

    def take(self, number: int, frame: FrameType | None) -> None:
        """Take a signal, outside the event loop."""
        del number, frame
        self.is_asked = True
        if self._start:
            self._start()

    def starting(self) -> None:
        """Cancel the task that calls this when a signal comes, or has come."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task  # noqa: S101 - called by a coroutine
        self._start = lambda: loop.call_soon_threadsafe(task.cancel)
        if self.is_asked:
            task.cancel()

    def started(self) -> None:
        """Cancel nothing any more."""
        self._start = None


def _listening(listen: str) -> socket.socket:
    """Return a socket that listens; raises `InvalidSettings` when the address cannot be had."""
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, int(port)), family=family, backlog=_BACKLOG)
    except (OSError, OverflowError) as error:
        raise InvalidSettings(f"SBATCH_API_LISTEN: cannot listen on {listen}: {error}") from error


def _raise_file_limit() -> None:
    """Take all the file descriptors allowed: each follower of a log needs one, and systemd gives
    1024 unless asked (systemd.exec, LimitNOFILE).
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def _serve(settings: Settings, listener: socket.socket, stop: _Stop) -> None:
    stop.starting()
    metrics = Metrics()
    async with running(settings, metrics) as services:
        stop.started()
        app = create_app(services, metrics)
        spare_what_is_loaded()
        config = uvicorn.Config(
            app,
            lifespan="off",
            http=BoundedHttp,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            backlog=_BACKLOG,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=list(map(str, settings.trusted_proxies)),
            timeout_graceful_shutdown=SHUTDOWN_S,
        )
        server = _Server(config, services.logs.news.stop, stop)
        _log.info("serving", listen=settings.listen, public_url=settings.public_url)
        await server.serve([listener])
        _log.info("stopped")


class _Server(uvicorn.Server):
    """Ends the streams of those who follow logs as soon as a signal comes."""

    def __init__(
        self, config: uvicorn.Config, end_streams: Callable[[], None], stop: _Stop
    ) -> None:
        super().__init__(config)
        self._end_streams = end_streams
        self._stop = stop
        self._loop = asyncio.get_running_loop()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, unless a signal came before this server took them."""
        await super().startup(sockets)
        self.should_exit = self.should_exit or self._stop.is_asked

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal, outside the event loop."""
        self._loop.call_soon_threadsafe(self._end_streams)
        super().handle_exit(sig, frame)
