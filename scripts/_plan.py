"""The settings of a deployment, from the environment; docs/deployment.md explains each."""

import os
from collections.abc import Callable
from typing import TypeVar

from deepsquare.amounts import parse_credits
from deepsquare.deployment import DeploymentRefused, GridPlan
from deepsquare.errors import DeepSquareError
from deepsquare.identifiers import ZERO_ADDRESS, Address, parse_address

DEFAULT_CREDITS = "1000000000"

ADMIN = "DEEPSQUARE_GRID_ADMIN"
METASCHEDULERS = "DEEPSQUARE_GRID_METASCHEDULERS"
OPERATORS = "DEEPSQUARE_GRID_OPERATORS"
CREDITS = "DEEPSQUARE_GRID_CREDITS"

T = TypeVar("T")
D = TypeVar("D")


def plan_from_environment(deployer: Address) -> GridPlan:
    """Return the plan; raises `DeploymentRefused` with one clear line for a malformed value."""
    return GridPlan(
        initial_supply_wei=_read(CREDITS, parse_credits, default=parse_credits(DEFAULT_CREDITS)),
        metaschedulers=_read(METASCHEDULERS, _addresses, default=(deployer,)),
        operators=_read(OPERATORS, _addresses, default=(deployer,)),
        admin=_read(ADMIN, _address, default=None),
    )


def _read(variable: str, parse: Callable[[str], T], *, default: D) -> T | D:
    """Return what a variable says, or the default if it is unset or empty."""
    text = os.environ.get(variable)
    if not text:
        return default
    try:
        return parse(text)
    except DeepSquareError as error:
        raise DeploymentRefused(f"{variable}: {error.message}") from error


def _addresses(text: str) -> tuple[Address, ...]:
    return tuple(_address(part.strip()) for part in text.split(","))


def _address(text: str) -> Address:
    address = parse_address(text)
    if address == ZERO_ADDRESS:
        raise DeploymentRefused("nobody has the zero address")
    return address
