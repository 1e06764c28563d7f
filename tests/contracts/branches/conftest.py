"""A fresh grid for each test of a branch."""

from collections.abc import Iterator

import pytest
from tests.contracts.conformance.stage import Stage, a_stage

from deepsquare.chain.contracts import MetaScheduler


@pytest.fixture
def stage() -> Iterator[Stage]:
    with a_stage() as ready:
        yield ready


@pytest.fixture
def meta(stage: Stage) -> MetaScheduler:
    return stage.world.meta_scheduler
