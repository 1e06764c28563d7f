"""Settings of the sbatch API, read from the environment once, at start."""

import os
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    Field,
    PositiveInt,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from deepsquare.deployment import with_known_grid
from deepsquare.errors import Refused
from deepsquare.identifiers import Address, InvalidIdentifier, parse_address

PREFIX = "SBATCH_API_"


class InvalidSettings(Refused):
    """The environment does not make valid settings; the message names each variable."""

    code = "invalid_settings"


Network = IPv4Network | IPv6Network
Words = Annotated[tuple[str, ...], NoDecode]
Networks = Annotated[tuple[Network, ...], NoDecode]

_PRIVATE = ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")


class SecretFiles(PydanticBaseSettingsSource):
    """Reads a field from the file that the variable of the field's name and `_FILE` points at."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return the file's text without its last line break, or None."""
        del field
        path = os.environ.get(f"{PREFIX}{field_name}_FILE".upper())
        if not path:
            return None, field_name, False
        return Path(path).read_text(errors="replace").removesuffix("\n"), field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return what was found, by field."""
        secrets = ((name, self.get_field_value(FieldInfo(), name)[0]) for name in SECRETS)
        return {name: value for name, value in secrets if value is not None}


class Settings(BaseSettings):
    """Every setting is an environment variable: the prefix `SBATCH_API_` and the name in capitals.

    A secret can also be read from a file: add `_FILE` to the variable's name and give a path. The
    file's last line break is dropped. Lists are written with commas.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", use_attribute_docstrings=True
    )
    listen: str = Field(default="127.0.0.1:8080", pattern=r"^[^\s/]*:[0-9]{1,5}$")
    """Address and port to serve on, as `host:port`; `[::1]:8080` for IPv6."""

    public_url: str = "http://127.0.0.1:8080"
    """Address that users reach the service by. Sign-in messages must carry it as their URI, and its
    host and port as their domain."""

    trusted_proxies: Networks = ()
    """Addresses or networks of reverse proxies whose `X-Forwarded-For` is believed."""

    operator_networks: Networks = tuple(map(ip_network, _PRIVATE))
    """Networks that may read `/healthz`, `/readyz` and `/metrics`; others are answered 404."""

    rpc_urls: Annotated[Words, Field(min_length=1)]
    """HTTP endpoints of the chain, in order of preference."""

    chain_id: PositiveInt
    """Chain id; the service refuses to start on another chain, and sign-in messages for another."""

    meta_scheduler_address: Address
    """Address of the MetaScheduler contract; the other contracts are found through it.
    May be left out where the SDK ships the record of the grid on this chain."""

    max_chain_lag_s: PositiveInt = 60
    """Greatest age, in seconds, of the block an authorisation is read at. An older head is answered
    503."""

    job_facts_cache_s: int = Field(default=15, ge=0, le=60)
    """Seconds for which what the chain said about a job is used again for its log, before asking
    anew; scripts are never given out by an old answer, and nobody is refused by one."""

    store: Literal["sqlite", "redis"] = "sqlite"
    """Where scripts, nonces and request keys live. Several replicas need `redis`."""

    data_dir: Path = Path("/var/lib/deepsquare/sbatch-api")
    """Directory of the SQLite database and of the logs. Several replicas share it."""

    redis_url: SecretStr | None = None
    """Address of Redis, for the store `redis`. It must append to a file (`appendonly yes`)."""

    token_keys: SecretStr
    """Keys that sign session tokens: one per line, base64 of at least 32 bytes. The first signs,
    all are accepted."""

    storage_keys: SecretStr | None = None
    """Keys that encrypt scripts and logs at rest: one per line, base64 of 32 bytes. The first
    encrypts, all decrypt. Absent: nothing is encrypted, and the start says so."""

    allow_anonymous: bool = False
    """Whether workflows are accepted without signing in."""

    token_minutes: int = Field(default=15, ge=1, le=60)
    """Life of a session token."""

    nonce_minutes: int = Field(default=5, ge=1, le=60)
    """Life of a sign-in nonce."""

    clock_skew_s: int = Field(default=60, ge=0, le=600)
    """Seconds by which a customer's clock may differ from ours when signing in."""

    unreferenced_script_hours: int = Field(default=24, ge=1)
    """Hours a script is kept that no job refers to."""

    ended_script_hours: int = Field(default=24, ge=0)
    """Hours a script is kept after its last job ended."""

    log_days: int = Field(default=30, ge=1)
    """Days a log is kept after its job ended."""

    max_log_mb: int = Field(default=256, ge=1)
    """Megabytes (2^20) kept of one job's log; above it the middle is cut."""

    sweep_s: PositiveInt = 60
    """Seconds between two passes over the store that find ended jobs and drop what has expired."""

    max_followers: PositiveInt = 5000
    """Followers of logs that one replica serves at a time; each takes about 40 kB."""

    submits_per_minute: PositiveInt = 120
    """Workflows one account, or one address when anonymous, may send in a minute."""

    log_appends_per_minute: PositiveInt = 30_000
    """Appends to logs one provider may send in a minute, over all its jobs."""

    requests_per_minute: PositiveInt = 1200
    """Requests of every other kind one account or address may send in a minute."""

    sign_ins_per_minute: PositiveInt = 60
    """Nonces and log-ins one address may ask for in a minute."""

    modules: bool = True
    """Whether workflows may use modules."""

    module_hosts: Words = ("github.com", "gitlab.com", "codeberg.org")
    """Hosts that modules are fetched from, over HTTPS."""

    module_mirrors: Words = ()
    """Local copies of module repositories, for closed networks: `host/owner=/directory`, where the
    part before `=` is the beginning of a module's source and the directory holds the rest."""

    image_lookup: Literal["off", "prefer", "require"] = "prefer"
    """Whether images are looked up in their registries and pinned by digest. `prefer` warns when a
    registry does not answer, `require` refuses the workflow."""

    image_platform: str = Field(default="linux/amd64", pattern="^[a-z0-9]+/[a-z0-9]+$")
    """Platform that images are looked up for, as `system/architecture`."""

    outbound_allow: Words = ()
    """What may be contacted for modules and images beyond public addresses on port 443: `host`,
    `host:port`, `http://host:port` (without TLS and credentials) or a network."""

    outbound_ca_file: Path | None = None
    """Certificates of authorities to trust for modules and images, instead of the system's."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severe event that is logged."""

    @field_validator(
        "rpc_urls",
        "operator_networks",
        "trusted_proxies",
        "module_hosts",
        "module_mirrors",
        "outbound_allow",
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(filter(None, map(str.strip, value.split(","))))

    @field_validator("rpc_urls")
    @classmethod
    def _all_urls(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(map(_is_http_url, value)):
            raise ValueError("each must be like https://host")
        return value

    @field_validator("public_url")
    @classmethod
    def _url(cls, value: str) -> str:
        if not _is_http_url(value):
            raise ValueError("must be like https://host")
        return value

    @model_validator(mode="before")
    @classmethod
    def _known_grid(cls, values: Mapping[str, Any]) -> Mapping[str, Any]:
        return with_known_grid(values)

    @field_validator("meta_scheduler_address", mode="before")
    @classmethod
    def _checksummed(cls, value: object) -> object:
        try:
            return parse_address(value) if isinstance(value, str) else value
        except InvalidIdentifier as error:
            raise ValueError(error.message) from None

    @classmethod
    def settings_customise_sources(  # noqa: D102 - pydantic-settings' hook
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, SecretFiles(settings_cls)


def _is_http_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


SECRETS = tuple(
    name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)
)


def load_settings() -> Settings:
    """Read the environment; raises `InvalidSettings` that names every variable that is wrong."""
    unknown = sorted(set(_ours(os.environ)) - set(variables()))
    if unknown:
        raise InvalidSettings(f"unknown settings: {', '.join(unknown)}")
    try:
        return Settings()  # type: ignore[call-arg]
    except ValidationError as error:
        raise InvalidSettings("; ".join(_sentences(error))) from None
    except OSError as error:
        raise InvalidSettings(f"cannot read {error.filename}: {error.strerror}") from None


def variables() -> list[str]:
    """Return the names of all variables, those that point at files included."""
    names = [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]
    return names + [f"{PREFIX}{name.upper()}_FILE" for name in SECRETS]


def _ours(names: Iterable[str]) -> Iterable[str]:
    return (name for name in names if name.upper().startswith(PREFIX))


def _sentences(error: ValidationError) -> Iterable[str]:
    for problem in error.errors(include_input=False, include_url=False):
        yield f"{PREFIX}{str(problem['loc'][0]).upper()}: {problem['msg']}"
