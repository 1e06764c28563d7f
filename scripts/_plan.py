"""What to deploy where: the settings of a deployment, from the environment.

| variable | meaning |
| --- | --- |
| DEEPSQUARE_GRID_ADMIN | takes over all admin powers; default: the deployer keeps them |
| DEEPSQUARE_GRID_METASCHEDULERS | meta-scheduler wallets, by commas; default: the deployer |
| DEEPSQUARE_GRID_OPERATORS | who approves providers, by commas; default: the deployer |
| DEEPSQUARE_GRID_CREDITS | credits minted to the deployer; default: 1,000,000,000 |
"""

import os

from deepsquare.amounts import parse_credits
from deepsquare.deployment import GridPlan
from deepsquare.identifiers import Address, parse_address

DEFAULT_CREDITS = "1000000000"


def plan_from_environment(deployer: Address) -> GridPlan:
    """Return the plan; raises `DeepSquareError` with one clear line for a malformed value."""
    admin = os.environ.get("DEEPSQUARE_GRID_ADMIN")
    return GridPlan(
        initial_supply_wei=parse_credits(
            os.environ.get("DEEPSQUARE_GRID_CREDITS", DEFAULT_CREDITS)
        ),
        metaschedulers=_addresses("DEEPSQUARE_GRID_METASCHEDULERS", deployer),
        operators=_addresses("DEEPSQUARE_GRID_OPERATORS", deployer),
        admin=parse_address(admin) if admin else None,
    )


def _addresses(variable: str, default: Address) -> tuple[Address, ...]:
    text = os.environ.get(variable)
    return tuple(parse_address(part.strip()) for part in text.split(",")) if text else (default,)
