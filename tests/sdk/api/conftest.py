"""Unit tests of the API client touch no network."""

from collections.abc import Iterator

import pytest
from pytest_socket import disable_socket, enable_socket
from tests.sdk.api.fake_sbatch_api import FakeSbatchApi


@pytest.fixture(autouse=True)
def _no_network() -> Iterator[None]:
    disable_socket(allow_unix_socket=True)
    yield
    enable_socket()


@pytest.fixture
def server() -> FakeSbatchApi:
    """A sbatch API in memory."""
    return FakeSbatchApi()
