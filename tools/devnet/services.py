"""The services of a devnet as processes: their settings, their readiness, their logs."""

import sys
from collections.abc import Mapping
from pathlib import Path

import httpx

from tools.devnet.processes import Daemon

_READY_TIMEOUT_S = 40
_PROBE_TIMEOUT_S = 2


class Service:
    """One service under test: `start` returns when its ``/readyz`` answers 200."""

    def __init__(
        self, name: str, *, folder: Path, port: int, settings: Mapping[str, str | Path]
    ) -> None:
        self.url = f"http://127.0.0.1:{port}"
        command = Path(sys.executable).with_name(f"deepsquare-{name}")
        self.daemon = Daemon(
            name,
            [str(command), "serve"],
            log_file=folder / "log" / f"{name}.log",
            env={variable: str(value) for variable, value in settings.items()},
        )

    def start(self) -> None:
        """Start it and wait until it is ready."""
        self.daemon.start(is_ready=self.is_ready, timeout_s=_READY_TIMEOUT_S)

    def is_ready(self) -> bool:
        """Ask ``/readyz``."""
        try:
            return httpx.get(f"{self.url}/readyz", timeout=_PROBE_TIMEOUT_S).is_success
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """End it at once, as `kill -9` does."""
        self.daemon.kill()

    def stop(self) -> None:
        """Ask it to end."""
        self.daemon.stop()
