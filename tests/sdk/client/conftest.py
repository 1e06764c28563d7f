"""One chain for all tests of the client; every test makes its own customers."""

import asyncio
import time
from collections.abc import Iterator

import pytest
from tests.sdk.client.world import World, build_world

from deepsquare.testing import Anvil


@pytest.fixture(scope="session")
def built() -> Iterator[World]:
    """A deployed grid on a real chain."""
    with Anvil() as anvil:
        yield asyncio.run(build_world(anvil))


@pytest.fixture
def world(built: World) -> World:
    """The grid, with a sbatch API of the test's own."""
    fresh = World(built.rpc_url, built.chain_id, built.meta_scheduler)
    fresh.api.now_s = time.time()
    return fresh
