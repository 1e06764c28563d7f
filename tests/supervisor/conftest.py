from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from tests.supervisor.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    world = Site(tmp_path)
    yield world
    world.journal.close()


@pytest.fixture(autouse=True)
def quiet_events() -> Iterator[None]:
    with structlog.testing.capture_logs():
        yield
