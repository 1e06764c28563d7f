"""Bash as the judge of test expressions: it parses them and runs nothing."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

MAX_SECONDS = 2
"""Time for all conditions of a job; those not reached are not judged."""

MAX_AT_ONCE = 2
"""Processes of one service at the same time."""

SHOWN_CHARACTERS = 120
_FROM_SIGNALS = 128
_CRASHED = {str(_FROM_SIGNALS + number) for number in (signal.SIGSEGV, signal.SIGABRT)}

_PROGRAM = r"""
ulimit -c 0 -f 0 -t 1 -v 500000
while IFS= read -r -d '' condition; do
  said=$({ eval "set -n; [[ $condition ]]"; exit 2; } 2>&1) && code=0 || code=$?
  said=${said%%$'\n'*}
  printf '%s %s\0' "$code" "${said:0:400}"
done
"""
"""Judges texts that each end in NUL, the way a batch script reads them (`__ds_if`).

`eval` parses its first line before it runs any of it. A text that does not parse runs nothing; of
one that does, `set -n` comes first, after which this shell runs nothing any more and ends with 0.
(`bash -n` itself ends with 0 after a syntax error inside [[ ]]; seen on 5.2.)
"""


@dataclass(frozen=True)
class BashConditions:
    """`ConditionSyntax` by the bash found in PATH; without one, nothing is judged."""

    max_seconds: float = MAX_SECONDS
    _gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_AT_ONCE))

    async def problems(self, conditions: Sequence[str]) -> Mapping[str, str]:
        """See `ConditionSyntax.problems`."""
        async with self._gate:
            try:
                process = await _start()
            except FileNotFoundError:
                return {}
            given = b"".join(condition.encode() + b"\0" for condition in conditions)
            verdicts = await self._verdicts(process, given)
        judged = zip(conditions, verdicts, strict=False)
        return {condition: said for condition, said in judged if said}

    async def _verdicts(self, process: asyncio.subprocess.Process, given: bytes) -> list[str]:
        try:
            async with asyncio.timeout(self.max_seconds):
                answer, _ = await process.communicate(given)
        except TimeoutError:
            return []
        finally:
            # A judge of a single text may outlive the one that started it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        return [_verdict(line) for line in answer.decode(errors="replace").split("\0")[:-1]]


async def _start() -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *("bash", "--norc", "--noprofile", "-c", _PROGRAM, "deepsquare"),
        cwd="/",
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )


def _verdict(line: str) -> str:
    """Return what is wrong, in bash's words without place, or "" for sound and for not judged."""
    code, _, said = line.partition(" ")
    if code in _CRASHED:
        return "it is nested too deeply"
    if code == "0" or int(code) > _FROM_SIGNALS:
        return ""
    said = said.rpartition(" line ")[2].partition(": ")[2]
    shown = "".join(character for character in said if character.isprintable())
    return shown[:SHOWN_CHARACTERS] or "it is not complete"
