"""A contract of the grid at an address."""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import ClassVar, TypeVar, cast

from deepsquare.chain.abi import load_abi
from deepsquare.chain.blocks import At
from deepsquare.chain.call import Call
from deepsquare.chain.conversion import AbiValue, converter
from deepsquare.chain.reader import ChainReader
from deepsquare.identifiers import Address

T = TypeVar("T")

PAGE_SIZE = 1000
"""The largest page a paged view gives (protocol.md 2.6)."""

Page = tuple[tuple[T, ...], int]
"""Items and the cursor of the next page (protocol.md 3.9)."""


class DeployedContract:
    """One contract of the grid; subclasses type its functions."""

    abi_name: ClassVar[str]

    def __init__(self, reader: ChainReader, address: Address) -> None:
        self.address = address
        self._reader = reader
        self._abi = load_abi(self.abi_name)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.address})"

    def _call(self, name: str, *arguments: AbiValue, label: str = "") -> Call:
        function = self._abi.function(name, len(arguments))
        return Call(self.address, function.encode(arguments), label or name)

    async def _read(self, into: type[T], name: str, *arguments: AbiValue, at: At) -> T:
        function = self._abi.function(name, len(arguments))
        raw = await self._reader.eth_call(self._call(name, *arguments), at=at)
        result: T = converter(cast("Hashable", into))(function.decode(raw))
        return result

    async def _read_many(
        self, into: type[T], name: str, *, arguments: Sequence[AbiValue], at: At
    ) -> list[T]:
        """Read a view of one argument for many arguments at one block."""
        function = self._abi.function(name, 1)
        calls = [self._call(name, argument) for argument in arguments]
        results = await self._reader.eth_calls(calls, at=at)
        convert = converter(cast("Hashable", into))
        return [convert(function.decode(raw)) for raw in results]


async def all_pages(read: Callable[[int], Awaitable[Page[T]]]) -> tuple[T, ...]:
    """Read every page from cursor 0 until an empty one; ``read`` must be pinned to a block."""
    items: list[T] = []
    while True:
        page, cursor = await read(len(items))
        items.extend(page)
        if len(page) < PAGE_SIZE or cursor != len(items):
            return tuple(items)
