"""The project's compiler, asked in Solidity's standard JSON."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

COMPILER_FOLDER = Path(__file__).parent
"""Where the compiler's launcher, `solc-v<version>`, is; `SOLCX_BINARY_PATH` of Ape."""

ROOT = COMPILER_FOLDER.parents[1]


def ask_compiler(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the compiler's answer; exits with its own words when it refuses the sources."""
    (launcher,) = COMPILER_FOLDER.glob("solc-v*")
    done = subprocess.run(
        [launcher, "--standard-json"],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    if done.returncode:
        raise SystemExit(f"the compiler failed: {done.stderr}")
    answer: dict[str, Any] = json.loads(done.stdout)
    errors = [e["formattedMessage"] for e in answer.get("errors", ()) if e["severity"] == "error"]
    if errors:
        raise SystemExit("\n".join(errors))
    return answer
