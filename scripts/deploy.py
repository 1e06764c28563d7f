"""Deploy the grid, or finish a deployment that was interrupted: ``ape run deploy --network ...``.

First a rehearsal on a private fork of the network shows what will happen and what it costs; then
the same plan is carried out, read back, and written to ``deployments/<chain id>.json``. The
settings come from the environment: see docs/deployment.md.
"""

import asyncio
import sys

import click
from scripts._network import (
    FOLDER,
    ConnectedNetwork,
    NetworkCommand,
    connected_network,
    one_line_errors,
    read_record,
)
from scripts._plan import plan_from_environment
from scripts._wallet import load_wallet

from deepsquare.chain import Rpc
from deepsquare.deployment import (
    Deployment,
    DeploymentRefused,
    Execution,
    FileJournal,
    GridPlan,
    Wallet,
    verify,
)
from deepsquare.deployment.rehearsal import Rehearsal, rehearse


@click.command(cls=NetworkCommand)
@click.option("--account", help="Alias of an Ape account that deploys.")
@click.option("--dry-run", is_flag=True, help="Rehearse only.")
@click.option("--yes", is_flag=True, help="Do not ask, even at a terminal.")
@one_line_errors
def cli(account: str | None, dry_run: bool, yes: bool) -> None:
    """Deploy and wire all contracts, grant the roles, hand over to the admin."""
    wallet = load_wallet(account)
    plan = plan_from_environment(wallet.address)
    asyncio.run(_deploy(connected_network(), wallet, plan, is_dry=dry_run, is_confirmed=yes))


async def _deploy(
    network: ConnectedNetwork,
    wallet: Wallet,
    plan: GridPlan,
    *,
    is_dry: bool,
    is_confirmed: bool,
) -> None:
    async with Rpc([network.url]) as rpc:
        chain_id = await network.checked_chain_id(rpc)
        known = FOLDER / f"{chain_id}.json"
        if known.exists():
            await _read_back(rpc, read_record(known, chain_id), plan)
            return
        journal = FileJournal(FOLDER / f"{chain_id}.partial.json")
        rehearsal = await rehearse(network.url, wallet.address, plan, journal=journal.copy())
        _show(rehearsal, plan, network.name)
        if is_dry:
            return
        if sys.stdin.isatty() and not is_confirmed:
            click.confirm("Deploy?", abort=True)
        execution = Execution(rpc, wallet, plan, journal=journal, report=_tell)
        path = (await execution.run()).save(FOLDER)
        journal.close()
        click.echo(f"deployed, read back and written to {path.name}")


def _show(rehearsal: Rehearsal, plan: GridPlan, network: str) -> None:
    deployment = rehearsal.deployment
    click.echo(f"rehearsal for {network}, chain {deployment.chain_id}, by {deployment.deployer}:")
    for step in rehearsal.steps:
        _tell(step.label, step.gas)
    cost = _coin(rehearsal.cost_bound_wei)
    click.echo(f"  {rehearsal.gas:,} gas in all; at today's fees at most {cost}")
    click.echo(f"  MetaScheduler {deployment.meta_scheduler}")
    click.echo(f"  admin {plan.admin or 'stays the deployer'}")
    if rehearsal.balance_wei < rehearsal.cost_bound_wei:
        raise DeploymentRefused(
            f"{deployment.deployer} has {_coin(rehearsal.balance_wei)} for gas,"
            f" but this can take {cost}: send it some"
        )


def _coin(wei: int) -> str:
    return f"{wei / 10**18:.6f} coin"


def _tell(label: str, gas: int) -> None:
    click.echo(f"  {label:44} {gas:>10,} gas")


async def _read_back(rpc: Rpc, deployment: Deployment, plan: GridPlan) -> None:
    """A finished deployment is never repeated, only checked."""
    if str(await rpc.request("eth_getCode", deployment.meta_scheduler, "latest")) == "0x":
        raise DeploymentRefused(
            f"{deployment.chain_id}.json names a grid that this chain does not have:"
            " if the chain was begun anew, remove the file"
        )
    await verify(rpc, plan.lasting_facts(), deployment.addresses())
    click.echo(
        f"chain {deployment.chain_id} has the grid already:"
        f" MetaScheduler {deployment.meta_scheduler} since block {deployment.block}"
    )
