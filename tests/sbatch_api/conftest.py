from pathlib import Path

import pytest
from tests.sbatch_api.http import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """The application over doubles."""
    return Stage(tmp_path / "logs")
