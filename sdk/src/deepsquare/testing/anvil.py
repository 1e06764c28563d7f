"""A private EVM chain for tests and trials: anvil as a child process."""

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from deepsquare.errors import Broken, Refused

DEFAULT_CHAIN_ID = 179188
START_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 10
_LISTENING = re.compile(r"Listening on [\d.]+:(\d+)")


class AnvilNotFound(Refused):
    """There is no anvil on this machine."""

    code = "anvil_not_found"


class AnvilFailed(Broken):
    """Anvil did not start."""

    code = "anvil_failed"


class Anvil:
    """A chain that lives as long as the ``with`` block, on a port the system chooses.

    Without ``block_time_s`` every transaction is mined at once in a block of its own.
    """

    def __init__(
        self,
        *,
        chain_id: int = DEFAULT_CHAIN_ID,
        block_time_s: float | None = None,
        port: int = 0,
        binary: Path | None = None,
    ) -> None:
        self.chain_id = chain_id
        self.port = port
        self._block_time_s = block_time_s
        self._binary = binary
        self._process: subprocess.Popen[str] | None = None

    @property
    def http_url(self) -> str:
        """Where JSON-RPC is served."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        """Where subscriptions are served."""
        return f"ws://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process that serves the chain."""
        if self._process is None:
            raise AnvilFailed("anvil is not running")
        return self._process.pid

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the chain and wait until it listens; raises `AnvilNotFound` or `AnvilFailed`."""
        process = subprocess.Popen(  # noqa: S603 - an argument list of our own
            self._command(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._process = process
        watchdog = threading.Timer(START_TIMEOUT_S, process.kill)
        watchdog.start()
        try:
            self.port = self._wait_for_port(process)
        except AnvilFailed:
            self.stop()
            raise
        finally:
            watchdog.cancel()
        threading.Thread(target=self._drain, args=(process,), daemon=True).start()

    def stop(self) -> None:
        """End the chain; harmless when it is not running."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()

    def _command(self) -> list[str]:
        command = [
            str(self._binary or find_anvil()),
            *("--host", "127.0.0.1", "--port", str(self.port)),
            *("--chain-id", str(self.chain_id), "--hardfork", "cancun"),
        ]
        if self._block_time_s:
            command += ["--block-time", f"{self._block_time_s:g}"]
        return command

    def _wait_for_port(self, process: subprocess.Popen[str]) -> int:
        said = []
        for line in process.stdout or ():
            said.append(line)
            if found := _LISTENING.search(line):
                return int(found[1])
        raise AnvilFailed("anvil did not start: " + "".join(said[-5:]).strip())

    @staticmethod
    def _drain(process: subprocess.Popen[str]) -> None:
        """Read what anvil prints, or it would stop when the pipe is full."""
        try:
            for _ in process.stdout or ():
                pass
        except ValueError:
            return  # closed by stop()


def find_anvil() -> Path:
    """Return the anvil binary: `DEEPSQUARE_ANVIL`, a ``node_modules`` above, or the PATH.

    Raises `AnvilNotFound`.
    """
    for candidate in _candidates():
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate
    raise AnvilNotFound(
        "anvil is not installed: run `npm ci`, put it on the PATH, or set DEEPSQUARE_ANVIL"
    )


def _candidates() -> Iterator[Path]:
    if named := os.environ.get("DEEPSQUARE_ANVIL"):
        yield Path(named)
    for start in (Path.cwd(), Path(__file__).resolve()):
        for folder in (start, *start.parents):
            # the native binary, not npm's launcher: signals must reach the chain itself
            yield from sorted(folder.glob("node_modules/@foundry-rs/anvil-*/bin/anvil"))
    if on_path := shutil.which("anvil"):
        yield Path(on_path)
