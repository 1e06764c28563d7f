"""The network that Ape is connected to, as the SDK's deployment sees it."""

import functools
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec

import click
from ape import networks
from ape.cli import ConnectedProviderCommand
from ape.exceptions import ApeException

from deepsquare.chain import Rpc
from deepsquare.deployment import Deployment, DeploymentRefused, read_deployment
from deepsquare.errors import DeepSquareError

P = ParamSpec("P")

FOLDER = Path(os.environ.get("DEEPSQUARE_DEPLOYMENTS", Path(__file__).parents[1] / "deployments"))
"""Where the records of deployments are."""

ADHOC = ("local", "adhoc", "custom")
"""Networks of Ape that say nothing about the chain id."""

_UNSET_VARIABLE = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True)
class ConnectedNetwork:
    """Name, HTTP endpoint and, if the configuration says so, the chain id to expect."""

    name: str
    url: str
    expected_chain_id: int | None

    async def checked_chain_id(self, rpc: Rpc) -> int:
        """Return the chain id; raises `DeploymentRefused` if it is not the expected one."""
        chain_id = await rpc.chain_id()
        if self.expected_chain_id not in (None, chain_id):
            raise DeploymentRefused(
                f"{self.name} should be chain {self.expected_chain_id}, but its endpoint serves"
                f" chain {chain_id}: check the URL"
            )
        return chain_id


class NetworkCommand(ConnectedProviderCommand):  # type: ignore[misc]  # Ape is not in mypy's environment
    """A command of Ape on a network, which shows a failure to connect as one line.

    Ape connects before the command itself runs, and would show its own stack.
    """

    def invoke(self, ctx: click.Context) -> object:
        """Connect and run."""
        try:
            return super().invoke(ctx)
        except ApeException as error:
            raise click.ClickException(_in_one_line(error)) from error


def _in_one_line(error: ApeException) -> str:
    text = " ".join(str(error).split())
    if unset := _UNSET_VARIABLE.search(text):
        return f"{unset[1]} is not set: give it the HTTP endpoint of the network"
    return text


def connected_network() -> ConnectedNetwork:
    """Return the network of ``--network``; raises `DeploymentRefused` without an HTTP endpoint."""
    provider = networks.provider
    url = getattr(provider, "http_uri", None) or getattr(provider, "uri", None)
    if not url or not str(url).startswith("http"):
        raise DeploymentRefused(f"{provider.network.choice} has no HTTP endpoint to deploy through")
    network = provider.network
    configured = None if network.name in ADHOC else int(network.chain_id)
    return ConnectedNetwork(f"{network.ecosystem.name}:{network.name}", str(url), configured)


def read_record(path: Path, chain_id: int) -> Deployment:
    """Read the record of a chain; raises `DeploymentRefused` if it is of another, or damaged."""
    deployment = read_deployment(path)
    if deployment.chain_id != chain_id:
        raise DeploymentRefused(
            f"{path.name} says it is of chain {deployment.chain_id}: bring back the right one"
        )
    return deployment


def one_line_errors(command: Callable[P, None]) -> Callable[P, None]:
    """Show an error of the grid as its one line, without a trace."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except DeepSquareError as error:
            raise click.ClickException(error.message) from error

    return run
