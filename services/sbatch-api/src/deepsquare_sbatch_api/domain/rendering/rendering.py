"""The public entry: a workflow to the text of its batch script (workflow.md section 5)."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from deepsquare.errors import Refused
from deepsquare.hashing import batch_location_hash
from deepsquare.identifiers import BatchLocationHash
from deepsquare.workflow import Job
from deepsquare.workflow.concurrency import plan_concurrency
from deepsquare.workflow.demand import Demand
from deepsquare.workflow.model.expansion import ResolvedModule
from deepsquare_sbatch_api.domain.rendering.containers import ImageBook
from deepsquare_sbatch_api.domain.rendering.draft import Draft
from deepsquare_sbatch_api.domain.rendering.environment import entries
from deepsquare_sbatch_api.domain.rendering.images import ImageFacts, ImageReference
from deepsquare_sbatch_api.domain.rendering.library import library
from deepsquare_sbatch_api.domain.rendering.networks import VirtualNetworks
from deepsquare_sbatch_api.domain.rendering.runs import RunRenderer
from deepsquare_sbatch_api.domain.rendering.scopes import Place
from deepsquare_sbatch_api.domain.rendering.shell import (
    Assignment,
    Command,
    Function,
    Library,
    Node,
    literal,
    write_script,
)
from deepsquare_sbatch_api.domain.rendering.steps import StepNote, StepRenderer
from deepsquare_sbatch_api.domain.rendering.transfers import render_transfers

MAX_SCRIPT_BYTES = 2 * 1024 * 1024
"""W-REN-10."""

FORMAT_VERSION = 1
_LARGEST_STEPS = 5
TOOLS = ("chmod", "env", "head", "mkdir", "mv", "rm", "scancel", "srun")
"""What every script needs in ``PATH`` (W-SITE-3)."""
NO_IMAGES: Mapping[ImageReference, ImageFacts] = MappingProxyType({})
NONCE = re.compile(r"[0-9a-f]{32}")
"""The form of a nonce (W-REN-2)."""


class ScriptTooLarge(Refused):
    """The batch script of the workflow is above 2 MiB."""

    code = "limit"


@dataclass(frozen=True, slots=True)
class Rendering:
    """A batch script and what a dry run shows of it (W-REN-12)."""

    script: str = field(repr=False)
    """Confidential: it holds the workflow's secrets (W-REN-11)."""
    batch_location_hash: BatchLocationHash
    peak: Demand
    steps: tuple[StepNote, ...]
    images: tuple[tuple[ImageReference, ImageFacts], ...] = ()
    modules: tuple[ResolvedModule, ...] = ()


def render(
    job: Job, *, nonce: str, images: Mapping[ImageReference, ImageFacts] = NO_IMAGES
) -> Rendering:
    """Render an expanded, valid workflow into its batch script.

    ``nonce`` is 32 lower-case hex digits, fresh for each submission, so that equal workflows have
    different hashes. ``images`` holds what look-up found (section 7); an image without an entry is
    fetched by its tag. The same arguments give the same bytes in any process.

    Raises `ScriptTooLarge` for a script above 2 MiB, and `ValueError` for a malformed nonce.
    """
    if not NONCE.fullmatch(nonce):
        raise ValueError("a nonce is 32 lower-case hex digits")
    plan = plan_concurrency(job)
    networks = VirtualNetworks.of(job)
    book = ImageBook(images)
    draft = Draft()
    render_transfers(job, draft)
    runs = RunRenderer(job.resources, book, networks, draft)
    renderer = StepRenderer(runs=runs, limit_of=plan.limit_of, draft=draft)
    names, notes = renderer.steps(job.steps, Place.root())
    if networks.used:
        draft.parts |= {"networks", "node_gateway"}
        draft.tools |= {"cp", "getent", "grep", "ip", "nsenter", "pasta", "scontrol", "unshare"}
        draft.nodes.append(networks.start())
    tools = sorted({*TOOLS, *draft.tools})
    nodes: list[Node] = [
        Library(_header(job, nonce)),
        Library(library(frozenset(draft.parts))),
        *_settings(job),
        *draft.nodes,
        Function("__ds_steps", [Command("__ds_list", names)]),
        Command("__ds_main", [literal(tool) for tool in tools]),
    ]
    script = write_script(nodes)
    raw = script.encode("utf-8")
    if len(raw) > MAX_SCRIPT_BYTES:
        raise ScriptTooLarge(
            f"the batch script has {len(raw)} bytes; at most 2 MiB are accepted",
            details={"bytes": len(raw), "largest_steps": _largest_steps(draft.nodes, notes)},
        )
    return Rendering(
        script=script,
        batch_location_hash=batch_location_hash(raw),
        peak=plan.peak,
        steps=tuple(notes),
        modules=tuple(dict.fromkeys(renderer.modules)),
        images=tuple(book.used.items()),
    )


def _largest_steps(nodes: Sequence[Node], notes: Sequence[StepNote]) -> list[dict[str, object]]:
    """Return path, name and bytes of the steps whose functions take most of the script."""
    steps = {note.path.replace(".", "_"): note for note in _all_notes(notes)}
    sizes: Counter[str] = Counter()
    for node in nodes:
        if isinstance(node, Function) and (key := node.name.split("_", 4)[4]) in steps:
            sizes[key] += len(write_script([node]).encode())
    return [
        {"path": steps[key].path, "name": steps[key].name, "bytes": size}
        for key, size in sizes.most_common(_LARGEST_STEPS)
    ]


def _all_notes(notes: Sequence[StepNote]) -> Iterator[StepNote]:
    for note in notes:
        yield note
        yield from _all_notes(note.children)


def _header(job: Job, nonce: str) -> str:
    """Return the first lines (W-REN-2); the text consists of checked parts only."""
    logging = "on" if job.enable_logging else "off"
    return (
        "#!/bin/bash -l\n"
        f"# deepsquare-workflow: {FORMAT_VERSION}\n"
        f"# nonce: {nonce}\n"
        f"# logging: {logging}\n"
        "set -euo pipefail"
    )


def _settings(job: Job) -> Sequence[Node]:
    resources = job.resources
    return [
        Assignment("__ds_tasks", literal(str(resources.tasks))),
        Assignment("__ds_cpus_per_task", literal(str(resources.cpus_per_task))),
        Assignment("__ds_mem_per_cpu", literal(str(resources.mem_per_cpu))),
        Assignment("__ds_gpus", literal(str(resources.gpus))),
        entries("__ds_env_job", job.env),
    ]
