"""A grid on anvil, with accounts whose every transaction tells its gas."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from deepsquare.amounts import WEI_PER_CREDIT
from deepsquare.chain import ProviderHardware, ProviderPrices, Rpc
from deepsquare.chain.abi import load_abi
from deepsquare.chain.conversion import AbiValue
from deepsquare.deployment import Deployment
from deepsquare.hashing import batch_location_hash
from deepsquare.identifiers import Address
from deepsquare.testing import deploy_grid, development_accounts

LOCK_WEI = 1000 * WEI_PER_CREDIT
_UNLIMITED = 2**255
_GAS_LIMIT = 29_000_000

_NAME = b"gas".ljust(32, b"-")
_HARDWARE = ProviderHardware(
    nodes=2, gpus_per_node=(4, 4), cpus_per_node=(64, 64), mem_per_node=(256_000, 256_000)
)
_PRICES = ProviderPrices(
    gpu_price_per_min=WEI_PER_CREDIT, cpu_price_per_min=WEI_PER_CREDIT, mem_price_per_min=10**12
)
REFERENCE_JOB = (0, 1000, 1, 1, batch_location_hash(b"gas"), 0, (), ())
"""The job of protocol.md 6: a reference of 31 characters, no labels."""


@dataclass(frozen=True)
class Party:
    """An account on the grid."""

    grid: "GasGrid"
    address: Address

    async def do(self, contract: str, function: str, *arguments: AbiValue) -> int:
        """Send one call and return the gas it used."""
        return await self.grid.transact(self.address, contract, function, *arguments)

    async def do_all(self, calls: Sequence[tuple[Any, ...]]) -> int:
        """Send calls of MetaScheduler, several through multicall; return the gas of all."""
        if len(calls) == 1:
            return await self.do("MetaScheduler", *calls[0])
        data = [self.grid.encode("MetaScheduler", *call) for call in calls]
        return await self.do("MetaScheduler", "multicall", data)


class GasGrid:
    """A grid with one customer, provider, meta-scheduler and stranger."""

    def __init__(self, rpc: Rpc, deployment: Deployment) -> None:
        accounts = development_accounts()
        self._rpc = rpc
        self._addresses = deployment.addresses()
        self._requested = 0
        self.admin = Party(self, Address(accounts.deployer.address))
        self.metascheduler = Party(self, Address(accounts.metascheduler.address))
        self.provider = Party(self, Address(accounts.provider.address))
        self.customer = Party(self, Address(accounts.customer.address))

    @classmethod
    async def start(cls, rpc: Rpc, rpc_url: str) -> Self:
        """Deploy a grid, join the provider and fund the customer."""
        grid = cls(rpc, await deploy_grid(rpc_url))
        await grid.settle_in()
        return grid

    async def settle_in(self) -> None:
        """Join the provider and fund the customer."""
        scheduler = self._addresses["MetaScheduler"]
        customer, provider = self.customer, self.provider
        await self.admin.do("Credit", "transfer", customer.address, 10**6 * WEI_PER_CREDIT)
        await customer.do("Credit", "approve", scheduler, _UNLIMITED)
        await provider.do("ProviderManager", "register", _HARDWARE, _PRICES, ())
        await self.admin.do("ProviderManager", "approve", provider.address)

    def encode(self, contract: str, function: str, *arguments: AbiValue) -> bytes:
        """Return the data of a call."""
        return load_abi(contract).function(function, len(arguments)).encode(arguments)

    async def transact(
        self, sender: Address, contract: str, function: str, *arguments: AbiValue
    ) -> int:
        """Send a call that must succeed; return the gas it used."""
        fields = {
            "from": sender,
            "to": self._addresses[contract],
            "data": "0x" + self.encode(contract, function, *arguments).hex(),
            "gas": hex(_GAS_LIMIT),
        }
        receipt = await self._rpc.request("eth_sendTransactionSync", fields)
        if int(receipt["status"], 16) != 1:
            raise RuntimeError(f"{contract}.{function} reverted")
        return int(receipt["gasUsed"], 16)

    async def wait_minutes(self, minutes: int) -> None:
        """Let time pass before the next transaction."""
        await self._rpc.request("evm_increaseTime", 60 * minutes)

    async def request(
        self, count: int, definition: tuple[Any, ...] = REFERENCE_JOB
    ) -> tuple[list[bytes], int]:
        """Request equal jobs; return their ids and the gas."""
        return await self.request_each([definition] * count)

    async def request_each(self, definitions: Sequence[tuple[Any, ...]]) -> tuple[list[bytes], int]:
        """Request jobs; return their ids and the gas."""
        calls = [("requestNewJob", each, LOCK_WEI, _NAME, False) for each in definitions]
        gas = await self.customer.do_all(calls)
        first = self._requested
        self._requested += len(calls)
        return [await self._job_id(first + k) for k in range(len(calls))], gas

    async def _job_id(self, nonce: int) -> bytes:
        arguments = (self.customer.address, nonce)
        call = {
            "to": self._addresses["JobRepository"],
            "data": "0x" + self.encode("JobRepository", "jobIdByCustomer", *arguments).hex(),
        }
        return bytes.fromhex((await self._rpc.request("eth_call", call, "latest"))[2:])
