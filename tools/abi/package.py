"""The files of the generated package, as text by path."""

import json
from pathlib import Path

from tools.abi.artefacts import CONTRACTS, Artefacts
from tools.abi.python_source import MARK, render_enums, render_errors, render_structs

PACKAGE = Path("sdk/src/deepsquare/chain/_generated")


def render_package(artefacts: Artefacts) -> dict[Path, str]:
    """Return every file of the package, relative to the project."""
    files = {
        "__init__.py": f'"""What the compiled contracts say.\n\n{MARK}\n"""\n',
        "abi/__init__.py": f'"""The ABIs, one JSON file a contract.\n\n{MARK}\n"""\n',
        "enums.py": render_enums(artefacts),
        "structs.py": render_structs(artefacts),
        "errors.py": render_errors(artefacts),
        "bytecode.json": _json(dict(artefacts.bytecode_by_contract)),
    }
    for name in CONTRACTS:
        files[f"abi/{name}.json"] = _json(artefacts.abi_by_contract[name])
    return {PACKAGE / name: text for name, text in files.items()}


def _json(value: object) -> str:
    return json.dumps(value, indent=1) + "\n"


def stale_files(root: Path, files: dict[Path, str]) -> list[Path]:
    """The files that are missing or differ, and those that do not belong to the package."""
    present = {
        path.relative_to(root)
        for path in (root / PACKAGE).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    different = {path for path, text in files.items() if _read(root / path) != text}
    return sorted(different | (present - set(files)))


def write_package(root: Path, files: dict[Path, str]) -> None:
    """Write the package anew, without leftovers."""
    for path in stale_files(root, files):
        if path not in files:
            (root / path).unlink()
            continue
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(files[path])


def _read(path: Path) -> str | None:
    return path.read_text() if path.is_file() else None
