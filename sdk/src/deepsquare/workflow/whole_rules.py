"""Rules of workflow.md 2.4 that concern a whole job or module."""

from deepsquare.workflow.concurrency import Overload, plan_concurrency
from deepsquare.workflow.convert import MAX_STEP_LEVELS
from deepsquare.workflow.demand import capacity_of, demand_of
from deepsquare.workflow.document import Document, Places
from deepsquare.workflow.handles import check_handles
from deepsquare.workflow.model import Job, Module, StepFor
from deepsquare.workflow.model.walk import leveled_steps_of, runs_of
from deepsquare.workflow.networks import check_networks

MAX_STEPS = 2_000
"""Steps of a job, those of modules included (V-LIM)."""

_RESOURCES = ("JobResources", "StepRunResources", "Job.resources", "StepRun.resources")
_STRUCTURE = (*(f"Step.{body}" for body in ("steps", "run", "for_", "launch", "use")), "StepFor")
_HANDLES = (*_STRUCTURE, "StepAsyncLaunch")
_NETWORKS = ("Job.virtual_networks", "VirtualNetwork", "NetworkInterface", "VNet")


def check_job(job: Job, document: Document) -> None:
    """Check a job as it stands in its document; rules on ill values are left out."""
    places = document.places
    if not check_size(job, places):
        return
    if document.is_sound(*_HANDLES):
        check_handles(job.steps, places)
    if document.is_sound(*_NETWORKS, "StepRun.custom_network_interfaces"):
        check_networks(job, places)
    if document.is_sound(*_RESOURCES):
        check_fit(job, places)
    if document.is_sound(*_RESOURCES, *_HANDLES, *_NETWORKS, "ForRange"):
        check_concurrency(job, places)


def check_module(module: Module, document: Document, *, is_strict: bool) -> None:
    """Check what can be told of a module without the job that uses it."""
    if document.is_sound(*_HANDLES):
        check_handles(module.steps, document.places)
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
    if check_size(job, places):
        check_networks(job, places)
        check_fit(job, places)
        check_concurrency(job, places)


def check_size(job: Job, places: Places) -> bool:
    """Report too many steps or levels; tell whether the job is small enough to go on."""
    for count, (step, level) in enumerate(leveled_steps_of(job.steps), 1):
        if level > MAX_STEP_LEVELS:
            message = f"steps are nested deeper than {MAX_STEP_LEVELS} levels"
            places.error(step, "", "limit", message=message)
            return False
        if count > MAX_STEPS:
            message = f"a job has at most {MAX_STEPS} steps, those of modules included"
            places.error(job, "steps", "limit", message=message)
            return False
    return True


def check_fit(job: Job, places: Places) -> None:
    """Report runs that need more than the whole job has (V-FIT)."""
    capacity = capacity_of(job.resources)
    for run in runs_of(job.steps):
        shortages = demand_of(run, job.resources).beyond(capacity)
        if shortages:
            message = f"needs more than the job reserves: {', '.join(shortages)}"
            places.error(run, "resources", "resources", message=message)


def check_concurrency(job: Job, places: Places) -> None:
    """Report what cannot run beside what runs at the same time (V-PEAK, V-VNET)."""
    plan = plan_concurrency(job)
    for overload in plan.overloads:
        _report_overload(overload, places)
    for vnet in plan.clashes:
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
