"""Serving until a signal comes."""

import asyncio
import gc
import resource
import signal
from collections.abc import Callable
from types import FrameType

import uvicorn
import uvloop

from deepsquare_sbatch_api.entrypoints.build import running
from deepsquare_sbatch_api.entrypoints.http.app import create_app
from deepsquare_sbatch_api.entrypoints.http.metrics import Metrics
from deepsquare_sbatch_api.entrypoints.logs import configure_logs
from deepsquare_sbatch_api.settings import Settings

SHUTDOWN_S = 5
"""How long open requests may go on after a signal; followed logs end at once."""


def serve_until_stopped(settings: Settings) -> None:
    """Serve until INT or TERM; raises what keeps the service from starting."""
    configure_logs(settings.log_level)
    for number in (signal.SIGINT, signal.SIGTERM):
        # uvicorn raises the signal again once it has stopped; the stores are still open then
        signal.signal(number, lambda *_: None)
    _raise_file_limit()
    uvloop.run(_serve(settings))


def _raise_file_limit() -> None:
    """Take all the file descriptors allowed: each follower of a log needs one, and systemd gives
    1024 unless asked (systemd.exec, LimitNOFILE).
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _spare_what_is_loaded() -> None:
    """Take all that lives as long as the process out of garbage collection: to go through it again
    and again would hold up requests for tens of milliseconds.
    """
    gc.collect()
    gc.freeze()


async def _serve(settings: Settings) -> None:
    metrics = Metrics()
    async with running(settings, metrics) as services:
        host, _, port = settings.listen.rpartition(":")
        app = create_app(services, metrics)
        _spare_what_is_loaded()
        config = uvicorn.Config(
            app,
            host=host.strip("[]"),
            port=int(port),
            lifespan="off",
            http="httptools",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=list(settings.trusted_proxies),
            timeout_graceful_shutdown=SHUTDOWN_S,
        )
        await _Server(config, services.logs.news.stop).serve()


class _Server(uvicorn.Server):
    """Ends the streams of those who follow logs as soon as a signal comes."""

    def __init__(self, config: uvicorn.Config, end_streams: Callable[[], None]) -> None:
        super().__init__(config)
        self._end_streams = end_streams
        self._loop = asyncio.get_running_loop()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal, outside the event loop."""
        self._loop.call_soon_threadsafe(self._end_streams)
        super().handle_exit(sig, frame)
