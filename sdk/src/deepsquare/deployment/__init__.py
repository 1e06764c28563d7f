"""Deployments of the grid: how one is made, and where the known ones are.

`plan` says what to deploy, grant and check (protocol.md 1.2); `execution` does it on any chain that
answers JSON-RPC, and continues where an earlier run stopped; `record` is what services and clients
need to know of the result.
"""

from deepsquare.deployment.errors import DeploymentBroken, DeploymentRefused
from deepsquare.deployment.execution import Execution
from deepsquare.deployment.journal import FileJournal, Journal
from deepsquare.deployment.plan import GridPlan
from deepsquare.deployment.port import Chain, KeyWallet, UnlockedWallet, Wallet
from deepsquare.deployment.record import (
    Deployment,
    load_deployment,
    read_deployment,
    with_known_grid,
)
from deepsquare.deployment.transactions import Transactor
from deepsquare.deployment.verification import verify

__all__ = [
    "Chain",
    "Deployment",
    "DeploymentBroken",
    "DeploymentRefused",
    "Execution",
    "FileJournal",
    "GridPlan",
    "Journal",
    "KeyWallet",
    "Transactor",
    "UnlockedWallet",
    "Wallet",
    "load_deployment",
    "read_deployment",
    "verify",
    "with_known_grid",
]
