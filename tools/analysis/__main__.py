"""Run slither with the project's compiler and compare with what is accepted.

``python -m tools.analysis`` fails on findings that ``contracts/slither-accepted.txt`` does not
explain, and on explanations of findings that are gone.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
ACCEPTED = ROOT / "contracts" / "slither-accepted.txt"
COMPILER = ROOT / "tools" / "solc" / "solc-v0.8.30"
OUTPUTS = ["abi", "metadata", "devdoc", "userdoc", "evm.bytecode", "evm.deployedBytecode"]

Finding = tuple[str, str]
"""Detector, and ``Contract.function``."""


def compiler_input() -> dict[str, Any]:
    """The input that slither hands to the compiler, with the settings of ape-config.yaml."""
    left_out = {".venv", "mocks"}
    files = [p for p in (ROOT / "contracts").rglob("*.sol") if left_out.isdisjoint(p.parts)]
    return {
        "language": "Solidity",
        "sources": {str(path.relative_to(ROOT)): {"content": path.read_text()} for path in files},
        "settings": {
            "remappings": ["@openzeppelin/contracts=node_modules/@openzeppelin/contracts"],
            "evmVersion": "cancun",
            "viaIR": True,
            "optimizer": {"enabled": True, "runs": 1000},
            "outputSelection": {"*": {"*": OUTPUTS, "": ["ast"]}},
        },
    }


def run_slither() -> dict[str, Any]:
    """Return slither's report."""
    with tempfile.TemporaryDirectory() as folder:
        request, report = Path(folder) / "input.json", Path(folder) / "report.json"
        request.write_text(json.dumps(compiler_input()))
        command: list[str | Path] = [
            *(Path(sys.executable).with_name("slither"), request, "--json", report),
            *("--compile-force-framework", "solc-json", "--solc", COMPILER),
            *("--filter-paths", "node_modules", "--fail-none"),
            *("--exclude-informational", "--exclude-optimization"),
        ]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=1200)
        result: dict[str, Any] = json.loads(report.read_text())
        return result


def findings(report: dict[str, Any]) -> set[Finding]:
    """What slither found, by detector and the function it is about."""
    return {
        (found["check"], name)
        for found in report["results"].get("detectors", [])
        for name in _functions(found["elements"])
    }


def _functions(elements: list[dict[str, Any]]) -> Iterator[str]:
    """The function a finding is about: the first element, or the one that holds it."""
    first = elements[0]
    while first["type"] not in ("function", "contract"):
        first = first["type_specific_fields"]["parent"]
    if first["type"] == "contract":
        yield first["name"]
    else:
        yield f"{first['type_specific_fields']['parent']['name']}.{first['name']}"


def accepted() -> set[Finding]:
    """The findings that are explained."""
    lines = (
        line.split() for line in ACCEPTED.read_text().splitlines() if line[:1] not in ("#", "")
    )
    return {(detector, function) for detector, function in lines}


def main() -> int:
    """Report the differences; returns the exit status."""
    found, explained = findings(run_slither()), accepted()
    for detector, function in sorted(found - explained):
        print(f"new: {detector} in {function}")
    for detector, function in sorted(explained - found):
        print(f"gone: {detector} in {function}")
    print(f"slither: {len(found)} findings, {len(found & explained)} explained")
    return int(found != explained)


if __name__ == "__main__":
    sys.exit(main())
