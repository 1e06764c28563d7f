"""The stateful suite: `make test-invariants` runs it long, `make test-contracts` short."""

import os

from hypothesis import HealthCheck, Phase, settings
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider
from tests.contracts.invariants.hostile_machine import HostileMachine
from tests.contracts.invariants.machine import GridMachine

RUNS = int(os.environ.get("INVARIANT_RUNS", "30"))
DEPTH = int(os.environ.get("INVARIANT_DEPTH", "60"))
IS_SEEDED = "INVARIANT_RUNS" not in os.environ

AVAILABLE_PROVIDERS["afresh"] = HypothesisProvider
"""Under its own name Hypothesis makes five of six runs by copying parts of the one before; under
another it makes each from nothing (seen with 6.170), which finds more here."""

SETTINGS = settings(
    max_examples=RUNS,
    stateful_step_count=DEPTH,
    deadline=None,
    derandomize=IS_SEEDED,
    database=None,
    backend="afresh",
    phases=[Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)

TestGrid = GridMachine.TestCase
TestGrid.settings = SETTINGS

TestHostileToken = HostileMachine.TestCase
TestHostileToken.settings = settings(SETTINGS, max_examples=max(30, RUNS // 3))
