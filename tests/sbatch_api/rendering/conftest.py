"""Fixtures of the rendering tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.batch import BatchSite
from tests.support.s3 import S5CMD, S3Server, s3_server


@pytest.fixture
def site(tmp_path: Path) -> BatchSite:
    return BatchSite(tmp_path / "site")


@pytest.fixture
def s3(site: BatchSite) -> Iterator[S3Server]:
    site.environment["REAL_S5CMD"] = str(S5CMD)
    with s3_server() as server:
        yield server
