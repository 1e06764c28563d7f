"""Compile each planted mistake and show that the invariant suite fails on it.

``python -m tools.mutants`` runs in Ape's environment and ends with ``mutants: <killed> of <all>
killed``; its exit status is 1 if any mutant survives. Words after it choose mutants by their names.
Before all, the contracts as they are must pass, so that a kill says something.
"""

import json
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.abi.artefacts import CONTRACTS as DEPLOYABLE
from tools.mutants.compilation import ROOT, compile_contracts, reached_by, read_sources
from tools.mutants.planted import MUTANTS, Mutant
from tools.mutants.suite import first_failure

SHIPPED = ROOT / "sdk/src/deepsquare/chain/_generated/bytecode.json"
HOSTILE_CREDIT = "mocks/HostileCredit.sol"
ROUNDS = (30, 120, 1000)
"""Runs of each machine that a mutant may survive, one round after the other, before it counts as
alive; most die in the first."""


def main(words: list[str]) -> int:
    """Try every mutant and say which were killed; returns the exit status."""
    chosen = [m for m in MUTANTS if not words or any(word in m.name for word in words)]
    sources = read_sources()
    shipped = json.loads(SHIPPED.read_text()) | compile_contracts(sources, [HOSTILE_CREDIT])
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        control = pool.submit(_try, "(no mistake)", shipped, ROUNDS[:1])
        trials = [pool.submit(_plant_and_try, mutant, sources, shipped) for mutant in chosen]
        if control.result():
            raise SystemExit("the suite fails on the contracts as they are: mend that first")
        killed = sum(trial.result() for trial in trials)
    print(f"mutants: {killed} of {len(chosen)} killed")
    return 0 if killed == len(chosen) else 1


def _plant_and_try(mutant: Mutant, sources: dict[str, str], shipped: dict[str, str]) -> bool:
    changed = {**sources, mutant.file: mutant.apply_to(sources[mutant.file])}
    reached = reached_by(mutant.file, sources, DEPLOYABLE)
    code = compile_contracts(changed, [f"{name}.sol" for name in reached])
    return _try(mutant.name, shipped | code, ROUNDS)


def _try(name: str, code: dict[str, str], rounds: tuple[int, ...]) -> bool:
    """Tell whether the suite fails on that bytecode, and say so with the reason."""
    began, failure = time.monotonic(), None
    with tempfile.TemporaryDirectory() as folder:
        build = Path(folder, "bytecode.json")
        build.write_text(json.dumps(code))
        for seed, runs in enumerate(rounds):
            if failure := first_failure(build, runs=runs, seed=seed):
                break
    took = f"{time.monotonic() - began:.0f} s"
    said = f"killed   {name} ({took}): {failure}" if failure else f"survived {name} ({took})"
    print(said, flush=True)
    return failure is not None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
