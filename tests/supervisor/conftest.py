import tempfile
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


@pytest.fixture
def quick_folder() -> Iterator[Path]:
    """A folder in memory where there is one: tests that sync to disk hundreds of times want it."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture(autouse=True)
def quiet_events() -> Iterator[None]:
    with structlog.testing.capture_logs():
        yield
