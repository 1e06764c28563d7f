"""A grid with a meter on every call, and with as much in it as one likes.

In this process calls are quick, but words stay warm from one call to the next, which makes every
total smaller and a difference weigh more: good for comparisons. What a call really costs say the
receipts of anvil, which in turn takes longer for every block the more is stored.
"""

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from eth_utils.crypto import keccak
from tests.contracts.invariants.revm import read
from tests.contracts.invariants.world import (
    CUSTOMERS,
    DEPLOYER,
    PROVIDERS,
    SCHEDULER,
    new_world,
)
from tools.gas.actors import GasGrid, Party

from deepsquare.chain import Rpc
from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain._generated.structs import ProviderHardware, ProviderPrices
from deepsquare.chain.call import Call
from deepsquare.chain.conversion import AbiValue
from deepsquare.identifiers import Address, parse_address
from deepsquare.testing import Anvil

BATCH = 50
CREDIT = 10**18
OPERATOR_ROLE = keccak(text="PROVIDER_OPERATOR_ROLE")
ONE_NODE = ProviderHardware(1, (0,), (64,), (256_000,))
DELEGATED_AT_MINUTE, OVERDUE_AT_MINUTE = 980, 1100
"""The lock pays for 999 minutes, a slice is 30, the grace is 60."""

Gas = dict[str, int]
"""The most gas that each call has used."""


@dataclass
class MeteredGrid:
    """A grid, what waits in the provider's queues, and the meter."""

    grid: GasGrid
    gas: Gas = field(default_factory=dict)
    claimable: deque[bytes] = field(default_factory=deque)
    cancelling: deque[bytes] = field(default_factory=deque)
    top_up: deque[bytes] = field(default_factory=deque)
    serial: int = 0
    """Numbers what must differ."""

    def note(self, call: str, gas: int) -> None:
        self.gas[call] = max(gas, self.gas.get(call, 0))

    async def do(self, call: str, who: Party, *arguments: AbiValue) -> None:
        """Do one call of MetaScheduler and note its gas; further words tell its cases apart."""
        function = call.partition(" ")[0]
        self.note(call, await who.do("MetaScheduler", function, *arguments))

    async def report(self, job_id: bytes, status: S, minutes: int = 0) -> None:
        arguments = (job_id, status, minutes, "", 0)
        call = f"providerSetJobStatus {status.name}"
        await self.do(call, self.grid.provider, *arguments)

    async def report_all(self, jobs: list[bytes], status: S) -> None:
        calls = [("providerSetJobStatus", job, status, 1, "", 0) for job in jobs]
        await self.grid.provider.do_all(calls)

    async def requested(self) -> bytes:
        [job_id], gas = await self.grid.request(1)
        self.note("requestNewJob", gas)
        return job_id

    async def scheduled(self) -> bytes:
        """Request and assign a job and claim one, which is another if more of them wait."""
        job_id = await self.requested()
        await self.do("metaSchedule", self.grid.metascheduler, job_id, self.grid.provider.address)
        self.claimable.append(job_id)
        await self.do("claimNextJob", self.grid.provider)
        return self.claimable.popleft()

    async def running(self) -> bytes:
        job_id = await self.scheduled()
        await self.report(job_id, S.RUNNING)
        return job_id

    async def stopped(self, job_id: bytes) -> None:
        """Take an entry of the cancelling queue for the one that a stop has just put there."""
        self.cancelling.append(job_id)
        await self.do("claimNextCancellingJob", self.grid.provider)
        self.cancelling.popleft()

    async def topped_up(self, job_id: bytes) -> None:
        """Take an entry of the top-up queue for the new one, and end its job."""
        self.top_up.append(job_id)
        await self.do("claimNextTopUpJob", self.grid.provider)
        await self.report(self.top_up.popleft(), S.FINISHED, 1)

    async def assigned_batch(self, count: int) -> list[bytes]:
        jobs, _ = await self.grid.request(count)
        provider = self.grid.provider.address
        await self.grid.metascheduler.do_all([("metaSchedule", job, provider) for job in jobs])
        self.claimable.extend(jobs)
        return jobs

    async def running_batch(self, count: int) -> list[bytes]:
        await self.assigned_batch(count)
        await self.grid.provider.do("MetaScheduler", "claimNextJobs", count)
        claimed = [self.claimable.popleft() for _ in range(count)]
        await self.report_all(claimed, S.RUNNING)
        return claimed

    async def cancel_all(self, jobs: list[bytes]) -> None:
        await self.grid.customer.do_all([("cancelJob", job) for job in jobs])

    async def top_up_all(self, jobs: list[bytes]) -> None:
        calls = [("topUpJob", job, 30 * CREDIT) for job in jobs]
        await self.grid.customer.do_all(calls)


class WarmGrid(GasGrid):
    """The grid of the gas table, on a fresh chain in this process."""

    def __init__(self) -> None:
        self._world = new_world()
        self._requested = 0
        self._addresses = {
            contract.abi_name: contract.address
            for contract in (
                self._world.credit,
                self._world.meta_scheduler,
                self._world.providers,
                self._world.jobs,
            )
        }
        self.admin = Party(self, DEPLOYER)
        self.metascheduler = Party(self, SCHEDULER)
        self.provider, self.customer = Party(self, PROVIDERS[0]), Party(self, CUSTOMERS[0])

    async def transact(
        self, sender: Address, contract: str, function: str, *arguments: AbiValue
    ) -> int:
        data = self.encode(contract, function, *arguments)
        call = Call(self._addresses[contract], data, f"{contract}.{function}")
        outcome = self._world.send(sender, call)
        assert outcome.error is None, f"{call.label}: {outcome.error}"
        return outcome.gas_used

    async def wait_minutes(self, minutes: int) -> None:
        self._world.chain.pass_time(60 * minutes)

    async def _job_id(self, nonce: int) -> bytes:
        job_id = read(self._world.jobs.job_id_by_customer(self.customer.address, nonce))
        return bytes.fromhex(job_id.removeprefix("0x"))


