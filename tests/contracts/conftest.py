"""A grid on Ape's test chain for each test; the chain goes back after it."""

from collections.abc import Iterator

import pytest

from tests.contracts.grid import ContractGrid, deploy


@pytest.fixture(scope="session")
def deployed(accounts) -> ContractGrid:
    return deploy(accounts)


@pytest.fixture
def grid(deployed: ContractGrid, chain) -> Iterator[ContractGrid]:
    with chain.isolate():
        yield deployed
