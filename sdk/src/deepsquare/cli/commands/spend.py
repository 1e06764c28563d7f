"""`deepsquare spend`."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from deepsquare.cli.invocation import Invocation, pass_invocation, shared_options
from deepsquare.cli.screen import Column

if TYPE_CHECKING:
    from deepsquare.client import JobState

COLUMNS = [
    Column("OF", "of"),
    Column("JOBS", "jobs", is_number=True),
    Column("COST", "cost", is_number=True),
    Column("STILL LOCKED", "locked", is_number=True),
]

GROUPS: "dict[str, Callable[[JobState], str]]" = {
    "month": lambda state: f"{state.submitted_at:%Y-%m}" if state.submitted_at else "",
    "provider": lambda state: state.provider or "none",
    "status": lambda state: state.status.name,
}


@click.command()
@click.option("--by", type=click.Choice(list(GROUPS)), default="month", help="What to sum up by.")
@shared_options
@pass_invocation
def spend(invocation: Invocation, /, *, by: str) -> None:
    """Sum up what your newest 1000 jobs have cost, and what is locked for those that go on."""
    from deepsquare.cli.words import amount  # noqa: PLC0415 - not for --help

    states = invocation.run(lambda grid: grid.jobs(limit=1000))
    states_by_group: dict[str, list[JobState]] = {}
    for state in states:
        states_by_group.setdefault(GROUPS[by](state), []).append(state)
    records = [
        {
            "by": by,
            "of": group,
            "jobs": len(members),
            **amount("cost", sum(s.job.cost.final_cost for s in members)),
            **amount("locked", sum(s.job.cost.max_cost for s in members if not s.is_over)),
        }
        for group, members in sorted(states_by_group.items())
    ]
    invocation.screen.records(records, COLUMNS, shown=records)
