"""What services and clients need to know of a deployment, and where the known ones are kept."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Self

from deepsquare.deployment.errors import DeploymentRefused
from deepsquare.identifiers import Address


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
        """Write ``<chain id>.json`` and return its path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.chain_id}.json"
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")
        return path


def _attribute(contract: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", contract).lower()


def read_deployment(path: Path) -> Deployment:
    """Read what `Deployment.save` wrote."""
    return Deployment(**json.loads(path.read_text(encoding="utf-8")))


def load_deployment(chain_id: int) -> Deployment:
    """Return the deployment on a chain that this release knows; raises `DeploymentRefused`."""
    record = files("deepsquare.deployment").joinpath("records", f"{chain_id}.json")
    if not record.is_file():
        raise DeploymentRefused(
            f"this release knows no grid on chain {chain_id}: give the MetaScheduler's address"
        )
    return Deployment(**json.loads(record.read_text(encoding="utf-8")))
