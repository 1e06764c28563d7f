"""Writing profiles to ``config.toml``."""

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deepsquare.profile import NAMES, InvalidSettings, check_values, config_path, read_config

_NOT_STORED = frozenset({"profile"})


def read_profiles() -> dict[str, dict[str, Any]]:
    """Return all profiles by name; empty when there is no file."""
    return dict(read_config().get("profiles", {}))


def save_profile(name: str, values: Mapping[str, Any], *, is_default: bool = False) -> Path:
    """Add ``values`` to a profile, making it if needed, and return the file's path.

    Raises `InvalidSettings` for unknown names and malformed values. The file is replaced in one
    step and is readable by its owner only.
    """
    if foreign := sorted(set(values) - (set(NAMES) - _NOT_STORED)):
        raise InvalidSettings(f'"{foreign[0]}" is no setting of a profile')
    document = read_config()
    profiles = document.setdefault("profiles", {})
    profiles[name] = {**profiles.get(name, {}), **check_values(values, "profile")}
    if is_default or "default" not in document:
        document["default"] = name
    return _write(document)


def choose_default(name: str) -> Path:
    """Make a profile the one that is used when none is named; raises `InvalidSettings`."""
    document = read_config()
    if name not in document.get("profiles", {}):
        raise InvalidSettings(f'there is no profile "{name}" in {config_path()}')
    document["default"] = name
    return _write(document)


def _write(document: Mapping[str, Any]) -> Path:
    path = config_path()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lines = [f"default = {_toml(document['default'])}"]
    for name, values in document.get("profiles", {}).items():
        lines += ["", f"[profiles.{_toml(name)}]"]
        lines += [f"{key} = {_toml(value)}" for key, value in values.items()]
    _replace(path, "\n".join(lines) + "\n")
    return path


def _toml(value: object) -> str:
    """Write text, integers and lists of text: JSON's forms of them are also TOML's."""
    return json.dumps(list(value) if isinstance(value, tuple) else value)


def _replace(path: Path, text: str) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".config-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
