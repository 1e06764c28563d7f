from pathlib import Path

import pytest
from tests.sbatch_api.http import Api


@pytest.fixture
def api(tmp_path: Path) -> Api:
    """The application over doubles."""
    return Api(tmp_path / "logs")
