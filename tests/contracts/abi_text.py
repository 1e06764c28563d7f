"""Reads the human-readable ABI of the protocol (`fixtures/abi.txt`) into JSON ABI items."""

import re
from pathlib import Path
from typing import Any

AbiItem = dict[str, Any]
ABI_TEXT = Path(__file__).parent / "fixtures" / "abi.txt"

_LINE = re.compile(r"(function|event|error|receive)\s*(\w*)\((.*?)\)(.*)")
_RETURNS = re.compile(r"returns \((.*)\)")


def read_sections(text: str) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Return the members text by struct, and the lines by contract, comments stripped."""
    members: dict[str, str] = {}
    lines_by_contract: dict[str, list[str]] = {}
    section = ""
    for raw in text.splitlines():
        if raw.startswith("# ---- "):
            section = raw.removeprefix("# ---- ").strip()
            continue
        line = raw.partition("//")[0].strip()
        if not line or line.startswith("#"):
            continue
        if section == "types":
            _, name, body = line.split(" ", 2)
            members[name] = body.strip("{} ")
        else:
            lines_by_contract.setdefault(section, []).append(line)
    return members, lines_by_contract


def parse_parameters(text: str, members: dict[str, str], separator: str = ",") -> list[AbiItem]:
    """Parse "type [indexed] [name]" parameters; struct names become tuples with components."""
    return [_parameter(part.split(), members) for part in text.split(separator) if part.strip()]


def _parameter(words: list[str], members: dict[str, str]) -> AbiItem:
    bare, bracket, _ = words[0].partition("[")
    suffix = "[]" if bracket else ""
    rest = [word for word in words[1:] if word != "indexed"]
    item: AbiItem = {"name": rest[0] if rest else "", "type": words[0]}
    if bare in members:
        item["type"] = f"tuple{suffix}"
        item["internalType"] = f"struct {bare}{suffix}"
        item["components"] = parse_parameters(members[bare], members, ";")
    if "indexed" in words:
        item["indexed"] = True
    return item


def parse_line(line: str, members: dict[str, str]) -> AbiItem:
    """Parse one function, event, error or receive line."""
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError(f"no ABI line: {line}")
    kind, name, inputs, tail = match.groups()
    if kind == "receive":
        return {"type": "receive", "stateMutability": "payable"}
    item: AbiItem = {"type": kind, "name": name, "inputs": parse_parameters(inputs, members)}
    if kind == "function":
        returns = _RETURNS.search(tail)
        item["outputs"] = parse_parameters(returns.group(1), members) if returns else []
        item["stateMutability"] = "view" if " view" in tail else "nonpayable"
    return item


def parse_abi_text(text: str) -> dict[str, list[AbiItem]]:
    """Return the ABI items by contract."""
    members, lines_by_contract = read_sections(text)
    return {
        contract: [parse_line(line, members) for line in lines]
        for contract, lines in lines_by_contract.items()
    }
