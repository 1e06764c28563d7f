"""Runs a program with an argument list, a deadline and an environment of its own."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deepsquare.errors import Unavailable


class ProgramTimedOut(Unavailable):
    """A program did not end in time; what it was to do may or may not have happened."""

    code = "program_timed_out"


class ProgramMissing(Unavailable):
    """A program could not be started."""

    code = "program_missing"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a program ended and what it said."""

    code: int
    stdout: str
    stderr: str


async def run_program(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    stdin: bytes = b"",
    timeout_s: float = 30,
) -> Outcome:
    """Run a program to its end; at the deadline, or when cancelled, it is killed.

    Raises `ProgramTimedOut` or `ProgramMissing`.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            env=dict(env),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise ProgramMissing(f"{argv[0]} cannot be started: {error}") from error
    try:
        async with asyncio.timeout(timeout_s):
            out, err = await process.communicate(stdin)
    except TimeoutError as error:
        raise ProgramTimedOut(f"{argv[0]} gave no answer in {timeout_s:g} s") from error
    finally:
        await _end(process)
    return Outcome(
        process.returncode or 0, out.decode(errors="replace"), err.decode(errors="replace").strip()
    )


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
