"""What services and clients need to know of a deployment, and where the known ones are kept."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Self

from deepsquare.deployment.errors import DeploymentRefused
from deepsquare.deployment.files import replace_file
from deepsquare.identifiers import Address, InvalidIdentifier, parse_address


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """The contracts of one grid. ``block`` is where to begin reading events."""

    chain_id: int
    block: int
    deployer: Address
    meta_scheduler: Address
    job_repository: Address
    provider_job_queues: Address
    provider_manager: Address
    constants: Address
    credit: Address
    faucet_credit: Address | None = None
    faucet_native: Address | None = None

    @classmethod
    def from_addresses(
        cls, addresses: Mapping[str, Address], *, chain_id: int, block: int, deployer: Address
    ) -> Self:
        """Build from the addresses by contract name."""
        named = {_attribute(contract): address for contract, address in addresses.items()}
        return cls(chain_id=chain_id, block=block, deployer=deployer, **named)

    def addresses(self) -> dict[str, Address]:
        """Return the addresses by contract name."""
        facts = ("chain_id", "block", "deployer")
        return {
            "".join(word.capitalize() for word in name.split("_")): Address(value)
            for name, value in asdict(self).items()
            if name not in facts and value is not None
        }

    def save(self, folder: Path) -> Path:
        """Write ``<chain id>.json``, whole or not at all, and return its path."""
        path = folder / f"{self.chain_id}.json"
        replace_file(path, json.dumps(asdict(self), indent=1) + "\n")
        return path


def _attribute(contract: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", contract).lower()


def read_deployment(path: Path) -> Deployment:
    """Read what `Deployment.save` wrote; raises `DeploymentRefused` if it holds anything else."""
    try:
        return _parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DeploymentRefused(f"{path.name} cannot be read: {error.strerror}") from error
    except (TypeError, ValueError, InvalidIdentifier) as error:
        raise DeploymentRefused(
            f"{path.name} is damaged: bring back the record that the deployment wrote"
        ) from error


def _parse(text: str) -> Deployment:
    deployment = Deployment(**json.loads(text))
    for name, value in asdict(deployment).items():
        if name in ("chain_id", "block"):
            if not isinstance(value, int):
                raise TypeError(f"{name} is no number")
        elif value is not None:
            parse_address(str(value))
    return deployment


def load_deployment(chain_id: int) -> Deployment:
    """Return the deployment on a chain that this release knows; raises `DeploymentRefused`."""
    record = files("deepsquare.deployment").joinpath("records", f"{chain_id}.json")
    if not record.is_file():
        raise DeploymentRefused(
            f"this release knows no grid on chain {chain_id}: give the MetaScheduler's address"
        )
    return Deployment(**json.loads(record.read_text(encoding="utf-8")))


def with_known_grid(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """Fill in ``meta_scheduler_address`` by ``chain_id``, where it is left out and known here."""
    chain_id = str(settings.get("chain_id", ""))
    if settings.get("meta_scheduler_address") or not chain_id.isdecimal():
        return settings
    try:
        known = load_deployment(int(chain_id))
    except DeploymentRefused:
        return settings
    return {**settings, "meta_scheduler_address": known.meta_scheduler}
