"""Unit tests of the meta-scheduler touch no network."""

from collections.abc import Iterator

import pytest
from pytest_socket import disable_socket, enable_socket


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest) -> Iterator[None]:
    if not request.node.get_closest_marker("integration"):
        disable_socket(allow_unix_socket=True)
    yield
    enable_socket()
