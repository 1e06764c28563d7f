"""Fixtures of the tests of the API client."""

import pytest
from tests.sdk.api.fake_sbatch_api import FakeSbatchApi


@pytest.fixture
def server() -> FakeSbatchApi:
    """A sbatch API in memory."""
    return FakeSbatchApi()
