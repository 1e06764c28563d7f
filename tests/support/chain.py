"""A real EVM chain for tests."""

from collections.abc import AsyncIterator, Iterator

import pytest

from deepsquare.chain import Rpc
from deepsquare.testing import Accounts, Anvil, development_accounts


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
