"""One deployment of the grid: its contracts, found from the one address that clients know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from deepsquare.chain.abi import UndecodableAnswer
from deepsquare.chain.blocks import BlockRef
from deepsquare.chain.contracts import (
    Constants,
    Credit,
    JobRepository,
    MetaScheduler,
    ProviderJobQueues,
    ProviderManager,
)
from deepsquare.chain.errors import Reverted, RpcRefused, WrongGrid
from deepsquare.chain.events import GridEvent, decode_event, topic_of
from deepsquare.chain.logs import LogFilter, RawLog
from deepsquare.chain.rpc import Rpc
from deepsquare.identifiers import Address


@dataclass(frozen=True, slots=True)
class Grid:
    """The contracts of one deployment and the RPC they are read through."""

    rpc: Rpc
    chain_id: int
    meta_scheduler: MetaScheduler
    jobs: JobRepository
    queues: ProviderJobQueues
    providers: ProviderManager
    constants: Constants
    credit: Credit

    @classmethod
    async def connect(
        cls, rpc: Rpc, meta_scheduler: Address, expected_chain_id: int | None = None
    ) -> Self:
        """Find the sibling contracts and check that this is the grid that was meant.

        Raises `WrongGrid`, naming what differs (faults.md C23), or `RpcUnavailable`.
        """
        chain_id = _one_chain(await rpc.chain_ids(), expected_chain_id)
        return await cls._resolve(rpc, chain_id, MetaScheduler(rpc, meta_scheduler))

    @classmethod
    async def _resolve(cls, rpc: Rpc, chain_id: int, entry: MetaScheduler) -> Self:
        try:
            grid = cls(
                rpc=rpc,
                chain_id=chain_id,
                meta_scheduler=entry,
                jobs=JobRepository(rpc, await entry.jobs()),
                queues=ProviderJobQueues(rpc, await entry.provider_job_queues()),
                providers=ProviderManager(rpc, await entry.provider_manager()),
                constants=Constants(rpc, await entry.constants()),
                credit=Credit(rpc, await entry.credit()),
            )
            bound_to = await grid.jobs.meta_scheduler()
        except (UndecodableAnswer, Reverted, RpcRefused) as error:
            raise _no_grid(entry.address, chain_id) from error
        if bound_to != entry.address:
            raise _no_grid(entry.address, chain_id)
        return grid

    async def head(self, *, depth: int = 0) -> BlockRef:
        """Return the newest block, or the one ``depth`` blocks below; pin reads to it."""
        newest = await self.rpc.head()
        return await self.rpc.block(max(0, newest.number - depth)) if depth else newest

    async def get_events(
        self, kinds: Sequence[type[GridEvent]], *, from_block: int, to_block: int
    ) -> list[tuple[RawLog, GridEvent]]:
        """Return the events of some kinds in a range of blocks, in their order on chain.

        Only for display and history: what is true now is asked of the views (faults.md rule 1).
        """
        addresses = [
            contract.address
            for contract in (self.meta_scheduler, self.jobs, self.providers, self.credit)
        ]
        wanted = LogFilter(addresses, from_block, to_block, [[topic_of(kind) for kind in kinds]])
        logs = await self.rpc.get_logs(wanted)
        return [(log, event) for log in logs if (event := decode_event(log)) is not None]


def _one_chain(chain_id_by_endpoint: Mapping[str, int], expected: int | None) -> int:
    """Return the chain that all endpoints serve; raises `WrongGrid` naming one that does not."""
    wanted = expected if expected is not None else next(iter(chain_id_by_endpoint.values()))
    for endpoint, chain_id in chain_id_by_endpoint.items():
        if chain_id != wanted:
            raise WrongGrid(
                f"the RPC endpoint {endpoint} serves chain {chain_id}, but chain {wanted} is set:"
                " check the RPC URL and the chain id",
                details={"chain_id": chain_id, "expected_chain_id": wanted},
            )
    return wanted


def _no_grid(address: Address, chain_id: int) -> WrongGrid:
    return WrongGrid(
        f"there is no MetaScheduler of a grid at {address} on chain {chain_id}: check the address",
        details={"meta_scheduler": address, "chain_id": chain_id},
    )
