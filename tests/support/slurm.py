"""A real Slurm for tests, shared by the session: two nodes of two CPUs."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tools.devnet.scratch import scratch_folder
from tools.devnet.slurm import PrivateSlurm


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A folder that every Unix account may enter."""
    with scratch_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def slurm() -> Iterator[PrivateSlurm]:
    """A running private Slurm; its commands want ``slurm.environment``."""
    with scratch_folder() as folder, PrivateSlurm(folder) as running:
        yield running
