"""Compile each planted mistake and show that the invariant suite fails on it.

``python -m tools.mutants`` runs in Ape's environment and ends with ``mutants: <killed> of <all>
killed``; its exit status is 1 if any mutant survives.
"""

import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tools.mutants.planted import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
CONTRACTS = ROOT / "contracts"
SUITE = "tests/contracts/invariants"
RUNS = "400"
"""Runs of the suite that a mutant may survive before it counts as alive."""


def main() -> int:
    """Try every mutant and say which were killed; returns the exit status."""
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        killed = list(pool.map(_try, MUTANTS))
    print(f"mutants: {sum(killed)} of {len(MUTANTS)} killed")
    return 0 if all(killed) else 1


def _try(mutant: Mutant) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        build = Path(folder, "bytecode.json")
        build.write_text(json.dumps(_compile(_sources(mutant))))
        is_killed = not _suite_passes(build)
    print(f"{'killed  ' if is_killed else 'SURVIVED'} {mutant.name}", flush=True)
    return is_killed


def _sources(mutant: Mutant) -> dict[str, str]:
    sources = {
        str(path.relative_to(CONTRACTS)): path.read_text()
        for path in sorted(CONTRACTS.rglob("*.sol"))
        if ".venv" not in path.parts
    }
    sources[mutant.file] = mutant.apply_to(sources[mutant.file])
    return sources


def _compile(sources: dict[str, str]) -> dict[str, str]:
    request = {
        "language": "Solidity",
        "sources": {f"contracts/{name}": {"content": text} for name, text in sources.items()},
        "settings": {
            "viaIR": True,
            "optimizer": {"enabled": True, "runs": 1},
            "evmVersion": "cancun",
            "remappings": ["@openzeppelin/contracts=node_modules/@openzeppelin/contracts"],
            "outputSelection": {"*": {"*": ["evm.bytecode.object"]}},
        },
    }
    (compiler,) = (ROOT / "tools" / "solc").glob("solc-v*")
    done = subprocess.run(
        [compiler, "--standard-json"],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    errors = [e["formattedMessage"] for e in answer.get("errors", ()) if e["severity"] == "error"]
    if errors:
        raise SystemExit("\n".join(errors))
    return {
        name: "0x" + contract["evm"]["bytecode"]["object"]
        for contracts in answer["contracts"].values()
        for name, contract in contracts.items()
    }


def _suite_passes(build: Path) -> bool:
    """Run the suite on a build; any exit status but pass or fail is an error of the tools."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-c", "contracts/pytest.ini", SUITE],
        env={**os.environ, "GRID_BYTECODE": str(build), "INVARIANT_RUNS": RUNS},
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    if done.returncode not in (0, 1):
        raise SystemExit(done.stdout + done.stderr)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
