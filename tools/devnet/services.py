"""The services of a devnet as processes: their settings, their readiness, their logs."""

import sys
from collections.abc import Mapping
from pathlib import Path

import httpx

from tools.devnet.processes import Daemon

_READY_TIMEOUT_S = 120
_PROBE_TIMEOUT_S = 10


class Service:
    """One service: its command, such as `supervisor run`, and its settings without their prefix."""

    def __init__(
        self, command: str, *, folder: Path, port: int, settings: Mapping[str, object]
    ) -> None:
        name, verb = command.split()
        self.url = f"http://127.0.0.1:{port}"
        prefix = name.replace("-", "_").upper()
        self.daemon = Daemon(
            name,
            [str(Path(sys.executable).with_name(f"deepsquare-{name}")), verb],
            log_file=folder / "log" / f"{name}.log",
            env={f"{prefix}_{key}": str(value) for key, value in settings.items()},
        )

    def start(self) -> None:
        """Start it and return when it is ready."""
        self.daemon.start()
        self.wait_ready()

    def wait_ready(self) -> None:
        """Return when ``/readyz`` answers 200; raises `StartFailed` if it ends before."""
        self.daemon.wait_ready(self.is_ready, timeout_s=_READY_TIMEOUT_S)

    def is_ready(self) -> bool:
        """Ask ``/readyz``."""
        try:
            return httpx.get(f"{self.url}/readyz", timeout=_PROBE_TIMEOUT_S).is_success
        except httpx.TransportError:
            return False
