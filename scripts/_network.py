"""The network that Ape is connected to, as the SDK's deployment sees it."""

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec

import click
from ape import networks

from deepsquare.chain import Rpc
from deepsquare.deployment import DeploymentRefused
from deepsquare.errors import DeepSquareError

P = ParamSpec("P")

FOLDER = Path(os.environ.get("DEEPSQUARE_DEPLOYMENTS", Path(__file__).parents[1] / "deployments"))
"""Where the records of deployments are."""

ADHOC = ("local", "adhoc", "custom")
"""Networks of Ape that say nothing about the chain id."""


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


def connected_network() -> ConnectedNetwork:
    """Return the network of ``--network``; raises `DeploymentRefused` without an HTTP endpoint."""
    provider = networks.provider
    url = getattr(provider, "http_uri", None) or getattr(provider, "uri", None)
    if not url or not str(url).startswith("http"):
        raise DeploymentRefused(f"{provider.network.choice} has no HTTP endpoint to deploy through")
    network = provider.network
    configured = None if network.name in ADHOC else int(network.chain_id)
    return ConnectedNetwork(f"{network.ecosystem.name}:{network.name}", str(url), configured)


def one_line_errors(command: Callable[P, None]) -> Callable[P, None]:
    """Show an error of the grid as its one line, without a trace."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except DeepSquareError as error:
            raise click.ClickException(error.message) from error

    return run
