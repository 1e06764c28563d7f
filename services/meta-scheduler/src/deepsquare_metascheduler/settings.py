"""All settings of the meta-scheduler, from the environment; every name starts with
``METASCHEDULER_``.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from deepsquare.deployment import with_known_grid
from deepsquare.errors import Refused
from deepsquare.identifiers import Address, InvalidIdentifier, parse_address

PREFIX = "METASCHEDULER_"
_HEX_DIGITS_OF_A_KEY = 64
_HIGHEST_PORT = 65535


class InvalidSettings(Refused):
    """The settings cannot be used; the message names each that is wrong."""

    code = "invalid_settings"


class Settings(BaseSettings):
    """Settings of one meta-scheduler. Units stand in the names."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", use_attribute_docstrings=True
    )

    rpc_urls: Annotated[tuple[str, ...], NoDecode] = Field(min_length=1)
    """HTTP endpoints of the chain, separated by commas, in order of preference."""

    ws_url: str | None = None
    """WebSocket endpoint of the chain; with it new blocks shorten the wait between ticks."""

    chain_id: int = Field(gt=0)
    """Chain id; the service refuses to start on another chain."""

    meta_scheduler_address: Address
    """Address of the MetaScheduler contract; the other contracts are found through it.
    May be left out where the SDK ships the record of the grid on this chain."""

    private_key: SecretStr | None = None
    """Key of a wallet with METASCHEDULER_ROLE, 64 hex digits. Better give a file."""

    private_key_file: Path | None = None
    """File that holds the key."""

    listen: str = "127.0.0.1:8083"
    """Address and port of the HTTP server, as `host:port`."""

    tick_s: float = Field(default=10, gt=0, le=600)
    """Longest wait between two looks at the chain."""

    retry_pause_s: float = Field(default=5, gt=0, le=600)
    """Wait after a look that failed."""

    ready_within_s: float = Field(default=60, gt=0)
    """Greatest age of the last good look at which `/readyz` still answers 200."""

    batch_size: int = Field(default=50, ge=1, le=100)
    """Most jobs assigned or freed in one transaction."""

    avoid_s: int = Field(default=600, ge=0)
    """How long a job is kept from a provider it came back from, and a provider that let a job
    time out from all jobs. Doubles with each time."""

    longest_avoid_s: int = Field(default=86_400, ge=0)
    """Where the doubling stops."""

    lookback_blocks: int = Field(default=50_000, ge=0)
    """How far back the log is read at start, for jobs that came back from providers."""

    max_fee_gwei: int = Field(default=500, ge=1)
    """Most to pay per gas; above it transactions wait."""

    low_balance_wei: int = Field(default=10**16, ge=0)
    """Native coin below which `deepsquare-metascheduler check` says that the wallet runs dry."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severe event that is logged."""

    log_format: Literal["auto", "json", "terminal"] = "auto"
    """How events are written; `auto` is for people on a terminal and JSON elsewhere."""

    @field_validator("rpc_urls", mode="before")
    @classmethod
    def _split_urls(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(url.strip() for url in value.split(",") if url.strip())

    @model_validator(mode="before")
    @classmethod
    def _known_grid(cls, values: Mapping[str, Any]) -> Mapping[str, Any]:
        return with_known_grid(values)

    @field_validator("meta_scheduler_address", mode="before")
    @classmethod
    def _checked_address(cls, value: object) -> Address:
        try:
            return parse_address(str(value))
        except InvalidIdentifier as error:
            raise ValueError(error.message) from None

    @field_validator("listen")
    @classmethod
    def _checked_listen(cls, value: str) -> str:
        _, _, port = value.rpartition(":")
        if not port.isdecimal() or int(port) > _HIGHEST_PORT:
            raise ValueError("write it as host:port")
        return value

    @model_validator(mode="after")
    def _one_key(self) -> "Settings":
        if (self.private_key is None) == (self.private_key_file is None):
            raise ValueError(f"set either {PREFIX}PRIVATE_KEY_FILE or {PREFIX}PRIVATE_KEY")
        return self

    @property
    def host_and_port(self) -> tuple[str, int]:
        """Where to listen."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)

    def key_text(self) -> str:
        """Return the key's hex digits; raises `InvalidSettings` that does not show them."""
        text = _read(self.private_key_file) if self.private_key_file else _secret(self.private_key)
        digits = text.strip().removeprefix("0x")
        if len(digits) != _HEX_DIGITS_OF_A_KEY or not _is_hex(digits):
            raise InvalidSettings(f"{PREFIX}PRIVATE_KEY: the key must be 64 hex digits")
        return digits


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; raises `InvalidSettings` that names every variable that is wrong."""
    values = dict(_ours(os.environ if environment is None else environment))
    unknown = sorted(set(values) - set(Settings.model_fields))
    if unknown:
        names = ", ".join(PREFIX + name.upper() for name in unknown)
        raise InvalidSettings(f"there is no setting called {names}")
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise InvalidSettings("; ".join(_sentences(error))) from None


def _ours(environment: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    for name, value in environment.items():
        if name.upper().startswith(PREFIX):
            yield name[len(PREFIX) :].lower(), value


def _sentences(error: ValidationError) -> Iterable[str]:
    for problem in error.errors(include_input=False, include_url=False):
        message = problem["msg"].removeprefix("Value error, ")
        name = f"{PREFIX}{str(problem['loc'][0]).upper()}: " if problem["loc"] else ""
        yield name + message


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        raise InvalidSettings(
            f"{PREFIX}PRIVATE_KEY_FILE: cannot read {path}: {error.strerror}"
        ) from None


def _secret(value: SecretStr | None) -> str:
    return value.get_secret_value() if value else ""


def _is_hex(digits: str) -> bool:
    return all(digit in "0123456789abcdefABCDEF" for digit in digits)
