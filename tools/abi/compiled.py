"""Asks Ape for the compiled contracts, and the compiler itself for the enums."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.abi.artefacts import CONTRACTS, Artefacts
from tools.solc.ask import COMPILER_FOLDER, ask_compiler

if TYPE_CHECKING:
    from ethpm_types import ContractType

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".build" / "__local__.json"
TYPES = "contracts/types"


def use_project_compiler() -> None:
    """Point py-solc-x at the compiler of the project; call it before Ape is imported."""
    os.environ.setdefault("SOLCX_BINARY_PATH", str(COMPILER_FOLDER))


def read_artefacts(*, is_anew: bool = False) -> Artefacts:
    """Compile what has changed and return what the SDK needs of it.

    With ``is_anew`` everything is compiled, as on a fresh clone: bytecode that is to be committed
    must not depend on what was compiled before.
    """
    use_project_compiler()
    if is_anew or _has_other_settings():
        CACHE.unlink(missing_ok=True)
    from ape import Project  # noqa: PLC0415 - must come after the compiler is set

    compiled = Project(ROOT).load_contracts()
    return Artefacts(
        abi_by_contract={name: _abi(compiled[name]) for name in CONTRACTS},
        members_by_enum=_enums(("JobStatus", "StorageType")),
        bytecode_by_contract={name: _bytecode(compiled[name]) for name in CONTRACTS},
    )


def _has_other_settings() -> bool:
    """Ape compiles what has changed, but does not count its own settings as a change."""
    settings = ROOT / "ape-config.yaml"
    return CACHE.exists() and CACHE.stat().st_mtime < settings.stat().st_mtime


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
