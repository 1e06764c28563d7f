"""The local chain of a devnet, and the deployer's part on it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from eth_account.signers.local import LocalAccount

from deepsquare.amounts import WEI_PER_CREDIT
from deepsquare.chain import Call, Grid, Rpc
from deepsquare.chain.jsonrpc import Request
from deepsquare.chain.sender import Sender
from deepsquare.identifiers import Address
from deepsquare.testing import Accounts, Anvil, deploy_grid, find_anvil
from tools.devnet.waiting import wait_until

BLOCK_TIME_S = 1
SMALLEST_LOCK_WEI = WEI_PER_CREDIT
"""Enough for a minute on a devnet, where the grid's own minimum would pay for hours."""

_COIN_WEI = 10**18
_PROPOSAL_TIMEOUT_S = 90

T = TypeVar("T")


@contextmanager
def local_chain(folder: Path) -> Iterator[Anvil]:
    """Run anvil; Ctrl-C does not reach it, and it ends with this process."""
    launcher = folder / "anvil"
    launcher.write_text(f'#!/bin/sh\nexec setsid setpriv --pdeathsig TERM "{find_anvil()}" "$@"\n')
    launcher.chmod(0o755)
    with Anvil(block_time_s=BLOCK_TIME_S, binary=launcher) as anvil:
        yield anvil


def deployed_grid(anvil: Anvil, accounts: Accounts) -> "DeployedGrid":
    """Deploy the contracts and let a job be as short as a minute of the cheapest kind."""
    deployment = asyncio.run(deploy_grid(anvil.http_url))
    grid = DeployedGrid(
        rpc_url=anvil.http_url,
        ws_url=anvil.ws_url,
        chain_id=anvil.chain_id,
        meta_scheduler=deployment.meta_scheduler,
        deployer=accounts.deployer,
    )
    grid.send(
        accounts.deployer, lambda it: it.constants.set_value("minimumAmount", SMALLEST_LOCK_WEI)
    )
    return grid


@dataclass(frozen=True, kw_only=True)
class DeployedGrid:
    """The contracts on the local chain, and the account that deployed them and may do all.

    Each call opens its own connection: a devnet makes few of them.
    """

    rpc_url: str
    ws_url: str
    chain_id: int
    meta_scheduler: Address
    deployer: LocalAccount

    def ask(self, question: Callable[[Grid], Awaitable[T]]) -> T:
        """Answer a question by the chain's present state."""

        async def answer() -> T:
            async with Rpc([self.rpc_url]) as rpc:
                return await question(await Grid.connect(rpc, self.meta_scheduler))

        return asyncio.run(answer())

    def send(self, sender: LocalAccount, *writes: Callable[[Grid], Call]) -> None:
        """Send calls in order, each mined before the next."""

        async def send_all(grid: Grid) -> None:
            wallet = Sender(grid.rpc, sender, chain_id=self.chain_id)
            for write in writes:
                await wallet.send(write(grid))

        self.ask(send_all)

    def fund(self, account: Address, *, credits_wei: int) -> None:
        """Give an account credits, and coin to pay its transactions with."""
        coin = Request("anvil_setBalance", [account, hex(_COIN_WEI)], may_be_null=True)
        self.ask(lambda grid: grid.rpc.requests([coin]))
        self.send(self.deployer, lambda grid: grid.credit.transfer(account, credits_wei))

    def approve_provider(self, provider: Address) -> None:
        """Wait for a provider's proposal and approve exactly that."""
        wait_until(
            lambda: self.ask(lambda grid: grid.providers.is_waiting(provider)),
            what=f"proposal of provider {provider}",
            timeout_s=_PROPOSAL_TIMEOUT_S,
            poll_s=0.3,
        )
        proposal = self.ask(lambda grid: grid.providers.proposal_hash(provider))
        self.send(self.deployer, lambda grid: grid.providers.approve_proposal(provider, proposal))
