"""How a `use` and its module fit: arguments, outputs, resources (V-USE, V-RES, W-MOD-8)."""

from collections.abc import Iterator

from deepsquare.workflow import EnvVar, Job, JobResources, Module, StepUse
from deepsquare.workflow.errors import shown
from deepsquare.workflow.rules import is_reserved

_RESOURCES = (
    ("tasks", "tasks"),
    ("cpus_per_task", "cpusPerTask"),
    ("mem_per_cpu", "memPerCpu"),
    ("gpus", "gpus"),
)


def bind(module: Module, use: StepUse) -> tuple[EnvVar, ...]:
    """Return what the module's inputs are set to: the argument, else the default, else nothing."""
    given = {arg.key: arg.value for arg in use.args}
    bound = ((each.key, given.get(each.key, each.default)) for each in module.inputs)
    return tuple(EnvVar(key=key, value=value) for key, value in bound if value is not None)


def unknown_arguments(module: Module, use: StepUse) -> Iterator[tuple[EnvVar, str]]:
    """Yield the arguments that name no input, and why they are wrong (V-USE)."""
    inputs = {each.key for each in module.inputs}
    listed = ", ".join(sorted(inputs)) or "none"
    for arg in use.args:
        if arg.key not in inputs:
            yield arg, f"the module has no input {shown(arg.key)}; its inputs are: {listed}"


def reserved_exports(module: Module, use: StepUse) -> Iterator[str]:
    """Yield why an exported name is not allowed (V-RES)."""
    for output in module.outputs if use.export_env_as is not None else ():
        name = f"{use.export_env_as}_{output.key}"
        if is_reserved(name):
            yield f"exports the variable {shown(name)}, which is reserved for the system"


def missing_resources(module: Module, job: Job) -> Iterator[str]:
    """Yield what the job has too little of for the module (W-MOD-8)."""
    minimum: JobResources | None = module.minimum_resources
    if minimum is None:
        return
    for attribute, wire in _RESOURCES:
        needed, actual = getattr(minimum, attribute), getattr(job.resources, attribute)
        if actual < needed:
            name = shown(module.name) if module.name else "the module"
            yield f"{name} needs {wire} of at least {needed}; the job has {actual}"
