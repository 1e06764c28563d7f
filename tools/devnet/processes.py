"""Child processes that do not outlive this one."""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tools.devnet.errors import DevnetError
from tools.devnet.waiting import NeverHappened, wait_until

_TAIL_LINES = 15


class StartFailed(DevnetError):
    """A process ended, or did not become ready, when it was started; carries the end of its log."""


class Daemon:
    """One process with its log file, which can be started, stopped, killed and started again.

    The kernel ends it when the thread that started it ends (`setpriv --pdeathsig`), so that even a
    killed devnet leaves nothing behind. Hence start daemons from the main thread.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        log_file: Path,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.argv = list(argv)
        self.log_file = log_file
        self._env = {**os.environ, **(env or {})}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id; raises `StartFailed` if it was never started."""
        if self._process is None:
            raise StartFailed(f"{self.name} is not started")
        return self._process.pid

    def is_running(self) -> bool:
        """Tell whether the process is alive now."""
        return self._process is not None and self._process.poll() is None

    def start(self, *, is_ready: Callable[[], bool] = lambda: True, timeout_s: float = 20) -> None:
        """Start the process and wait until it is ready; raises `StartFailed`, and stops it then."""
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *self.argv],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._env,
                start_new_session=True,
            )
        self.wait_ready(is_ready, timeout_s=timeout_s)

    def wait_ready(self, is_ready: Callable[[], bool], *, timeout_s: float) -> None:
        """Wait until ``is_ready()``; raises `StartFailed` if it ends or takes too long."""
        try:
            wait_until(
                lambda: not self.is_running() or is_ready(),
                what=f"{self.name} ready",
                timeout_s=timeout_s,
            )
        except NeverHappened as error:
            self.stop()
            raise StartFailed(f"{error}\n{self.log_tail()}") from None
        if not self.is_running():
            raise StartFailed(f"{self.name} ended at start\n{self.log_tail()}")

    def log_tail(self) -> str:
        """Return the last lines of the log, with the file's name."""
        lines = self.log_file.read_text(errors="replace").splitlines()[-_TAIL_LINES:]
        return "\n".join([f"--- end of {self.log_file}", *lines])

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if the process is alive."""
        if self._process is not None and self.is_running():
            self._process.send_signal(number)

    def kill(self) -> None:
        """End the process at once, as `kill -9` does."""
        self.signal(signal.SIGKILL)
        self._reap(timeout_s=5)

    def stop(self, *, grace_s: float = 10) -> None:
        """Ask the process to end, and kill it if it does not within the grace."""
        self.signal(signal.SIGTERM)
        try:
            self._reap(timeout_s=grace_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def _reap(self, timeout_s: float) -> None:
        if self._process is not None:
            self._process.wait(timeout=timeout_s)
