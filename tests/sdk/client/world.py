"""A real chain with a deployed grid, two providers, and a sbatch API in memory."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
from eth_account.signers.local import LocalAccount
from tests.sdk.api.fake_sbatch_api import URL, FakeSbatchApi

from deepsquare.amounts import WEI_PER_CREDIT
from deepsquare.chain import (
    Call,
    Grid,
    JobStatus,
    Label,
    ProviderHardware,
    ProviderPrices,
    Report,
    Rpc,
)
from deepsquare.chain.jsonrpc import Request
from deepsquare.chain.sender import Sender
from deepsquare.client import AsyncClient
from deepsquare.identifiers import Address, JobId, parse_address
from deepsquare.keys import Key, new_key
from deepsquare.profile import Settings
from deepsquare.testing import Anvil, development_accounts
from deepsquare.testing.deployment import deploy_grid
from deepsquare.workflow import parse_workflow

MINIMUM_WEI = 10 * WEI_PER_CREDIT
CHEAP_WEI, DEAR_WEI = WEI_PER_CREDIT // 2, 2 * WEI_PER_CREDIT
"""What a minute of one CPU costs at the two providers."""

HELLO = """\
resources: {tasks: 1, cpusPerTask: 1, memPerCpu: 100, gpus: 0}
steps:
  - name: hello
    run: {command: echo hello}
"""
BIG = HELLO.replace("tasks: 1,", "tasks: 6,")
"""Fits the dear provider only."""
HUGE = HELLO.replace("tasks: 1,", "tasks: 600,")
"""Fits nobody."""


@dataclass
class World:
    """Everything around the client under test."""

    rpc_url: str
    chain_id: int
    meta_scheduler: Address
    api: FakeSbatchApi = field(default_factory=FakeSbatchApi)

    def __post_init__(self) -> None:
        self.api.now_s = time.time()
        self.api.chain_id = self.chain_id
        self.api.resources_of = resources_of

    @property
    def settings(self) -> Settings:
        return Settings(
            rpc_urls=(self.rpc_url,),
            meta_scheduler_address=self.meta_scheduler,
            sbatch_api_url=URL,
        )

    @property
    def cheap(self) -> LocalAccount:
        return development_accounts().provider

    @property
    def dear(self) -> LocalAccount:
        return development_accounts().other_provider

    def client(self, key: Key) -> AsyncClient:
        return AsyncClient(
            self.settings, key=key, api_transport=httpx.MockTransport(self.api.respond)
        )

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Grid]:
        async with Rpc([self.rpc_url]) as rpc:
            yield await Grid.connect(rpc, self.meta_scheduler)

    async def send(self, account: LocalAccount, *writes: Callable[[Grid], Call]) -> None:
        async with self.open() as grid:
            sender = Sender(grid.rpc, account, chain_id=self.chain_id)
            for write in writes:
                await sender.send(write(grid))

    async def customer(self, *, credits_: int = 1000, has_coin: bool = True) -> Key:
        key = new_key()
        if credits_:
            deployer = development_accounts().deployer
            amount = credits_ * WEI_PER_CREDIT
            await self.send(deployer, lambda g: g.credit.transfer(key.address, amount))
        if has_coin:
            await self.tell_node("anvil_setBalance", key.address, hex(10**18))
        return key

    async def assign(self, job_id: JobId, provider: LocalAccount) -> None:
        scheduler = development_accounts().metascheduler
        address = parse_address(provider.address)
        await self.send(scheduler, lambda g: g.meta_scheduler.meta_schedule(job_id, address))

    async def claim(self, provider: LocalAccount) -> None:
        await self.send(provider, lambda g: g.meta_scheduler.claim_next_jobs(64))

    async def report(self, job_id: JobId, provider: LocalAccount, report: Report) -> None:
        call = lambda g: g.meta_scheduler.provider_set_job_status(job_id, report)  # noqa: E731
        await self.send(provider, call)

    async def start(self, job_id: JobId, provider: LocalAccount | None = None) -> None:
        """Bring a job to RUNNING."""
        provider = provider or self.cheap
        await self.assign(job_id, provider)
        await self.claim(provider)
        await self.report(job_id, provider, Report(JobStatus.RUNNING))

    async def report_running(self, job_id: JobId) -> None:
        await self.report(job_id, self.cheap, Report(JobStatus.RUNNING))

    async def end(
        self, job_id: JobId, status: JobStatus, *, minutes: int = 1, wait_status: int = 0
    ) -> None:
        report = Report(status, minutes, "", wait_status)
        await self.report(job_id, self.cheap, report)

    async def pass_time(self, minutes: int) -> None:
        await self.tell_node("evm_increaseTime", 60 * minutes)
        await self.tell_node("evm_mine")

    async def tell_node(self, method: str, *params: object) -> None:
        """Use one of anvil's own methods."""
        async with Rpc([self.rpc_url]) as rpc:
            await rpc.requests([Request(method, params, may_be_null=True)])

    def locked_wei(self) -> int:
        """Return the escrow of the whole grid."""

        async def read() -> int:
            async with self.open() as grid:
                return await grid.meta_scheduler.total_escrow()

        return asyncio.run(read())


def resources_of(document: bytes) -> dict[str, int]:
    resources = parse_workflow(document).job.resources
    return {
        "tasks": resources.tasks,
        "cpusPerTask": resources.cpus_per_task,
        "memPerCpu": resources.mem_per_cpu,
        "gpus": resources.gpus,
    }


async def build_world(anvil: Anvil) -> World:
    """Deploy a grid with a cheap provider of 4 CPUs and a dear one of 8."""
    deployment = await deploy_grid(anvil.http_url)
    world = World(anvil.http_url, anvil.chain_id, deployment.meta_scheduler)
    deployer = development_accounts().deployer
    await world.send(deployer, lambda g: g.constants.set_value("minimumAmount", MINIMUM_WEI))
    await _join(world, world.cheap, cpus=4, price_wei=CHEAP_WEI, name="cheap")
    await _join(world, world.dear, cpus=8, price_wei=DEAR_WEI, name="dear")
    return world


async def _join(
    world: World, account: LocalAccount, *, cpus: int, price_wei: int, name: str
) -> None:
    hardware = ProviderHardware(1, (0,), (cpus,), (64_000,))
    prices = ProviderPrices(0, price_wei, 0)
    labels = [Label("name", name), Label("cpus", str(cpus))]
    await world.send(account, lambda g: g.providers.register(hardware, prices, labels))
    address = parse_address(account.address)
    deployer = development_accounts().deployer
    await world.send(deployer, lambda g: g.providers.approve(address))
