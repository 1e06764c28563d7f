"""Rules of workflow.md 2.4 that concern a whole job or module."""

from deepsquare.workflow.concurrency import Overload, plan_concurrency
from deepsquare.workflow.convert import MAX_STEP_LEVELS, MAX_STEPS, TOO_MANY_STEPS
from deepsquare.workflow.demand import capacity_of, demand_of
from deepsquare.workflow.document import Document, Places
from deepsquare.workflow.handles import check_handles
from deepsquare.workflow.model import Job, Module, Step, StepFor
from deepsquare.workflow.model.walk import leveled_steps_of
from deepsquare.workflow.networks import check_networks

_RESOURCES = ("JobResources", "StepRunResources", "Job.resources", "StepRun.resources")
_STRUCTURE = (*(f"Step.{body}" for body in ("steps", "run", "for_", "launch", "use")), "StepFor")
_HANDLES = (*_STRUCTURE, "StepAsyncLaunch")
_LAUNCHES = (
    "Step.launch",
    *(f"{block}.steps" for block in ("Step", "StepFor", "StepAsyncLaunch", "StepUse")),
)
_NETWORKS = ("Job.virtual_networks", "VirtualNetwork", "NetworkInterface", "VNet")


def check_job(job: Job, document: Document) -> None:
    """Check a job as it stands in its document; rules on ill values are left out."""
    places = document.places
    steps = sized_steps(job, places)
    if steps is None:
        return
    _check_handles(job.steps, document)
    if document.is_sound("Job.virtual_networks", "VirtualNetwork.name"):
        check_networks(job, steps, places)
    if document.is_sound("JobResources", "Job.resources"):
        check_fit(job, steps, places)
    if document.is_sound(*_RESOURCES, *_HANDLES, *_NETWORKS, "ForRange"):
        check_concurrency(job, places)


def _check_handles(steps: tuple[Step, ...], document: Document) -> None:
    """Leave out what cannot be told where a launch may be missing, or an entry of a list."""
    if document.is_sound(*_LAUNCHES, "Step.depends_on"):
        check_handles(steps, document.places)


def check_module(module: Module, document: Document, *, is_strict: bool) -> None:
    """Check what can be told of a module without the job that uses it."""
    _check_handles(module.steps, document)
    for attribute, wire in (
        ("name", "name"),
        ("description", "description"),
        ("minimum_resources", "minimumResources"),
    ):
        if getattr(module, attribute) is None and document.is_sound(f"Module.{attribute}"):
            place = document.places.error if is_strict else document.places.warning
            place(module, wire, "required", message="is required in a published module")


def check_expanded(job: Job, places: Places) -> None:
    """Check a job once more after its modules have been put in place (W-MOD-9)."""
    steps = sized_steps(job, places)
    if steps is not None:
        check_networks(job, steps, places)
        check_fit(job, steps, places)
        check_concurrency(job, places)


def sized_steps(job: Job, places: Places) -> list[Step] | None:
    """Return all steps in document order; None, with a report, for too many steps or levels."""
    steps: list[Step] = []
    for step, level in leveled_steps_of(job.steps):
        if level > MAX_STEP_LEVELS:
            message = f"steps are nested deeper than {MAX_STEP_LEVELS} levels"
            places.error(step, "", "limit", message=message)
            return None
        steps.append(step)
        if len(steps) > MAX_STEPS:
            places.error(job, "steps", "limit", message=TOO_MANY_STEPS)
            return None
    return steps


def check_fit(job: Job, steps: list[Step], places: Places) -> None:
    """Report runs that need more than the whole job has (V-FIT)."""
    capacity = capacity_of(job.resources)
    for run in (step.run for step in steps if step.run is not None):
        demand = demand_of(run, job.resources)
        if demand.fits(capacity):
            continue
        if not (places.is_ill(run, "resources") or places.is_ill(run.resources)):
            shortages = ", ".join(demand.beyond(capacity))
            message = f"needs more than the job reserves: {shortages}"
            places.error(run, "resources", "resources", message=message)


def check_concurrency(job: Job, places: Places) -> None:
    """Report what cannot run beside what runs at the same time (V-PEAK, V-VNET)."""
    plan = plan_concurrency(job)
    for overload in plan.overloads:
        _report_overload(overload, places)
    for vnet in {id(vnet): vnet for vnet in plan.clashes}.values():
        message = "steps that can run at the same time use this address"
        places.error(vnet, "address", "vnet", message=message)


def _report_overload(overload: Overload, places: Places) -> None:
    listed = ", ".join(overload.shortages)
    wire = "maxParallel" if isinstance(overload.at, StepFor) else "resources"
    message = (
        f"what can run at once needs more than the job reserves: {listed}; "
        "ask for more, or await launches first"
    )
    places.error(overload.at, wire, "concurrency", message=message)
