"""The corpus runs against stubs.

The published workflows are run with their commands replaced: they need images and accounts.
"""

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest
from tests.sbatch_api.modules.repositories import Repository
from tests.sbatch_api.rendering.corpus import (
    HAS_PLACEHOLDERS,
    NEEDS_MODULES,
    PUBLISHED,
    PUBLISHED_FOLDER,
    case,
)
from tests.support.batch import BatchSite

from deepsquare.workflow import ExpandedUse, Job, Step, WorkflowInvalid, parse_workflow
from deepsquare_sbatch_api.app.planning import RenderingPlanner
from deepsquare_sbatch_api.entrypoints.planner import OutsideWorld, planner_for


def with_commands(step: Step, command: str) -> Step:
    """Return a step whose runs do something short on the host network of their container."""
    fields: dict[str, Any] = {
        name: tuple(with_commands(child, command) for child in getattr(step, name))
        for name in ("steps", "catch", "finally_")
    }
    for name in ("for_", "launch"):
        holder = getattr(step, name)
        if holder is not None:
            steps = tuple(with_commands(child, command) for child in holder.steps)
            fields[name] = dataclasses.replace(holder, steps=steps)
    if isinstance(step.use, ExpandedUse):
        body = tuple(with_commands(child, command) for child in step.use.body)
        fields["use"] = dataclasses.replace(step.use, body=body)
    if step.run is not None:
        fields["run"] = dataclasses.replace(step.run, command=command)
    return dataclasses.replace(step, **fields)


@pytest.mark.integration
@pytest.mark.parametrize("name", PUBLISHED)
def test_published_workflow__against_stubs__runs_to_its_end(site: BatchSite, name: str) -> None:
    """Conformance: all sample workflows run against stubs."""
    job: Job = case(name)
    job = with_all_commands(job, 'echo "here $STORAGE_PATH"')
    job = dataclasses.replace(job, input=None, output=None)
    hosted = site.root / "hosted"
    for image in ("linuxserver/blender:3.4.1", "library/upscaling:latest"):
        for registry in ("registry-1.docker.io", "registry-1.deepsquare.run"):
            path = hosted / registry / image
            path.mkdir(parents=True, exist_ok=True)
    for image in ("internal/chatbot-runtime:latest", "library/stable-diffusion:latest"):
        (hosted / "registry-1.deepsquare.run" / image).mkdir(parents=True, exist_ok=True)
    site.settings["HOSTED_IMAGES"] = str(hosted)
    job = _with_mounts_at(job, site.root / "mounted")
    result = site.run(job)
    assert result.code == 0, result.stderr
    assert "here /" in result.stdout
    assert not site.storage.exists()


@pytest.mark.integration
@pytest.mark.parametrize("name", sorted(NEEDS_MODULES) if PUBLISHED else [])
async def test_published_workflow__with_a_module__runs_to_its_end(
    site: BatchSite, tmp_path: Path, name: str
) -> None:
    """Conformance: a module of our own stands at the source that the sample names."""
    text = (PUBLISHED_FOLDER / f"{name}.yaml").read_text()
    sources = re.findall(r"source: (github\.com/\S+)", text)
    module = "name: stand-in\nsteps:\n  - name: of the module\n    run: {command: a}\n"
    repositories = {source.rpartition("/")[0] for source in sources}
    for repository in repositories:
        mirror = Repository.create(tmp_path / "mirror" / repository)
        paths = [s.removeprefix(repository + "/") for s in sources if s.startswith(repository)]
        mirror.commit({f"{path}/module.yaml": module for path in paths})
    world = OutsideWorld(
        image_lookup="off", module_mirrors={"github.com": tmp_path / "mirror" / "github.com"}
    )
    planner = planner_for(world, has_modules=True)
    assert isinstance(planner, RenderingPlanner)
    job = (await planner.preparation.prepare(parse_workflow(text))).job
    result = site.run(with_all_commands(job, 'echo "here $STORAGE_PATH"'))
    assert result.code == 0, result.stderr
    assert "Running: of the module\n" in result.stdout
    assert "here /deepsquare\n" in result.stdout
    assert not site.storage.exists()


def with_all_commands(job: Job, command: str) -> Job:
    return dataclasses.replace(job, steps=tuple(with_commands(step, command) for step in job.steps))


def _with_mounts_at(job: Job, root: Path) -> Job:
    """Mount directories that exist here instead of those of another site."""
    root.mkdir()

    def moved(step: Step) -> Step:
        run = step.run
        if run is not None and run.container is not None:
            mounts = tuple(
                dataclasses.replace(mount, host_dir=str(root)) for mount in run.container.mounts
            )
            container = dataclasses.replace(run.container, mounts=mounts)
            step = dataclasses.replace(step, run=dataclasses.replace(run, container=container))
        if step.for_ is not None:
            inner = tuple(map(moved, step.for_.steps))
            step = dataclasses.replace(step, for_=dataclasses.replace(step.for_, steps=inner))
        return step

    return dataclasses.replace(job, steps=tuple(map(moved, job.steps)))


@pytest.mark.parametrize("name", sorted(HAS_PLACEHOLDERS) if PUBLISHED else [])
def test_published_workflow__with_placeholders__is_refused_for_them_only(name: str) -> None:
    """Conformance: one sample has placeholders where addresses and keys belong."""
    with pytest.raises(WorkflowInvalid) as refused:
        parse_workflow((PUBLISHED_FOLDER / f"{name}.yaml").read_bytes())
    fields = {error.namespace.partition("wireguard")[2] for error in refused.value.errors}
    assert fields == {".privateKey", ".address[0]", ".peers[0].publicKey", ".peers[0].endpoint"}
