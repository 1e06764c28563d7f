"""Every test here uses the whole grid."""

from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.e2e.workflows import host_job
from tests.support.grid import Actor, actor, grid, hire, new_actor
from tools.devnet.grid import Devnet

from deepsquare import Job

SHOWN_LOG_LINES = 40

__all__ = ["actor", "grid", "hire", "one_minute_job"]


LONGEST_FIRST = ("test_supervisor_restart.py", "test_devnet.py", "test_endings.py")
"""The files that take longest, so that two processes end together; the third waits for a minute
that begins with the first test."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them all, and begin with what takes longest."""
    own = [item for item in items if Path(__file__).parent in item.path.parents]
    for item in own:
        item.add_marker(pytest.mark.e2e)
    rank = {name: place for place, name in enumerate(LONGEST_FIRST)}
    own.sort(key=lambda item: rank.get(item.path.name, len(rank)))
    items[:] = [item for item in items if item not in own] + own


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of every log of the grid with a test that failed."""
    report = yield
    if report.failed and isinstance(item, pytest.Function):
        for value in item.funcargs.values():
            if isinstance(value, Devnet):
                report.sections += [(file.name, _tail(file)) for file in _logs(value)]
    return report


def _logs(grid: Devnet) -> list[Path]:
    return sorted((grid.folder / "log").iterdir())


def _tail(file: Path) -> str:
    return "\n".join(file.read_text(errors="replace").splitlines()[-SHOWN_LOG_LINES:])


@pytest.fixture(scope="session", autouse=True)
def one_minute_job(
    grid: Devnet, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Actor, Job]]:
    """A job with one paid minute, begun with the first test: Slurm takes 60 to 90 s to end it."""
    with ExitStack() as opened:
        actor = new_actor(grid, opened, tmp_path_factory.mktemp("one-minute"))
        yield actor, actor.submit(host_job("echo started; sleep 600"), minutes=1)
