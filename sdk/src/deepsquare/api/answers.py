"""What the sbatch API answers, as values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deepsquare.api.errors import SbatchApiBroken
from deepsquare.identifiers import BatchLocationHash


@dataclass(frozen=True, slots=True)
class Resources:
    """What the whole job asks for; ``memory_per_cpu_mb`` counts for each CPU of each task."""

    tasks: int
    cpus_per_task: int
    mem_per_cpu_mb: int
    gpus: int


@dataclass(frozen=True, slots=True)
class StoredWorkflow:
    """A workflow that was rendered and kept until ``expires_at``, longer if a job refers to it.

    ``warnings``, ``images`` and ``modules`` are JSON values as in api.md 1.
    """

    batch_location_hash: BatchLocationHash
    resources: Resources
    warnings: Sequence[Mapping[str, Any]]
    images: Sequence[Any]
    modules: Sequence[Any]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class RenderedWorkflow:
    """The script a workflow would become, and the dry-run information (W-REN-12)."""

    script: str
    report: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Validation:
    """A workflow that is valid, and what the server has to say about it."""

    warnings: Sequence[Mapping[str, Any]]
    report: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LogSize:
    """How many bytes of a log there are, and whether more may come."""

    size: int
    ended: bool


@dataclass(frozen=True, slots=True)
class LogChunk:
    """Some bytes of a log; ``offset`` is where to go on."""

    data: bytes
    offset: int


def parse_stored(body: Mapping[str, Any]) -> StoredWorkflow:
    """Read the answer of `POST /v1/workflows`; raises `SbatchApiBroken`."""
    try:
        return StoredWorkflow(
            batch_location_hash=BatchLocationHash(str(body["batchLocationHash"])),
            resources=parse_resources(body["resources"]),
            warnings=tuple(body.get("warnings") or ()),
            images=tuple(body.get("images") or ()),
            modules=tuple(body.get("modules") or ()),
            expires_at=datetime.fromisoformat(body["expiresAt"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise SbatchApiBroken("the sbatch API answered no stored workflow") from error


def parse_resources(body: Mapping[str, Any]) -> Resources:
    """Read the resources of a job by their wire names."""
    return Resources(
        tasks=int(body["tasks"]),
        cpus_per_task=int(body["cpusPerTask"]),
        mem_per_cpu_mb=int(body["memPerCpu"]),
        gpus=int(body["gpus"]),
    )


def parse_rendered(body: Mapping[str, Any]) -> RenderedWorkflow:
    """Read the answer of `POST /v1/workflows:render`; raises `SbatchApiBroken`."""
    script = body.get("script")
    if not isinstance(script, str):
        raise SbatchApiBroken("the sbatch API answered no script")
    return RenderedWorkflow(script, {k: v for k, v in body.items() if k != "script"})


def parse_validation(body: Mapping[str, Any]) -> Validation:
    """Read the answer of `POST /v1/workflows:validate`."""
    return Validation(tuple(body.get("warnings") or ()), dict(body))
