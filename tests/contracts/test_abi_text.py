"""The compiled ABI against the human-readable ABI of the protocol, line by line."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from eth_utils.crypto import keccak
from tests.contracts.abi_text import ABI_TEXT, parse_line, read_sections
from tools.abi.compiled import compiled_project

INHERITED = Path(__file__).parent / "fixtures" / "inherited.txt"
MEMBERS, LINES = read_sections(ABI_TEXT.read_text())
CASES = [(contract, line) for contract, lines in LINES.items() for line in lines]
MAX_RUNTIME_BYTES = 24_576
MAX_META_SCHEDULER_BYTES = 23_500


def plain(parameter: dict[str, Any]) -> dict[str, Any]:
    """Name, type, indexed and members of a parameter; nothing the compiler adds."""
    kept = {"name": parameter["name"], "type": parameter["type"]}
    if parameter.get("indexed"):
        kept["indexed"] = True
    if parameter.get("components"):
        kept["components"] = [plain(member) for member in parameter["components"]]
    return kept


def canonical(item: dict[str, Any]) -> str:
    """A comparable form of an ABI item."""
    kept = {"type": item["type"], "name": item.get("name")}
    for part in ("inputs", "outputs"):
        if item.get(part):
            kept[part] = [plain(parameter) for parameter in item[part]]
    if "stateMutability" in item:
        kept["stateMutability"] = item["stateMutability"].replace("pure", "view")
    return json.dumps(kept, sort_keys=True)


@lru_cache
def compiled(contract: str) -> dict[str, dict[str, Any]]:
    """ABI items of a compiled contract by their canonical form."""
    abi = compiled_project().contracts[contract].abi
    items = [item.model_dump(mode="json", by_alias=True, exclude_none=True) for item in abi]
    return {canonical(item): item for item in items if item["type"] != "constructor"}


def inherited() -> set[tuple[str, str]]:
    """Contract and name of what may be in the ABI beyond the protocol's lines."""
    pairs = set()
    for line in INHERITED.read_text().splitlines():
        contracts, colon, names = line.partition(":")
        if colon and not line.startswith("#"):
            pairs |= {(contract, name) for contract in contracts.split() for name in names.split()}
    return pairs


@pytest.mark.parametrize(("contract", "line"), CASES)
def test_abi_line__is_in_the_compiled_contract(contract: str, line: str) -> None:
    assert canonical(parse_line(line, MEMBERS)) in compiled(contract)


def test_compiled_abi__has_only_what_is_published_or_explained() -> None:
    published = {
        (contract, canonical(parse_line(line, MEMBERS)))
        for contract, lines in LINES.items()
        for line in lines
    }
    extra = {
        (contract, item["name"])
        for contract in LINES
        for form, item in compiled(contract).items()
        if (contract, form) not in published
    }
    assert extra == inherited()


@pytest.mark.parametrize(
    "line", [line for line in ABI_TEXT.read_text().splitlines() if "0x" in line]
)
def test_abi_id__is_the_hash_of_its_signature(line: str) -> None:
    item = parse_line(line.partition("//")[0].strip(), MEMBERS)
    written = line.rpartition("0x")[2]
    assert keccak(text=signature(item)).hex()[:8] == written


def signature(item: dict[str, Any]) -> str:
    return f"{item['name']}({','.join(type_of(parameter) for parameter in item['inputs'])})"


def type_of(parameter: dict[str, Any]) -> str:
    if not parameter["type"].startswith("tuple"):
        return str(parameter["type"])
    members = ",".join(type_of(member) for member in parameter["components"])
    return f"({members}){parameter['type'].removeprefix('tuple')}"


@pytest.mark.parametrize("contract", list(LINES))
def test_runtime_code__fits_the_limit(contract: str) -> None:
    code = compiled_project().contracts[contract].runtime_bytecode.bytecode
    limit = MAX_META_SCHEDULER_BYTES if contract == "MetaScheduler" else MAX_RUNTIME_BYTES
    assert len(code.removeprefix("0x")) // 2 < limit
