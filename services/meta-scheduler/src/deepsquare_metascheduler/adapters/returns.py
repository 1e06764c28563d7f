"""Which jobs came back from which providers lately, from the chain's log.

Only used to avoid a provider for a while; nothing is decided about a job by it.
"""

from deepsquare.chain import BlockRef, Grid
from deepsquare.chain.events import GridEvent, JobAssigned, JobRefusedEvent
from deepsquare.chain.logs import RawLog
from deepsquare.identifiers import Address
from deepsquare_metascheduler.domain.avoidance import Return

RANGE_BLOCKS = 2000
"""Blocks asked for at once; public endpoints refuse more than a few thousand."""

_KINDS = (JobRefusedEvent, JobAssigned)


class ReturnLog:
    """Reads the log once over ``lookback_blocks`` at start, then only what is new.

    The last ``overlap_blocks`` are read again each time, for reorganised chains; returns older
    than ``keep_s`` are dropped.
    """

    def __init__(
        self, grid: Grid, *, lookback_blocks: int, keep_s: int, overlap_blocks: int = 10
    ) -> None:
        self._grid = grid
        self._lookback_blocks = lookback_blocks
        self._keep_s = keep_s
        self._overlap_blocks = overlap_blocks
        self._next_block: int | None = None
        self._returns: dict[tuple[str, int], tuple[int, Return]] = {}

    async def until(self, block: BlockRef) -> tuple[tuple[Return, ...], set[Address]]:
        """Return the recent returns, and every provider seen in what was newly read."""
        first = self._first_block(block)
        found = await self._read(first, block.number)
        self._forget(first, before_s=block.timestamp - self._keep_s)
        for log, event in found:
            if isinstance(event, JobRefusedEvent):
                key = (log.transaction_hash, log.log_index)
                self._returns[key] = (log.block_number, await self._to_return(log, event))
        self._next_block = block.number + 1
        providers = {
            event.provider_addr
            for _, event in found
            if isinstance(event, JobRefusedEvent | JobAssigned)
        }
        return tuple(one for _, one in self._returns.values()), providers

    async def _read(self, first: int, last: int) -> list[tuple[RawLog, GridEvent]]:
        found: list[tuple[RawLog, GridEvent]] = []
        for start in range(first, last + 1, RANGE_BLOCKS):
            end = min(start + RANGE_BLOCKS - 1, last)
            found += await self._grid.get_events(_KINDS, from_block=start, to_block=end)
        return found

    def _first_block(self, block: BlockRef) -> int:
        if self._next_block is None:
            return max(0, block.number - self._lookback_blocks)
        return max(0, min(self._next_block, block.number) - self._overlap_blocks)

    def _forget(self, first_block: int, *, before_s: int) -> None:
        """Drop what is too old, and what is about to be read again."""
        self._returns = {
            key: (number, one)
            for key, (number, one) in self._returns.items()
            if number < first_block and one.at_s >= before_s
        }

    async def _to_return(self, log: RawLog, event: JobRefusedEvent) -> Return:
        block = await self._grid.rpc.block(log.block_number)
        sender = await self._sender(log.transaction_hash)
        return Return(
            job_id=event.job_id,
            provider=event.provider_addr,
            at_s=block.timestamp,
            was_refused=sender == event.provider_addr.lower(),
        )

    async def _sender(self, transaction_hash: str) -> str:
        transaction = await self._grid.rpc.request("eth_getTransactionByHash", transaction_hash)
        return str(transaction["from"]).lower()