async def a_warm_grid() -> MeteredGrid:
    """A fresh grid in this process, with a joined provider and a rich customer."""
    grid = WarmGrid()
    await grid.admin.do("ProviderManager", "grantRole", OPERATOR_ROLE, grid.admin.address)
    await grid.settle_in()
    return MeteredGrid(grid)


@asynccontextmanager
async def a_cold_grid() -> AsyncIterator[MeteredGrid]:
    """The same on a chain of its own."""
    with Anvil() as anvil:
        async with Rpc([anvil.http_url]) as rpc:
            yield MeteredGrid(await GasGrid.start(rpc, anvil.http_url))


async def fill_jobs(metered: MeteredGrid, count: int) -> None:
    """Leave so many jobs in each hot status, as many entries in each queue, and as many ended."""
    for start in range(0, count, BATCH):
        size = min(BATCH, count - start)
        await metered.grid.request(size)
        await metered.report_all(await metered.running_batch(size), S.FINISHED)
        with_top_up = await metered.running_batch(size)
        await metered.top_up_all(with_top_up)
        metered.top_up.extend(with_top_up)
        with_cancel = await metered.running_batch(size)
        await metered.cancel_all(with_cancel)
        metered.cancelling.extend(with_cancel)
        await metered.assigned_batch(size)


async def fill_providers(metered: MeteredGrid, count: int) -> None:
    """Let so many more providers join, and as many wait."""
    for number in range(2 * count):
        metered.serial += 1
        party = Party(metered.grid, parse_address(f"0x{0xFEED0000 + metered.serial:040x}"))
        await party.do("ProviderManager", "register", ONE_NODE, ProviderPrices(0, 1, 0), ())
        if number % 2:
            await metered.grid.admin.do("ProviderManager", "approve", party.address)


async def meter_everything(metered: MeteredGrid) -> Gas:
    """Do every call several times and return the worst of each.

    Two entries share a word of a queue, so every second push needs a new one. No entry goes
    stale, and all queues stay as long as they were.
    """
    await _a_round(metered, 0)
    metered.gas.clear()
    for number in range(1, 5):
        await _a_round(metered, number)
    return dict(metered.gas)


async def _a_round(metered: MeteredGrid, number: int) -> None:
    await _exits_before_the_start(metered)
    await _exits_of_running_jobs(metered)
    await _top_ups_and_ends(metered)
    await _registration(metered, 1 + number)
    await metered.do("withdrawAdmin", metered.grid.admin, 1)


async def _exits_before_the_start(metered: MeteredGrid) -> None:
    grid = metered.grid
    await metered.do("cancelJob PENDING", grid.customer, await metered.requested())
    fee = await metered.scheduled()
    await metered.do("cancelJob SCHEDULED", grid.customer, fee)
    await metered.stopped(fee)
    refused = await metered.scheduled()
    await metered.do("refuseJob", grid.provider, refused)
    await metered.do("panicJob PENDING", grid.metascheduler, refused, "")
    late = await metered.scheduled()
    await metered.do("timeoutJob", grid.metascheduler, late)
    await metered.stopped(late)
    await metered.do("cancelJob PENDING", grid.customer, late)


async def _exits_of_running_jobs(metered: MeteredGrid) -> None:
    grid = metered.grid
    cancelled = await metered.running()
    await metered.do("cancelJob RUNNING", grid.customer, cancelled)
    await metered.stopped(cancelled)
    panicked = await metered.running()
    await metered.do("panicJob RUNNING", grid.metascheduler, panicked, "")
    await metered.stopped(panicked)
    silent = await metered.running()
    await metered.do("checkpointJob", grid.provider, silent)
    await grid.wait_minutes(OVERDUE_AT_MINUTE)
    await metered.do("expireJob", grid.customer, silent)
    await metered.stopped(silent)


async def _top_ups_and_ends(metered: MeteredGrid) -> None:
    grid = metered.grid
    by_customer, by_delegate = await metered.running(), await metered.running()
    await metered.do("topUpJob", grid.customer, by_customer, 30 * CREDIT)
    await metered.topped_up(by_customer)
    await metered.do("setDelegateSpendingAuthority", grid.customer, by_delegate, True)
    await grid.wait_minutes(DELEGATED_AT_MINUTE)
    await metered.do("topUpJobDelegate", grid.metascheduler, by_delegate)
    await metered.topped_up(by_delegate)


async def _registration(metered: MeteredGrid, price: int) -> None:
    """Of the meta-scheduler as a provider; another content each time, as equal ones are shared."""
    newcomer, admin = metered.grid.metascheduler, metered.grid.admin
    prices = ProviderPrices(price, CREDIT, len(metered.claimable))

    async def note(who: Party, function: str, *arguments: AbiValue) -> None:
        metered.note(function, await who.do("ProviderManager", function, *arguments))

    await note(newcomer, "register", ONE_NODE, prices, ())
    for function in ("approve", "ban", "unban", "remove"):
        await note(admin, function, newcomer.address)
