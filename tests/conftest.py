"""Fixtures that tests of more than one part share."""

import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings
from pytest_socket import disable_socket, enable_socket

# The same examples in each run; `--hypothesis-profile=default` searches for others.
settings.load_profile("ci")

pytest_plugins = [
    "tests.support.apptainer",
    "tests.support.chain",
    "tests.support.redis",
    "tests.support.registry",
    "tests.support.slurm",
    "tests.support.slurm_batch",
]


def pytest_configure() -> None:
    """Let TERM end a run as Ctrl-C does, so that fixtures stop what they started.

    A run in the background inherits ignored signals and would hand them on to what the tests start;
    there, tests of signals need the defaults.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    for number in (signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest) -> Iterator[None]:
    """Keep unit tests off the network."""
    if not any(map(request.node.get_closest_marker, ("integration", "e2e"))):
        disable_socket(allow_unix_socket=True)
    yield
    enable_socket()
