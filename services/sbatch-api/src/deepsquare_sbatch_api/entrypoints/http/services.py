"""What the routes call: use cases and settings, built once."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Any, cast

from starlette.requests import HTTPConnection

from deepsquare_sbatch_api.app.logs import Logs
from deepsquare_sbatch_api.app.scripts import Scripts
from deepsquare_sbatch_api.app.sign_in import SignIn
from deepsquare_sbatch_api.app.workflows import Workflows
from deepsquare_sbatch_api.entrypoints.http.places import Places
from deepsquare_sbatch_api.ports.clock import Clock
from deepsquare_sbatch_api.ports.limits import Allowance, RateLimiter
from deepsquare_sbatch_api.ports.sessions import SessionTokens

Check = Callable[[], Awaitable[None]]
"""Raises when a part that the service needs is away."""


@dataclass(frozen=True)
class Services:
    """Everything behind the routes."""

    sign_in: SignIn
    workflows: Workflows
    scripts: Scripts
    logs: Logs
    tokens: SessionTokens
    limiter: RateLimiter
    clock: Clock
    schema: Mapping[str, Any]
    check_by_part: Mapping[str, Check]
    allowance_by_quota: Mapping[str, Allowance]
    operator_networks: tuple[IPv4Network | IPv6Network, ...]
    allow_anonymous: bool
    follower_places: Places


def services_of(request: HTTPConnection) -> Services:
    """Return the services of the application that a request came to."""
    return cast("Services", request.app.state.services)
