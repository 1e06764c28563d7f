"""One supervisor for each state directory (faults.md A18)."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deepsquare_supervisor.ports.journal import JournalLocked


@contextmanager
def only_one(state_dir: Path) -> Iterator[None]:
    """Hold the directory's lock; the kernel frees it when the process dies.

    Raises `JournalLocked` if another process holds it.
    """
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (state_dir / "lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise JournalLocked(
                f"another supervisor uses {state_dir}: stop it, or set another state directory"
            ) from error
        yield
