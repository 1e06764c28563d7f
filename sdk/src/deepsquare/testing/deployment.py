"""A grid on a chain of one's own, without Ape: what tests and trials start from."""

from eth_account.signers.local import LocalAccount

from deepsquare.amounts import WEI_PER_CREDIT
from deepsquare.chain import Rpc
from deepsquare.deployment import Deployment, Execution, GridPlan, KeyWallet
from deepsquare.identifiers import parse_address
from deepsquare.testing.accounts import development_accounts

INITIAL_SUPPLY_WEI = 10**9 * WEI_PER_CREDIT
"""Credits that the deployer of a local grid starts with."""


def local_plan(deployer: LocalAccount) -> GridPlan:
    """Return the plan of a local grid: the deployer and the operator may approve providers."""
    accounts = development_accounts()
    return GridPlan(
        initial_supply_wei=INITIAL_SUPPLY_WEI,
        metaschedulers=(parse_address(accounts.metascheduler.address),),
        operators=(parse_address(deployer.address), parse_address(accounts.operator.address)),
    )


async def deploy_grid(
    rpc_url: str, deployer: LocalAccount | None = None, plan: GridPlan | None = None
) -> Deployment:
    """Deploy and wire all contracts, grant the roles, and check everything, in a few blocks.

    The default deployer is the first development account; see `local_plan` for the default plan.
    """
    account = deployer or development_accounts().deployer
    async with Rpc([rpc_url]) as chain:
        execution = Execution(
            chain, KeyWallet(account), plan or local_plan(account), is_pipelined=True
        )
        return await execution.run()
