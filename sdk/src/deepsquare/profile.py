"""Settings of the SDK and the command line, and where each one came from.

A value given by the caller (a flag) beats the environment (``DEEPSQUARE_*``), which beats the
project file (``deepsquare.toml`` in the working directory or above it), which beats the profile in
``config.toml`` of the user's configuration directory. A project file may only choose the profile
and the output format: it often comes from somebody else, and must not decide which contract gets
the credits or which service writes the script.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from deepsquare.errors import Refused

PROJECT_FILE = "deepsquare.toml"
DEFAULT_PROFILE = "default"
_PROJECT_KEYS = frozenset({"profile", "output"})


class InvalidSettings(Refused):
    """A setting is missing, unknown or malformed; the message names it and its source."""

    code = "invalid_settings"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a client needs to know. Never holds a key, only where to find one.

    ``rpc_urls`` are JSON-RPC endpoints in order of preference; the other contracts of the grid are
    found through ``meta_scheduler_address``. ``chain_id``, when given, must be the endpoints'.
    ``address`` is whose jobs to look at when no key is at hand.
    """

    profile: str = DEFAULT_PROFILE
    rpc_urls: tuple[str, ...] = ()
    meta_scheduler_address: str = ""
    sbatch_api_url: str = ""
    chain_id: int | None = None
    address: str = ""
    keystore: str = ""
    keystore_password_file: str = ""
    private_key_file: str = ""
    output: str = "table"

    def require(self, *names: str) -> None:
        """Raise `InvalidSettings` that names the first of these that is not set."""
        for name in names:
            if not getattr(self, name):
                raise InvalidSettings(
                    f"{name} is not set: set {ENVIRONMENT[name]}, "
                    f"or run `deepsquare profile set {name} VALUE`",
                    details={"setting": name},
                )


ENVIRONMENT: Mapping[str, str] = {
    "profile": "DEEPSQUARE_PROFILE",
    "rpc_urls": "DEEPSQUARE_RPC_URL",
    "meta_scheduler_address": "DEEPSQUARE_META_SCHEDULER_ADDRESS",
    "sbatch_api_url": "DEEPSQUARE_SBATCH_API_URL",
    "chain_id": "DEEPSQUARE_CHAIN_ID",
    "address": "DEEPSQUARE_ADDRESS",
    "keystore": "DEEPSQUARE_KEYSTORE",
    "keystore_password_file": "DEEPSQUARE_KEYSTORE_PASSWORD_FILE",
    "private_key_file": "DEEPSQUARE_PRIVATE_KEY_FILE",
    "output": "DEEPSQUARE_OUTPUT",
}
"""The environment variable of each setting; ``DEEPSQUARE_RPC_URL`` takes several, with commas."""

NAMES = tuple(field.name for field in fields(Settings))


@dataclass(frozen=True, slots=True)
class Layer:
    """Values from one place: "flag", "environment", or the path of a file."""

    source: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Resolved:
    """The settings in force and, per name, the place each one came from."""

    settings: Settings
    source_by_name: Mapping[str, str]


def config_dir() -> Path:
    """Return the directory of ``config.toml`` and the keystore."""
    if chosen := os.environ.get("DEEPSQUARE_CONFIG_DIR"):
        return Path(chosen)
    from platformdirs import user_config_path  # noqa: PLC0415 - not needed when a path is given

    return user_config_path("deepsquare")


def config_path() -> Path:
    """Return the path of ``config.toml``."""
    return config_dir() / "config.toml"


def resolve(overrides: Mapping[str, Any] | None = None) -> Resolved:
    """Return the settings in force; ``overrides`` are the caller's own (None means not given).

    Raises `InvalidSettings` for unknown names and malformed values, in files and the environment.
    """
    given = {name: value for name, value in (overrides or {}).items() if value is not None}
    outer = [Layer("flag", check_values(given, "flag")), _environment(), _project()]
    chosen = next((layer.values["profile"] for layer in outer if "profile" in layer.values), None)
    layers = [*outer, _profile(chosen)]
    values: dict[str, Any] = {}
    source_by_name = dict.fromkeys(NAMES, "default")
    for layer in reversed(layers):
        values |= layer.values
        source_by_name |= dict.fromkeys(layer.values, layer.source)
    return Resolved(Settings(**values), source_by_name)


def _environment() -> Layer:
    values = {n: os.environ[v] for n, v in ENVIRONMENT.items() if os.environ.get(v)}
    return Layer("environment", check_values(values, "environment"))


def _project() -> Layer:
    here = Path.cwd()
    for directory in (here, *here.parents):
        path = directory / PROJECT_FILE
        if path.is_file():
            return Layer(str(path), _project_values(path))
    return Layer(PROJECT_FILE, {})


def _project_values(path: Path) -> Mapping[str, Any]:
    values = _read_toml(path)
    if foreign := sorted(set(values) - _PROJECT_KEYS):
        raise InvalidSettings(
            f"{path}: {foreign[0]} may not be set in a project file, only "
            f"{' and '.join(sorted(_PROJECT_KEYS))}: put it into your profile"
        )
    return check_values(values, str(path))


def _profile(chosen: str | None) -> Layer:
    path, document = config_path(), read_config()
    name = chosen or str(document.get("default", DEFAULT_PROFILE))
    profiles = document.get("profiles", {})
    if chosen and chosen not in profiles and chosen != DEFAULT_PROFILE:
        known = ", ".join(sorted(profiles)) or "none yet"
        raise InvalidSettings(f'there is no profile "{chosen}" in {path}; there is: {known}')
    values = {**profiles.get(name, {}), "profile": name}
    return Layer(f"{path} [{name}]", check_values(values, str(path)))


def read_config() -> dict[str, Any]:
    """Return what ``config.toml`` holds, nothing if there is none; raises `InvalidSettings`."""
    path = config_path()
    return _read_toml(path) if path.is_file() else {}


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidSettings(f"{path} is no TOML file: {error}") from error
    except OSError as error:
        raise InvalidSettings(f"cannot read {path}: {error.strerror}") from error


def check_values(values: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Return the values in their own types; raises `InvalidSettings` that names the source."""
    if unknown := sorted(set(values) - set(NAMES)):
        raise InvalidSettings(f'{source}: unknown setting "{unknown[0]}"')
    return {name: _typed(name, value, source) for name, value in values.items()}


def _typed(name: str, value: object, source: str) -> object:
    if name == "rpc_urls":
        return _urls(value, source)
    if name == "chain_id":
        return _chain_id(value, source)
    if not isinstance(value, str):
        raise InvalidSettings(f"{source}: {name} must be text")
    return value


def _urls(value: object, source: str) -> tuple[str, ...]:
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list | tuple) or not all(isinstance(item, str) for item in items):
        raise InvalidSettings(f"{source}: rpc_urls must be a list of URLs")
    return tuple(item.strip() for item in items if item.strip())


def _chain_id(value: object, source: str) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise InvalidSettings(f'{source}: chain_id must be a whole number, not "{value}"')
