"""The invariant suite, run on some bytecode in a process of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tools.mutants.compilation import ROOT

DEPTH = 100
LIMIT_S = 3600
"""Even a survivor of the longest round is done long before."""
PASSED, FAILED = 0, 1
"""Exit statuses of pytest; any other is an error of the tools."""
_REASON = re.compile(r"^E +(?:\| +)?(\w+(?:Error|Failure|Exception)\b.*)$", re.MULTILINE)


def first_failure(build: Path, *, runs: int, seed: int) -> str | None:
    """Return what the suite found wrong with a build, None if nothing.

    The suite runs without Ape, which it does not need, and stops at its first failure.
    """
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-x", "-c", "contracts/pytest.ini"),
            *("-o", "addopts=--import-mode=importlib", "--noconftest", "-p", "no:ape_test"),
            *(f"--hypothesis-seed={seed}", "tests/contracts/invariants"),
        ],
        env=os.environ
        | {
            "GRID_BYTECODE": str(build),
            "INVARIANT_RUNS": str(runs),
            "INVARIANT_DEPTH": str(DEPTH),
        },
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        timeout=LIMIT_S,
    )
    if done.returncode not in (PASSED, FAILED):
        raise SystemExit(done.stdout + done.stderr)
    if done.returncode == PASSED:
        return None
    found = _REASON.search(done.stdout)
    return found[1][:160] if found else "for an unknown reason"
