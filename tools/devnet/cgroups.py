"""What the machine's control groups allow a private Slurm, and how to leave none behind.

Slurm's cgroup/v1 plugin keeps ``<controller>/slurm_<node name>`` for each slurmd. The v2 plugin
wants systemd and a delegated scope, which plain processes do not have (cgroup.conf(5)).
"""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tools.devnet.waiting import wait_until

CGROUP_ROOT = Path("/sys/fs/cgroup")
_NEEDED = ("freezer", "cpuset", "memory", "cpuacct")


def why_unusable(root: Path = CGROUP_ROOT) -> str | None:
    """Tell why cgroup/v1 cannot be used here, or return None if it can."""
    for controller in _NEEDED:
        folder = root / controller
        if not (folder / "cgroup.procs").exists():
            return f"no cgroup v1 controller at {folder}"
        if not os.access(folder, os.W_OK):
            return f"{folder} is not writable"
    return None


def end_nodes(node_names: tuple[str, ...], *, root: Path = CGROUP_ROOT) -> None:
    """Kill what still runs in the groups of these Slurm nodes and remove the groups."""
    for folder in _node_groups(node_names, root):
        _kill_members(folder)
        _remove(folder)


def _node_groups(node_names: tuple[str, ...], root: Path) -> Iterator[Path]:
    for controller in root.iterdir():
        for name in node_names:
            folder = controller / f"slurm_{name}"
            if folder.is_dir():
                yield folder


def _members(folder: Path) -> list[int]:
    files = folder.rglob("cgroup.procs")
    return [int(line) for file in files for line in file.read_text().split()]


def _kill_members(folder: Path) -> None:
    for pid in _members(folder):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not _members(folder), what=f"no process in {folder}", timeout_s=20)


def _remove(folder: Path) -> None:
    for child in sorted(folder.rglob("*"), key=lambda path: len(path.parts), reverse=True):
        if child.is_dir():
            child.rmdir()
    folder.rmdir()
