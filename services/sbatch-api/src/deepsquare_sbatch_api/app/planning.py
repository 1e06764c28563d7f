"""Making workflows into scripts: parse, prepare, render, report."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from deepsquare.workflow import (
    Job,
    ParsedWorkflow,
    WorkflowError,
    WorkflowInvalid,
    parse_workflow,
    parse_workflow_data,
)
from deepsquare_sbatch_api.app.workflows import Plan
from deepsquare_sbatch_api.domain.rendering import (
    ImageFacts,
    ImageReference,
    Rendering,
    ScriptTooLarge,
    StepNote,
    render,
)

T = TypeVar("T")

_LARGE_BYTES = 32 * 1024
"""Documents from this size are handled off the event loop; smaller ones take a millisecond."""

_ANY_NONCE = "0" * 32


@dataclass(frozen=True)
class Prepared:
    """A workflow with its modules in place, and what was looked up for it."""

    job: Job
    warnings: tuple[WorkflowError, ...]
    modules: tuple[Mapping[str, Any], ...] = ()
    images: tuple[Mapping[str, Any], ...] = ()
    facts: Mapping[ImageReference, ImageFacts] = field(default_factory=dict)
    """What the renderer needs to know of the images that were found."""


class Preparation(Protocol):
    """Fetches what a workflow refers to."""

    async def prepare(self, parsed: ParsedWorkflow) -> Prepared:
        """Expand modules and look images up; raises `WorkflowInvalid`."""


@dataclass(frozen=True)
class RenderingPlanner:
    """`Planner` by the SDK's parser and the renderer."""

    preparation: Preparation

    async def plan(self, document: bytes | Mapping[str, Any], *, nonce: str) -> Plan:
        """See `Planner.plan`."""
        is_large = _may_be_large(document)
        parsed = await _run(lambda: _parse(document), is_large=is_large)
        prepared = await self.preparation.prepare(parsed)
        is_large = is_large or bool(prepared.modules)
        rendering = await _run(lambda: _render(prepared, nonce), is_large=is_large)
        return Plan(
            script=rendering.script.encode(),
            resources=_resources(prepared.job),
            report=_report(prepared, rendering),
        )

    async def check(self, document: bytes | Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Planner.check`; it renders too, so that it refuses what `plan` refuses."""
        plan = await self.plan(document, nonce=_ANY_NONCE)
        return {"resources": plan.resources, **plan.report}


def _may_be_large(document: bytes | Mapping[str, Any]) -> bool:
    """Tell whether a document, with its aliases expanded, may take long."""
    if not isinstance(document, bytes):
        return True
    return len(document) >= _LARGE_BYTES or (b"&" in document and b"*" in document)


async def _run(work: Callable[[], T], *, is_large: bool) -> T:
    return await asyncio.to_thread(work) if is_large else work()


def _parse(document: bytes | Mapping[str, Any]) -> ParsedWorkflow:
    if isinstance(document, bytes):
        return parse_workflow(document)
    return parse_workflow_data(document)


def _render(prepared: Prepared, nonce: str) -> Rendering:
    try:
        return render(prepared.job, nonce=nonce, images=prepared.facts)
    except ScriptTooLarge as error:
        problem = WorkflowError("validation", "limit", "Job", "Job", error.message)
        raise WorkflowInvalid([problem]) from error


def _resources(job: Job) -> dict[str, int]:
    resources = job.resources
    return {
        "tasks": resources.tasks,
        "cpusPerTask": resources.cpus_per_task,
        "memPerCpu": resources.mem_per_cpu,
        "gpus": resources.gpus,
    }


def _report(prepared: Prepared, rendering: Rendering) -> dict[str, Any]:
    peak = rendering.peak
    return {
        "warnings": [warning.as_dict() for warning in prepared.warnings],
        "images": list(prepared.images),
        "modules": list(prepared.modules),
        "peakDemand": {
            "tasks": peak.tasks,
            "cpus": peak.cpus,
            "memMb": peak.mem_mb,
            "gpus": peak.gpus,
        },
        "steps": [_step(note) for note in rendering.steps],
    }


def _step(note: StepNote) -> dict[str, Any]:
    children = [_step(child) for child in note.children]
    return {"path": note.path, "name": note.name, "kind": note.kind, "steps": children}
