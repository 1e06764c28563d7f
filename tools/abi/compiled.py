"""Asks Ape for the compiled contracts, and the compiler itself for the enums."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.abi.artefacts import CONTRACTS, Artefacts
from tools.solc.ask import COMPILER_FOLDER, ask_compiler

if TYPE_CHECKING:
    from ape.managers.project import LocalProject
    from ethpm_types import ContractType

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".build" / "__local__.json"
STAMP, LOCK = CACHE.with_name("compiled-from"), CACHE.with_name("lock")
TYPES = "contracts/types"
SETTINGS = ("ape-config.yaml", "package-lock.json")


def use_project_compiler() -> None:
    """Point py-solc-x at the compiler of the project; call it before Ape is imported."""
    os.environ.setdefault("SOLCX_BINARY_PATH", str(COMPILER_FOLDER))


def read_artefacts(*, is_anew: bool = False) -> Artefacts:
    """Compile what has changed and return what the SDK needs of it.

    With ``is_anew`` everything is compiled, as on a fresh clone: bytecode that is to be committed
    must not depend on what was compiled before.
    """
    if is_anew:
        STAMP.unlink(missing_ok=True)
    compiled = compiled_project().manifest.contract_types
    return Artefacts(
        abi_by_contract={name: _abi(compiled[name]) for name in CONTRACTS},
        members_by_enum=_enums(("JobStatus", "StorageType")),
        bytecode_by_contract={name: _bytecode(compiled[name]) for name in CONTRACTS},
    )


@cache
def compiled_project() -> LocalProject:
    """Return Ape's project with every contract compiled from the sources as they are.

    Of several processes that need it the first compiles, and the others wait. Left to itself Ape
    would not (0.8.51): it takes a contract as compiled when its own file is the same, whatever
    became of those it imports and of the settings, and compiles files of mere types each time.
    """
    use_project_compiler()
    from ape import Project  # noqa: PLC0415 - must come after the compiler is set

    with _alone():
        sources = _digest()
        if not STAMP.exists() or STAMP.read_text() != sources:
            CACHE.unlink(missing_ok=True)
            Project(ROOT).load_contracts()
            STAMP.write_text(sources)
        return Project(ROOT)


@contextmanager
def _alone() -> Iterator[None]:
    LOCK.parent.mkdir(exist_ok=True)
    with LOCK.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _digest() -> str:
    """Of all that the compiler's answer depends on."""
    contracts = (ROOT / "contracts").rglob("*.sol")
    digest = hashlib.sha256()
    for path in sorted((*contracts, *(ROOT / name for name in SETTINGS))):
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _abi(contract: ContractType) -> list[dict[str, Any]]:
    items = [
        item.model_dump(mode="json", by_alias=True, exclude_none=True) for item in contract.abi
    ]
    return sorted(items, key=lambda item: (item["type"], item.get("name", ""), str(item)))


def _bytecode(contract: ContractType) -> str:
    return str(contract.deployment_bytecode.bytecode)


def _enums(names: tuple[str, ...]) -> dict[str, list[str]]:
    """Members in wire order, from the compiler's syntax tree."""
    members = {
        node["name"]: [member["name"] for member in node["members"]]
        for tree in _syntax_trees()
        for node in tree["nodes"]
        if node["nodeType"] == "EnumDefinition"
    }
    return {name: members[name] for name in names}


def _syntax_trees() -> list[dict[str, Any]]:
    sources = {
        f"{TYPES}/{path.name}": {"content": path.read_text()}
        for path in sorted((ROOT / TYPES).glob("*.sol"))
    }
    request = {
        "language": "Solidity",
        "sources": sources,
        "settings": {"stopAfter": "parsing", "outputSelection": {"*": {"": ["ast"]}}},
    }
    return [source["ast"] for source in ask_compiler(request)["sources"].values()]
