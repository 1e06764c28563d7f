"""Wiring: settings in, a service out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from eth_account import Account
from fastapi import FastAPI

from deepsquare.chain import Grid, Rpc
from deepsquare.chain.fees import GWEI, FeePolicy
from deepsquare.chain.sender import Sender
from deepsquare.chain.wakeup import WakeUp
from deepsquare.errors import Refused
from deepsquare_metascheduler.adapters.clock import SystemClock
from deepsquare_metascheduler.adapters.grid_actions import ChainGridActions
from deepsquare_metascheduler.adapters.grid_state import ChainGridState
from deepsquare_metascheduler.adapters.returns import ReturnLog
from deepsquare_metascheduler.app.health import Health
from deepsquare_metascheduler.app.loop import Loop
from deepsquare_metascheduler.app.scheduler import Scheduler
from deepsquare_metascheduler.domain.avoidance import AvoidancePolicy
from deepsquare_metascheduler.entrypoints.http import create_app
from deepsquare_metascheduler.entrypoints.metrics import Metrics
from deepsquare_metascheduler.settings import Settings


class RoleMissing(Refused):
    """The wallet may not assign jobs."""

    code = "role_missing"


@dataclass(frozen=True, slots=True)
class Face:
    """What shows the outside how the service does, from its first moment on."""

    health: Health
    metrics: Metrics
    http: FastAPI


@dataclass(frozen=True, slots=True)
class Work:
    """What runs once the grid was found."""

    loop: Loop
    wakeup: WakeUp


@dataclass(frozen=True, slots=True)
class Connection:
    """The grid and the wallet that acts on it."""

    grid: Grid
    sender: Sender


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Connection]:
    """Find the grid and check that this is the one meant, and that the wallet has the role.

    Raises `WrongGrid` (faults.md C23), `RoleMissing`, `RpcUnavailable`.
    """
    async with Rpc(settings.rpc_urls) as rpc:
        grid = await Grid.connect(rpc, settings.meta_scheduler_address, settings.chain_id)
        policy = FeePolicy(max_fee_cap_wei=settings.max_fee_gwei * GWEI)
        signer = Account.from_key(settings.key_text())
        sender = Sender(rpc, signer, chain_id=grid.chain_id, policy=policy)
        await require_role(grid, sender)
        yield Connection(grid, sender)


async def require_role(grid: Grid, sender: Sender) -> None:
    """Raise `RoleMissing` unless the wallet may assign jobs."""
    role = await grid.meta_scheduler.metascheduler_role()
    if not await grid.meta_scheduler.has_role(role, sender.address):
        raise RoleMissing(
            f"{sender.address} lacks METASCHEDULER_ROLE at {grid.meta_scheduler.address}:"
            " let the grid's admin grant it",
            details={"address": sender.address},
        )


def build_face(settings: Settings) -> Face:
    """Put together what is served over HTTP."""
    health = Health(SystemClock(), max_age_s=settings.ready_within_s)
    metrics = Metrics(health)
    return Face(health, metrics, create_app(health, metrics))


def build_work(settings: Settings, connection: Connection, face: Face) -> Work:
    """Put together what assigns jobs."""
    grid = connection.grid
    returns = ReturnLog(
        grid, lookback_blocks=settings.lookback_blocks, keep_s=settings.longest_avoid_s
    )
    scheduler = Scheduler(
        ChainGridState(grid, returns),
        ChainGridActions(grid, connection.sender, batch_size=settings.batch_size),
        policy=AvoidancePolicy(settings.avoid_s, settings.longest_avoid_s),
    )
    wakeup = WakeUp(settings.ws_url, tick_s=settings.tick_s)
    loop = Loop(
        scheduler,
        wakeup,
        health=face.health,
        pause_s=settings.retry_pause_s,
        on_tick=face.metrics.after,
    )
    return Work(loop, wakeup)
