"""The whole decision of a tick: state in, commands and reasons out."""

from dataclasses import dataclass

from deepsquare.identifiers import Address, JobId
from deepsquare_metascheduler.domain.avoidance import AvoidancePolicy, avoidance
from deepsquare_metascheduler.domain.commands import Command
from deepsquare_metascheduler.domain.matching import plan_assignments
from deepsquare_metascheduler.domain.overdue import overdue
from deepsquare_metascheduler.domain.slices import slices_due
from deepsquare_metascheduler.domain.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do now, and why the jobs that stay PENDING do."""

    commands: tuple[Command, ...]
    waiting: dict[JobId, dict[Address, str]]


def decide(snapshot: Snapshot, policy: AvoidancePolicy) -> Decision:
    """Keep paid jobs running, free what is overdue, and assign what fits, in this order."""
    slices = slices_due(snapshot.active, snapshot.now_s)
    late = overdue(snapshot.active, snapshot.now_s)
    plan = plan_assignments(snapshot, avoidance(snapshot.returns, policy))
    return Decision((*slices, *late, *plan.assignments), plan.waiting)
