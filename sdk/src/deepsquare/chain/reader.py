"""What typed wrappers need of a chain; `Rpc` provides it, and so do fakes."""

from collections.abc import Sequence
from typing import Protocol

from deepsquare.chain.blocks import At
from deepsquare.chain.call import Call
from deepsquare.identifiers import Address


class ChainReader(Protocol):
    """Runs calls on the state of one block without sending a transaction."""

    async def eth_call(
        self, call: Call, *, at: At = "latest", sender: Address | None = None
    ) -> bytes:
        """Return the raw result of one call; raises the contract's own error if it reverts."""

    async def eth_calls(
        self, calls: Sequence[Call], *, at: At = "latest", sender: Address | None = None
    ) -> list[bytes]:
        """Return the raw results of several calls on one block; raises the first revert."""
