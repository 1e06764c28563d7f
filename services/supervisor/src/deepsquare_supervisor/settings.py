"""All settings of the supervisor, from the environment; every name starts with ``SUPERVISOR_``."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from deepsquare.deployment import with_known_grid
from deepsquare.errors import Refused
from deepsquare.identifiers import Address, parse_address
from deepsquare_supervisor.site_variables import SITE_VARIABLES

PREFIX = "SUPERVISOR_"
SITE_PREFIX = "SUPERVISOR_SITE_"
_HIGHEST_PORT = 65_535


class InvalidSettings(Refused):
    """The settings cannot be used; the message names each that is wrong."""

    code = "invalid_settings"


class Settings(BaseSettings):
    """Settings of one supervisor. Units stand in the names."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", use_attribute_docstrings=True
    )

    rpc_urls: Annotated[tuple[str, ...], NoDecode] = Field(min_length=1)
    """HTTP endpoints of the chain, separated by commas; more than one survives an outage."""

    ws_url: str | None = None
    """WebSocket endpoint of the chain; with it new blocks shorten the wait between ticks."""

    meta_scheduler_address: Address
    """Address of the MetaScheduler contract; all others are found from it.
    May be left out where the SDK ships the record of the grid on this chain."""

    chain_id: int
    """Id of the chain; the supervisor refuses to start on another one."""

    confirmations: int = Field(default=0, ge=0, le=100)
    """How many blocks below the newest head the chain is read."""

    private_key: SecretStr | None = None
    """The provider's private key in hex; prefer the file."""

    private_key_file: Path | None = None
    """File with the provider's private key in hex, such as a systemd credential."""

    sbatch_api_url: str
    """Base URL of the sbatch API that hands out scripts and takes logs."""

    state_dir: Path
    """Directory of the journal; belongs to one supervisor alone."""

    data_root: Path
    """Folder of the customers' folders, shared by all nodes; see docs/supervisor.md."""

    listen: str = "127.0.0.1:8082"
    """Address and port of `/healthz`, `/readyz` and `/metrics`, as `host:port`."""

    accounts: Literal["local", "single"] = "local"
    """`local`: one Unix account for each customer. `single`: the supervisor's own for all, which
    keeps nobody apart."""

    accounts_command: Annotated[tuple[str, ...], NoDecode] = ()
    """Command that makes an account, separated by blanks; the address is added. Empty: the helper
    of this installation, which works for root."""

    accounts_group: str = "wallets"
    """Unix group of all customers' accounts."""

    accounts_first_uid: int = 20_000
    """First number of the range set aside for customers."""

    accounts_last_uid: int = 59_999
    """Last number of that range."""

    slurm_conf: Path | None = None
    """slurm.conf for Slurm's commands and the batches; unset: Slurm's own place."""

    slurm_bin: Path | None = None
    """Directory put before PATH to find Slurm's commands."""

    slurm_partition: str = ""
    """Partition of all batches; empty: Slurm's default."""

    slurm_account: str = ""
    """Slurm account that batches are charged to; empty: the user's default."""

    slurm_qos: str = ""
    """Quality of service of all batches; empty: the default."""

    accounting: Literal["sacct", "filetxt"] = "sacct"
    """Where ended batches are looked up: slurmdbd through sacct, or the file that Slurm's
    jobcomp/filetxt plugin writes."""

    completion_log: Path | None = None
    """That file (JobCompLoc of slurm.conf); needed for `filetxt`."""

    max_minutes: int = Field(default=525_600, ge=1)
    """Longest run time granted to a batch, however much is paid."""

    stop_s: int = Field(default=25, ge=5, le=600)
    """From TERM to the end of a batch, when its paid time is over or it is cancelled."""

    tick_s: float = Field(default=10, gt=0, le=60)
    """Longest wait between two looks at chain and batch system."""

    busy_tick_s: float = Field(default=1, gt=0, le=60)
    """The same while something is expected to change soon."""

    logs_every_s: float = Field(default=1, gt=0, le=60)
    """How often new output is shipped."""

    replace_after_blocks: int = Field(default=10, ge=1)
    """Blocks after which a transaction that is not mined is replaced with higher fees."""

    finality_blocks: int = Field(default=5, ge=0)
    """Blocks above a job's end after which its record is closed."""

    max_fee_gwei: int = Field(default=500, ge=1)
    """Never offer more per gas than this."""

    reserve_wei: int = Field(default=0, ge=0)
    """Native coin below which no new jobs are claimed, so that open ones can be settled."""

    max_jobs: int = Field(default=1000, ge=1)
    """Most jobs held at once."""

    claims_at_once: int = Field(default=16, ge=1, le=64)
    """Most jobs claimed in one transaction."""

    register_at_start: bool = True
    """Propose the offer of the hardware file at start, unless it is approved or waiting already."""

    hardware_file: Path | None = None
    """JSON file with `nodes` (list of `cpus`, `gpus`, `mem_mb`), `prices` (credits per minute of
    `cpu`, `gpu`, `mem_mb`) and `labels` (mapping); needed to register."""

    log_format: Literal["auto", "json", "terminal"] = "auto"
    """How events are written; `auto` is for people on a terminal and JSON elsewhere."""

    site: Mapping[str, str] = Field(default_factory=dict, exclude=True)
    """The `SITE_VARIABLES` that are set as ``SUPERVISOR_SITE_<NAME>``, by name."""

    @field_validator("rpc_urls", mode="before")
    @classmethod
    def _split_urls(cls, value: object) -> object:
        return _split(value, ",")

    @field_validator("accounts_command", mode="before")
    @classmethod
    def _split_command(cls, value: object) -> object:
        return _split(value, None)

    @model_validator(mode="before")
    @classmethod
    def _known_grid(cls, values: Mapping[str, Any]) -> Mapping[str, Any]:
        return with_known_grid(values)

    @field_validator("meta_scheduler_address", mode="before")
    @classmethod
    def _checked_address(cls, value: object) -> Address:
        try:
            return parse_address(str(value))
        except Refused as error:
            raise ValueError(error.message) from error

    @field_validator("listen")
    @classmethod
    def _checked_listen(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not host or not port.isdecimal() or int(port) > _HIGHEST_PORT:
            raise ValueError("write it as host:port")
        return value

    @model_validator(mode="after")
    def _needs(self) -> Self:
        if not (self.private_key or self.private_key_file):
            raise ValueError("set SUPERVISOR_PRIVATE_KEY_FILE")
        if self.accounting == "filetxt" and not self.completion_log:
            raise ValueError("SUPERVISOR_ACCOUNTING=filetxt needs SUPERVISOR_COMPLETION_LOG")
        return self

    @property
    def key_text(self) -> str:
        """The private key in hex."""
        if self.private_key:
            return self.private_key.get_secret_value()
        try:
            return (self.private_key_file or Path()).read_text().strip()
        except OSError as error:
            raise InvalidSettings(f"SUPERVISOR_PRIVATE_KEY_FILE cannot be read: {error}") from error

    @property
    def host_and_port(self) -> tuple[str, int]:
        """`listen` in its parts."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; raises `InvalidSettings`, also for unknown names with our prefix."""
    found = dict(os.environ if environment is None else environment)
    ours = {name: value for name, value in found.items() if name.startswith(PREFIX)}
    site = {name: value for name, value in ours.items() if name.startswith(SITE_PREFIX)}
    fields = {name: value for name, value in ours.items() if name not in site}
    values = {name.removeprefix(PREFIX).lower(): value for name, value in fields.items()}
    _refuse_unknown(values, site)
    try:
        return Settings.model_validate(
            {**values, "site": {name.removeprefix(SITE_PREFIX): v for name, v in site.items()}}
        )
    except ValidationError as error:
        raise InvalidSettings(_explain(error)) from error


def _refuse_unknown(values: Mapping[str, str], site: Mapping[str, str]) -> None:
    known = set(Settings.model_fields) - {"site"}
    unknown = [PREFIX + name.upper() for name in values if name not in known]
    unknown += [name for name in site if name.removeprefix(SITE_PREFIX) not in SITE_VARIABLES]
    if unknown:
        raise InvalidSettings(f"unknown settings: {', '.join(sorted(unknown))}")


def _explain(error: ValidationError) -> str:
    problems = [
        f"{PREFIX}{'_'.join(str(part) for part in problem['loc']).upper()}: {problem['msg']}"
        if problem["loc"]
        else problem["msg"]
        for problem in error.errors(include_input=False)
    ]
    return "; ".join(problems)


def _split(value: object, separator: str | None) -> object:
    if not isinstance(value, str):
        return value
    return tuple(part.strip() for part in value.split(separator) if part.strip())
