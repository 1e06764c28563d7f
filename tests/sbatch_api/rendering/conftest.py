"""Fixtures of the rendering tests."""

from pathlib import Path

import pytest
from tests.support.batch import BatchSite


@pytest.fixture
def site(tmp_path: Path) -> BatchSite:
    return BatchSite(tmp_path / "site")
