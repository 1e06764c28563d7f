"""What can run at the same time: peak demand, default parallelism, shared network addresses.

A walk over the steps in order, with the launches that are started and not yet awaited
(workflow.md 2.4). Groups, `catch` and `finally` are walked inline; a launch, a loop iteration and a
module are scopes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from deepsquare.workflow.addresses import host_of
from deepsquare.workflow.demand import NOTHING, Demand, capacity_of, demand_of
from deepsquare.workflow.loops import iteration_count
from deepsquare.workflow.model import Job, JobResources, Step, StepFor, StepRun, StepUse, VNet
from deepsquare.workflow.model.expansion import ExpandedUse
from deepsquare.workflow.running import Load, Scope

_PLAN = "_concurrency_plan"
"""No field of a job: it is neither compared nor shown nor taken over by `dataclasses.replace`."""


@dataclass(frozen=True, slots=True)
class Overload:
    """A run or loop that does not fit beside what can run at the same time."""

    at: StepRun | StepFor
    shortages: list[str]


@dataclass(slots=True)
class ConcurrencyPlan:
    """What can run at once in a job.

    ``peak`` is its peak demand, to be held against ``capacity``; `limit_of` gives the iterations a
    loop runs at a time. ``overloads`` break V-PEAK, ``clashes`` V-VNET.
    """

    capacity: Demand
    peak: Demand = NOTHING
    overloads: list[Overload] = field(default_factory=list)
    clashes: list[VNet] = field(default_factory=list)
    limits: dict[int, int] = field(default_factory=dict)
    """Limit of each parallel loop, by the loop's identity."""

    def limit_of(self, loop: StepFor) -> int:
        """Return the most iterations at a time: 1 for a sequential loop (W-FOR-3, W-FOR-5)."""
        return self.limits.get(id(loop), 1)


def plan_concurrency(job: Job) -> ConcurrencyPlan:
    """Work out what of a job can run at once. The plan holds for this very object.

    It is kept with the job, which never changes: validation and rendering both need it.
    """
    plan: ConcurrencyPlan | None = job.__dict__.get(_PLAN)
    if plan is None:
        plan = job.__dict__[_PLAN] = _new_plan(job)
    return plan


def _new_plan(job: Job) -> ConcurrencyPlan:
    capacity = capacity_of(job.resources)
    plan = ConcurrencyPlan(capacity)
    _Walk(job.resources, plan).steps(job.steps, Scope(room=capacity))
    return plan


def peak_demand(job: Job) -> Demand:
    """Return the most a job can need at one time, modules included once they are expanded."""
    return plan_concurrency(job).peak


class _Walk:
    def __init__(self, resources: JobResources, plan: ConcurrencyPlan) -> None:
        self._resources = resources
        self._plan = plan

    def steps(self, steps: tuple[Step, ...], scope: Scope) -> None:
        for step in steps:
            self._step(step, scope.of(step))

    def _step(self, step: Step, scope: Scope) -> None:
        scope.release(step.depends_on)
        if step.run is not None:
            scope.note(self._run(step.run, scope))
        elif step.for_ is not None:
            self._loop(step.for_, scope)
        elif step.use is not None:
            self._use(step.use, scope)
        elif step.launch is not None:
            nested = scope.nested()
            self.steps(step.launch.steps, nested)
            scope.start(step.launch.handle_name, nested.peak)
        for block in (step.steps, step.catch, step.finally_):
            if block:
                self.steps(block, scope)

    def _run(self, run: StepRun, scope: Scope) -> Load:
        demand = demand_of(run, self._resources)
        at_once = self._at_once(scope, demand)
        # What does not even fit alone breaks V-FIT and is reported as such.
        if not at_once.fits(scope.room) and demand.fits(self._plan.capacity):
            self._plan.overloads.append(Overload(run, at_once.beyond(scope.room)))
        users = dict(_users_in(run))
        for address, user in users.items():
            if address in scope.total.users:
                self._plan.clashes.append(user)
        return Load(demand, users)

    def _use(self, use: StepUse, scope: Scope) -> None:
        if isinstance(use, ExpandedUse):
            module = scope.module()
            self.steps(use.body, module)
            scope.close(module)

    def _loop(self, loop: StepFor, scope: Scope) -> None:
        if not iteration_count(loop):
            return
        if loop.parallel:
            scope.note(self._parallel(loop, scope))
            return
        body = scope.nested()
        self.steps(loop.steps, body)
        scope.close(body)

    def _parallel(self, loop: StepFor, scope: Scope) -> Load:
        iterations = iteration_count(loop)
        room = scope.free()
        asked = min(iterations, loop.max_parallel) if loop.max_parallel is not None else None
        earlier, self._plan.overloads = self._plan.overloads, []
        body = scope.iteration(room // (asked or 1))
        self.steps(loop.steps, body)
        inside, self._plan.overloads = self._plan.overloads, earlier
        limit = asked if asked is not None else min(iterations, _times(body, room))
        self._plan.limits[id(loop)] = limit
        if limit > 1:
            self._plan.clashes += body.peak.users.values()
        load = body.peak * limit
        at_once = self._at_once(scope, load.demand)
        if body.peak.demand.fits(room) and not at_once.fits(scope.room):
            inside = [Overload(loop, at_once.beyond(scope.room))]
        self._plan.overloads += inside
        return load

    def _at_once(self, scope: Scope, demand: Demand) -> Demand:
        """Return what runs in and around a scope beside a demand, and note it as a peak."""
        at_once = scope.total.demand + demand
        if not scope.is_share:
            self._plan.peak |= at_once
        return at_once


def _times(body: Scope, room: Demand) -> int:
    """Return how many iterations fit; one without a run counts as a task, to bound processes."""
    return (body.peak.demand | Demand(tasks=1)).times_within(room)


def _users_in(run: StepRun) -> Iterator[tuple[tuple[str, str], VNet]]:
    for interface in run.custom_network_interfaces:
        if interface.vnet is not None:
            yield (interface.vnet.name, host_of(interface.vnet.address)), interface.vnet
