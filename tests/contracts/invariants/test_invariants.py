"""The stateful suite: `make test-invariants` runs it long, `make test-contracts` short."""

import os

from hypothesis import HealthCheck, Phase, settings
from tests.contracts.invariants.machine import GridMachine

RUNS = int(os.environ.get("INVARIANT_RUNS", "30"))
DEPTH = int(os.environ.get("INVARIANT_DEPTH", "60"))
IS_SEEDED = "INVARIANT_RUNS" not in os.environ

TestGrid = GridMachine.TestCase
TestGrid.settings = settings(
    max_examples=RUNS,
    stateful_step_count=DEPTH,
    deadline=None,
    derandomize=IS_SEEDED,
    database=None,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
