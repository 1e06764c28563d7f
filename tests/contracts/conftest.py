"""A grid on Ape's test chain for each test; the chain goes back after it."""

from collections.abc import Iterator

import pytest
from ape.managers.accounts import TestAccountManager
from ape.managers.chain import ChainManager
from tests.contracts.grid import ContractGrid, deploy


@pytest.fixture(scope="session")
def deployed(accounts: TestAccountManager) -> ContractGrid:
    return deploy(accounts)


@pytest.fixture
def grid(deployed: ContractGrid, chain: ChainManager) -> Iterator[ContractGrid]:
    with chain.isolate():
        yield deployed
