"""Which block a read refers to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from deepsquare.errors import Broken


@dataclass(frozen=True, slots=True)
class BlockRef:
    """One block of the chain; reads pinned to it all see the same state.

    ``timestamp`` is chain time in Unix seconds: the clock of every deadline and bill.
    """

    number: int
    hash: str
    timestamp: int
    base_fee_wei: int = 0


BlockTag: TypeAlias = Literal["latest", "pending", "safe", "finalized"]

At: TypeAlias = BlockRef | int | BlockTag
"""A block to read at: a `BlockRef` (by its hash, the strictest), a number, or a tag."""


def block_parameter(at: At) -> str | dict[str, object]:
    """Write ``at`` as a JSON-RPC block parameter; a `BlockRef` by hash (EIP-1898)."""
    if isinstance(at, BlockRef):
        return {"blockHash": at.hash, "requireCanonical": True}
    return hex(at) if isinstance(at, int) else at


def parse_block(raw: Mapping[str, Any] | None) -> BlockRef:
    """Read the answer of ``eth_getBlockBy...``; raises `Broken` for a block without a hash."""
    if not raw or not raw.get("hash"):
        raise Broken("the RPC endpoint answered no block")
    return BlockRef(
        number=int(raw["number"], 16),
        hash=str(raw["hash"]),
        timestamp=int(raw["timestamp"], 16),
        base_fee_wei=int(raw.get("baseFeePerGas") or "0x0", 16),
    )
