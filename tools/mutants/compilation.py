"""The compiler, asked for just the contracts that a change reaches."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from tools.solc.ask import ask_compiler

ROOT = Path(__file__).parents[2]
CONTRACTS = ROOT / "contracts"
_IMPORT = re.compile(r'^\s*(?:import\s[^;"]*|\}\s*from\s*)"(\.[^"]+)";', re.MULTILINE)

Sources = Mapping[str, str]
"""Text by path below ``contracts/``."""


def read_sources() -> dict[str, str]:
    """Read every contract of the project."""
    return {
        str(path.relative_to(CONTRACTS)): path.read_text()
        for path in sorted(CONTRACTS.rglob("*.sol"))
        if ".venv" not in path.parts
    }


def reached_by(changed: str, sources: Sources, contracts: Iterable[str]) -> list[str]:
    """Return those contracts, each in the file of its name, that a changed file is part of."""
    return [name for name in contracts if changed in _parts(f"{name}.sol", sources)]


def _parts(file: str, sources: Sources) -> set[str]:
    """A file and all that it imports, directly or not."""
    found: set[str] = set()
    waiting = [file]
    while waiting:
        part = waiting.pop()
        if part not in found:
            found.add(part)
            waiting += [_resolve(part, path) for path in _IMPORT.findall(sources[part])]
    return found


def _resolve(importer: str, path: str) -> str:
    return str(Path(CONTRACTS, importer).parent.joinpath(path).resolve().relative_to(CONTRACTS))


def compile_contracts(sources: Sources, files: Iterable[str]) -> dict[str, str]:
    """Return creation bytecode (0x hex) by contract, for the contracts named like those files.

    Optimised for size: what is tested so is the meaning, not the gas.
    """
    request = {
        "language": "Solidity",
        "sources": {f"contracts/{name}": {"content": text} for name, text in sources.items()},
        "settings": {
            "viaIR": True,
            "optimizer": {"enabled": True, "runs": 1},
            "evmVersion": "cancun",
            "remappings": ["@openzeppelin/contracts=node_modules/@openzeppelin/contracts"],
            "outputSelection": {
                f"contracts/{file}": {Path(file).stem: ["evm.bytecode.object"]} for file in files
            },
        },
    }
    answer = ask_compiler(request)
    return {
        name: "0x" + contract["evm"]["bytecode"]["object"]
        for contracts in answer["contracts"].values()
        for name, contract in contracts.items()
        if contract["evm"]["bytecode"]["object"]
    }
