"""Find and end processes by what their environment says they belong to."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tools.devnet.waiting import wait_until


def processes_with(*settings: str) -> list[int]:
    """Return the ids of processes whose environment holds each of these ``NAME=value`` settings."""
    wanted = {setting.encode() for setting in settings}
    return [pid for pid, held in _environments() if wanted <= held]


def kill_processes_with(*settings: str) -> None:
    """Kill them and wait until they are gone."""
    for pid in processes_with(*settings):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_until(
        lambda: not processes_with(*settings), what=f"no process with {settings}", timeout_s=20
    )


def _environments() -> Iterator[tuple[int, set[bytes]]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                yield int(folder.name), set((folder / "environ").read_bytes().split(b"\0"))
