"""The page of measured gas, and the same numbers as a snapshot for the test."""

import json
from pathlib import Path

from tools.gas.measure import LIFE, Measured

SNAPSHOT = Path("contracts/gas.json")
PAGE = Path("docs/gas.md")
BATCHES = (1, 10, 50)

GOALS: dict[str, tuple[int | None, int | None]] = {
    "requestNewJob": (205_000, 149_000),
    "metaSchedule": (139_000, 108_000),
    "claimNextJob": (70_000, 38_000),
    "report RUNNING": (42_000, 17_000),
    "report FINISHED": (89_000, 48_000),
    "cancelJob PENDING": (72_000, None),
    "cancelJob SCHEDULED, with fee": (105_000, None),
    "cancelJob RUNNING": (58_000, None),
    "topUpJob": (92_000, None),
    "claimNextTopUpJob": (50_000, 22_000),
    "checkpointJob": (37_000, 13_000),
    "refuseJob": (75_000, None),
    "timeoutJob": (75_000, None),
    "expireJob": (100_000, None),
}
"""Goals of protocol.md 6: alone, and in a batch of ten."""

LIFE_GOALS = (545_000, 360_000)

MeasuredByBatch = dict[int, Measured]

_HEAD = """# Gas

Written by `make gas`: gas used by the receipt, on anvil with the bytecode that is deployed
(via-IR, 1,000 optimiser runs, EVM cancun). A number is gas per job; a batch is one transaction
through `multicall`, or `claimNextJobs` and its like. The goals are those of the protocol's
specification.

Steady state: before a batch size is measured everything is done once with it, so that balances,
nonces, queue and set words are in use; a pending and a running job stay in the background. The job
has a reference of 31 characters, a name and no labels. Jobs of a batch end in the order in which
they began, so that most leave their set from the middle. Why the layout is as it is, and what it
was weighed against, says [ADR 0011](adr/0011-storage-layout-and-gas.md).

| call | alone | goal | batch of 10 | goal | batch of 50 |
| --- | ---: | ---: | ---: | ---: | ---: |
"""


def life(measured: Measured) -> int:
    """Return the gas of a whole life."""
    return sum(measured[call] for call in LIFE)


def life_line(measured: MeasuredByBatch) -> str:
    """Return the line that ends a measurement."""
    return f"life: single {life(measured[1])} batch50 {life(measured[50])}"


def render_page(measured: MeasuredByBatch) -> str:
    """Return the page."""
    rows = [
        _row(call, tuple(measured[size][call] for size in BATCHES), GOALS.get(call, (None, None)))
        for call in measured[1]
    ]
    lives = tuple(life(measured[size]) for size in BATCHES)
    rows.insert(len(LIFE), _row("**life of a job**", lives, LIFE_GOALS))
    return _HEAD + "".join(rows) + f"\n`{life_line(measured)}`\n"


def _row(call: str, gas: tuple[int, ...], goals: tuple[int | None, int | None]) -> str:
    alone, ten, fifty = (f"{value:,}" for value in gas)
    goal, goal_ten = (f"{value:,}" if value else "" for value in goals)
    return f"| {call} | {alone} | {goal} | {ten} | {goal_ten} | {fifty} |\n"


def write(root: Path, measured: MeasuredByBatch) -> None:
    """Write page and snapshot."""
    (root / PAGE).write_text(render_page(measured))
    (root / SNAPSHOT).write_text(json.dumps(measured, indent=1) + "\n")


def read_snapshot(root: Path) -> MeasuredByBatch:
    """Return the recorded numbers."""
    recorded = json.loads((root / SNAPSHOT).read_text())
    return {int(size): calls for size, calls in recorded.items()}


def regressions(
    recorded: MeasuredByBatch, measured: MeasuredByBatch, *, percent: int = 3
) -> list[str]:
    """Return a line for every call that takes more than so many percent above its record."""
    return [
        f"{call} in batches of {size}: {gas:,} instead of {recorded[size][call]:,}"
        for size, calls in measured.items()
        for call, gas in calls.items()
        if gas * 100 > recorded[size][call] * (100 + percent)
    ]
