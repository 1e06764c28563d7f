"""A real EVM chain for tests, and a grid deployed on it."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import pytest
from eth_account.signers.local import LocalAccount

from deepsquare.amounts import WEI_PER_CREDIT
from deepsquare.chain import (
    Call,
    Grid,
    JobDefinition,
    JobStatus,
    Label,
    ProviderHardware,
    ProviderPrices,
    Rpc,
)
from deepsquare.chain.jsonrpc import Request
from deepsquare.chain.sender import Sender
from deepsquare.chain.transactions import Receipt
from deepsquare.deployment import Deployment
from deepsquare.identifiers import Address, JobId, parse_address
from deepsquare.testing import (
    Accounts,
    Anvil,
    a_definition,
    deploy_grid,
    development_accounts,
    some_hardware,
    some_prices,
)

LOCKED_WEI = 1000 * WEI_PER_CREDIT


@pytest.fixture(scope="session")
def accounts() -> Accounts:
    """The development accounts by role."""
    return development_accounts()


@pytest.fixture
def anvil() -> Iterator[Anvil]:
    """A chain of one's own that mines every transaction at once."""
    with Anvil() as chain:
        yield chain


@pytest.fixture
async def rpc(anvil: Anvil) -> AsyncIterator[Rpc]:
    """A client of `anvil`."""
    async with Rpc([anvil.http_url]) as client:
        yield client


@dataclass(frozen=True)
class Stage:
    """A deployed grid with a funded customer; actors act by name."""

    anvil: Anvil
    grid: Grid
    accounts: Accounts
    senders: dict[str, Sender] = field(default_factory=dict)

    def sender(self, account: LocalAccount) -> Sender:
        """Return the one sender of an account."""
        address = account.address
        if address not in self.senders:
            self.senders[address] = Sender(self.grid.rpc, account, chain_id=self.grid.chain_id)
        return self.senders[address]

    async def send(self, account: LocalAccount, *calls: Call) -> list[Receipt]:
        """Send calls one after the other."""
        return [await self.sender(account).send(call) for call in calls]

    async def join(
        self,
        account: LocalAccount,
        *,
        hardware: ProviderHardware | None = None,
        prices: ProviderPrices | None = None,
        labels: tuple[Label, ...] = (),
    ) -> Address:
        """Register a provider and approve it."""
        providers, address = self.grid.providers, parse_address(account.address)
        offer = providers.register(hardware or some_hardware(), prices or some_prices(), labels)
        await self.send(account, offer)
        proposal = await providers.proposal_hash(address)
        await self.send(self.accounts.operator, providers.approve_proposal(address, proposal))
        return address

    async def fund(self, account: LocalAccount, amount_wei: int = 10 * LOCKED_WEI) -> None:
        """Give an account credits, all of which the grid may lock."""
        address = parse_address(account.address)
        await self.send(self.accounts.deployer, self.grid.credit.transfer(address, amount_wei))
        spender = self.grid.meta_scheduler.address
        await self.send(account, self.grid.credit.approve(spender, amount_wei))

    async def request(
        self,
        account: LocalAccount,
        definition: JobDefinition | None = None,
        *,
        locked_wei: int = LOCKED_WEI,
    ) -> JobId:
        """Request a job and return its id."""
        address = parse_address(account.address)
        nonce = await self.grid.jobs.customer_nonce(address)
        call = self.grid.meta_scheduler.request_new_job(definition or a_definition(), locked_wei)
        await self.send(account, call)
        return await self.grid.jobs.job_id_by_customer(address, nonce)

    async def status(self, job_id: JobId) -> JobStatus:
        """Return a job's status now."""
        return (await self.grid.jobs.get(job_id)).status

    async def advance(self, seconds: int) -> None:
        """Let the chain's clock jump, and mine a block."""
        await self.grid.rpc.request("evm_increaseTime", seconds)
        await self.grid.rpc.outcomes([Request("anvil_mine", may_be_null=True)])


@pytest.fixture(scope="session")
def grid_chain(accounts: Accounts) -> Iterator[tuple[Anvil, Deployment]]:
    """A chain with a grid on it, and a customer with credits and an allowance."""

    async def prepare(chain: Anvil) -> Deployment:
        deployment = await deploy_grid(chain.http_url)
        async with Rpc([chain.http_url]) as rpc:
            grid = await Grid.connect(rpc, deployment.meta_scheduler, chain.chain_id)
            await Stage(chain, grid, accounts).fund(accounts.customer)
        return deployment

    with Anvil() as chain:
        yield chain, asyncio.run(prepare(chain))


async def mine_now(rpc: Rpc) -> None:
    """Mine a block with the wall clock's time: undoing a test has set the chain's clock back."""
    now_s = int(time.time())
    for method, parameters in (("evm_setTime", [now_s]), ("anvil_mine", [])):
        await rpc.outcomes([Request(method, parameters, may_be_null=True)])


@pytest.fixture
async def stage(grid_chain: tuple[Anvil, Deployment], accounts: Accounts) -> AsyncIterator[Stage]:
    """The grid of `grid_chain`; what a test does to it is undone."""
    chain, deployment = grid_chain
    async with Rpc([chain.http_url]) as rpc:
        snapshot = await rpc.request("evm_snapshot")
        await mine_now(rpc)
        grid = await Grid.connect(rpc, deployment.meta_scheduler, chain.chain_id)
        yield Stage(chain, grid, accounts)
        await rpc.request("evm_revert", snapshot)
