"""Runs git with argument lists, nothing of the machine's configuration, and limits."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

MAX_FETCH_BYTES = 64 * 1024 * 1024
MAX_FETCH_SECONDS = 30
"""W-MOD-5."""

_MAX_ANSWER_BYTES = 16 * 1024 * 1024
_MAX_MEMORY_BYTES = 2 * 1024 * 1024 * 1024

_ALWAYS = (
    "protocol.version=2",
    "core.hooksPath=/dev/null",
    "core.bigFileThreshold=1m",
    "credential.helper=",
    "fetch.fsckObjects=true",
    "fetch.unpackLimit=1",
    "fetch.recurseSubmodules=false",
    "gc.auto=0",
    "http.followRedirects=false",
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=10",
    "pack.threads=1",
)
"""Settings of every call: no hooks, no credentials, no submodules, no redirects."""


class GitFailed(Exception):
    """Git ended with an error; ``reason`` is what it wrote."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class AnswerTooLarge(Exception):
    """Git wrote more, or made a larger file, than is allowed."""


@dataclass(frozen=True, slots=True)
class GitCommand:
    """Git as found in PATH. ``max_file_bytes`` bounds every file it makes."""

    settings: tuple[str, ...] = ()
    max_file_bytes: int = MAX_FETCH_BYTES
    prefix: tuple[str, ...] = field(default=("prlimit",))

    async def run(
        self,
        arguments: Sequence[str],
        *,
        home: Path,
        protocol: str,
        settings: Sequence[str] = (),
        given: bytes = b"",
    ) -> bytes:
        """Return what git writes to its output.

        ``home`` is a private directory, ``protocol`` the only one git may use (https or file).
        Raises `GitFailed` or `AnswerTooLarge`; ending the task ends git and its helpers.
        """
        process = await self._started(self._words(arguments, settings), home, protocol)
        try:
            output, complaint = await _exchange(process, given)
        finally:
            # The group also holds helpers that outlive git, such as the one that speaks HTTPS.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        if process.returncode != 0:
            # Git does not say that a file met its limit; the file itself does.
            if _largest_file(home) >= self.max_file_bytes:
                raise AnswerTooLarge
            raise GitFailed(complaint.decode(errors="replace"))
        return output

    async def _started(
        self, words: Sequence[str], home: Path, protocol: str
    ) -> asyncio.subprocess.Process:
        try:
            return await asyncio.create_subprocess_exec(
                *words,
                cwd=home,
                env=_environment(home, protocol),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
                limit=_MAX_ANSWER_BYTES,
            )
        except OSError as error:
            raise GitFailed(f"git cannot be started: {error.strerror}") from error

    def _words(self, arguments: Sequence[str], settings: Sequence[str]) -> list[str]:
        limits = (f"--fsize={self.max_file_bytes}", f"--as={_MAX_MEMORY_BYTES}", "--core=0")
        configured = [
            word for setting in (*_ALWAYS, *self.settings, *settings) for word in ("-c", setting)
        ]
        return [*self.prefix, *limits, "git", *configured, *arguments]


def _environment(home: Path, protocol: str) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "GIT_ALLOW_PROTOCOL": protocol,
        "GIT_ASKPASS": "true",
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
    }


async def _exchange(process: asyncio.subprocess.Process, given: bytes) -> tuple[bytes, bytes]:
    assert process.stdin is not None  # noqa: S101 - both are pipes
    assert process.stdout is not None  # noqa: S101
    assert process.stderr is not None  # noqa: S101
    process.stdin.write(given)
    process.stdin.close()
    output, complaint = await asyncio.gather(_read(process.stdout), _read(process.stderr))
    await process.wait()
    return output, complaint


async def _read(stream: asyncio.StreamReader) -> bytes:
    content = await stream.read(_MAX_ANSWER_BYTES + 1)
    while len(content) <= _MAX_ANSWER_BYTES and (more := await stream.read(_MAX_ANSWER_BYTES)):
        content += more
    if len(content) > _MAX_ANSWER_BYTES:
        raise AnswerTooLarge
    return content


def _largest_file(home: Path) -> int:
    return max((file.stat().st_size for file in home.rglob("*") if file.is_file()), default=0)
