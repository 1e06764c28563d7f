"""From a parsed workflow to one that can be rendered: modules in place, images looked up."""

import asyncio
import socket
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.sbatch_api.modules.repositories import Repository
from tests.sbatch_api.modules.test_expansion import a_job, a_module, a_use, fetched

from deepsquare.workflow import (
    ExpandedUse,
    ParsedWorkflow,
    WorkflowInvalid,
    parse_workflow,
    parse_workflow_data,
)
from deepsquare_sbatch_api.app import images as images_module
from deepsquare_sbatch_api.app import planning as planning_module
from deepsquare_sbatch_api.app.images import ImageLookUp, LookUpMode
from deepsquare_sbatch_api.app.modules import ModuleExpander, ModulesOff
from deepsquare_sbatch_api.app.planning import Prepared, RenderingPlanner
from deepsquare_sbatch_api.app.preparation import OutsidePreparation
from deepsquare_sbatch_api.domain.modules import FetchedModule, ModuleRefused, ModuleSource
from deepsquare_sbatch_api.domain.modules import loading as loading_module
from deepsquare_sbatch_api.domain.rendering import ImageFacts, ImageReference
from deepsquare_sbatch_api.domain.templates import render_template
from deepsquare_sbatch_api.entrypoints.planner import (
    OutsideWorld,
    offline_planner,
    parse_mirrors,
    planner_for,
)
from deepsquare_sbatch_api.ports.images import ImageRefused, ImageUnknown

Data = dict[str, Any]
FOUND = ImageFacts(digest="sha256:" + "0" * 64, working_directory="/w")


class FakeRepositories:
    """`ModuleRepositories` that hold texts by name; counts what is fetched."""

    def __init__(self, **texts: str) -> None:
        self.texts = texts
        self.asked: list[str] = []

    async def fetch(self, source: ModuleSource) -> FetchedModule:
        self.asked.append(source.text)
        await asyncio.sleep(0)
        if source.name not in self.texts:
            raise ModuleRefused(f"there is no public repository {source.repository}")
        return fetched(source.name, self.texts[source.name])


class FakeRegistries:
    """`ImageRegistries` that know images by name; records how many are asked at once."""

    def __init__(self, **answers: ImageFacts | Exception) -> None:
        self.answers = answers
        self.asked: list[ImageReference] = []
        self.at_once = 0
        self.most_at_once = 0

    async def look_up(self, image: ImageReference) -> ImageFacts:
        self.asked.append(image)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0.001)
        self.at_once -= 1
        answer = self.answers.get(image.name, FOUND)
        if isinstance(answer, Exception):
            raise answer
        return answer


class NoSyntax:
    """`ConditionSyntax` of jobs without conditions: it must not be asked."""

    async def problems(self, conditions: Sequence[str]) -> dict[str, str]:
        raise AssertionError(f"asked about {conditions}")


def in_container(image: str, **changes: Any) -> Data:
    return {"run": {"command": "a", "container": {"image": image, **changes}}}


async def prepared(
    job: str | ParsedWorkflow,
    *,
    registries: FakeRegistries | None = None,
    mode: LookUpMode = "prefer",
    repositories: Any = None,
) -> Prepared:
    expander = ModuleExpander(repositories or ModulesOff())
    images = ImageLookUp(registries or FakeRegistries(), mode)
    preparation = OutsidePreparation(expander, images, NoSyntax())
    return await preparation.prepare(parse_workflow(job) if isinstance(job, str) else job)


async def refusal(job: str, **options: Any) -> WorkflowInvalid:
    with pytest.raises(WorkflowInvalid) as caught:
        await prepared(job, **options)
    return caught.value


async def test_modules__nested_and_repeated__are_fetched_once_each() -> None:
    """W-MOD-3, W-REN-12."""
    repositories = FakeRepositories(m=a_module(a_use("n"), a_use("n")), n=a_module())
    done = await prepared(a_job(a_use("m"), a_use("m")), repositories=repositories)
    assert repositories.asked == ["h.org/o/m", "h.org/o/n"]
    assert done.modules == (
        {"source": "h.org/o/m", "commit": "c" * 40},
        {"source": "h.org/o/n", "commit": "c" * 40},
    )
    assert all(isinstance(step.use, ExpandedUse) for step in done.job.steps)


async def test_modules__nested_in_levels__are_rendered_once_for_each_use(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """W-TPL-5, F2: not once more for each level that must be fetched."""
    rendered: list[str] = []

    def counting(text: str, data: Any) -> str:
        rendered.append(text)
        return render_template(text, data)

    monkeypatch.setattr(loading_module, "render_template", counting)
    texts = {"a": a_module(a_use("b")), "b": a_module(a_use("c")), "c": a_module()}
    await prepared(a_job(a_use("a"), a_use("c")), repositories=FakeRepositories(**texts))
    assert sorted(rendered) == sorted([*texts.values(), texts["c"]])


async def test_errors__of_modules_conditions_and_images__stand_in_document_order() -> None:
    """W-ERR-1."""
    job = a_job(
        {"name": "first", **a_use("x"), "catch": [a_use("y")], "finally": [a_use("z")]},
        a_use("x"),
    )
    lines = [
        error.line or 0 for error in (await refusal(job, repositories=FakeRepositories())).errors
    ]
    assert lines == sorted(lines)
    registries = FakeRegistries(a=ImageRefused("none"), b=ImageRefused("none"))
    images = a_job(in_container("a"), in_container("b"), in_container("a"))
    with pytest.raises(WorkflowInvalid) as caught:
        await prepared(parse_workflow_data(yaml.safe_load(images)), registries=registries)
    assert [error.namespace for error in caught.value.errors] == [
        f"Job.steps[{index}].run.container.image" for index in range(3)
    ]


async def test_modules__switched_off__make_every_use_an_error() -> None:
    """W-MOD-6."""
    invalid = await refusal(a_job(a_use()))
    assert [(e.type, e.namespace, e.message) for e in invalid.errors] == [
        ("module", "Job.steps[0].use.source", "this service does not offer modules")
    ]


async def test_modules__that_cannot_be_had__are_all_reported() -> None:
    """W-MOD-7."""
    invalid = await refusal(a_job(a_use("x"), a_use("y")), repositories=FakeRepositories())
    assert [error.namespace for error in invalid.errors] == [
        "Job.steps[0].use.source",
        "Job.steps[1].use.source",
    ]


async def test_images__of_job_and_modules__are_looked_up_once_each_at_most_eight_at_once() -> None:
    """W-LOOK-7."""
    steps = [in_container(f"image{n}:1") for n in range(20)]
    module = a_module(in_container("image0:1"), in_container("of-module"))
    registries = FakeRegistries()
    done = await prepared(
        a_job(*steps, *steps, a_use()),
        registries=registries,
        repositories=FakeRepositories(m=module),
    )
    assert len(registries.asked) == 21
    assert registries.most_at_once == 8
    assert set(done.facts.values()) == {FOUND}
    assert done.images[0] == {"image": "image0:1", "digest": FOUND.digest, "why": None}


async def test_images__that_are_hosted_or_files__are_not_looked_up() -> None:
    registries = FakeRegistries()
    job = a_job(in_container("x", deepsquareHosted=True), in_container("/x.sif"))
    assert (await prepared(job, registries=registries)).facts == {}
    assert registries.asked == []


async def test_image__not_found__is_an_error_wherever_it_stands() -> None:
    """W-LOOK-6."""
    registries = FakeRegistries(none=ImageRefused("the registry has no such image"))
    job = a_job(in_container("none"), in_container("fine"), {"catch": [in_container("none")]})
    invalid = await refusal(job, registries=registries)
    assert [(e.type, e.namespace, e.message) for e in invalid.errors] == [
        ("image", f"Job.{place}.run.container.image", "the registry has no such image")
        for place in ("steps[0]", "steps[2].catch[0]")
    ]
    assert invalid.errors[0].line is not None


async def test_image__of_a_registry_that_is_away__is_a_warning_or_with_require_an_error() -> None:
    """W-LOOK-6."""
    registries = FakeRegistries(away=ImageUnknown("the registry cannot be reached"))
    job = a_job(in_container("away"))
    done = await prepared(job, registries=registries)
    assert [(w.type, w.field, w.message) for w in done.warnings] == [
        ("warning", "image", "the registry cannot be reached")
    ]
    (facts,) = done.facts.values()
    assert (facts.digest, facts.why) == (None, "the registry cannot be reached")
    invalid = await refusal(job, registries=registries, mode="require")
    assert [error.type for error in invalid.errors] == ["image"]


async def test_images__beyond_fifty_or_sixty_seconds__stay_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """W-LOOK-3."""
    registries = FakeRegistries()
    job = a_job(*[in_container(f"image{n}") for n in range(52)])
    done = await prepared(job, registries=registries)
    assert len(registries.asked) == 50
    assert {w.message for w in done.warnings} == {"a job has at most 50 images that are looked up"}
    assert len(done.warnings) == 2
    monkeypatch.setattr(images_module, "JOB_SECONDS", 0)
    late = await prepared(a_job(in_container("x")))
    assert [w.message for w in late.warnings] == ["the registries of this job take too long"]


async def test_look_up__switched_off__asks_nobody_and_warns_once() -> None:
    """W-LOOK-8."""
    registries = FakeRegistries()
    job = a_job(in_container("x"), in_container("y"))
    done = await prepared(job, registries=registries, mode="off")
    assert registries.asked == []
    assert [w.tag for w in done.warnings] == ["image_lookup"]
    assert {facts.digest for facts in done.facts.values()} == {None}
    assert (await prepared(a_job(), mode="off")).warnings == ()


async def test_offline_planner__opens_no_socket__and_gives_the_same_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """W-LOOK-8, W-REN-1."""

    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError(f"a socket was asked for: {arguments} {options}")

    document = a_job(in_container("alpine")).encode()
    planner = offline_planner()
    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    plans = [await planner.plan(document, nonce="0" * 32) for _ in range(2)]
    assert plans[0].script == plans[1].script
    with pytest.raises(WorkflowInvalid):
        await planner.plan(a_job(a_use()).encode(), nonce="0" * 32)


@pytest.mark.integration
async def test_planner__with_a_mirror__renders_a_workflow_with_a_module(tmp_path: Path) -> None:
    """W-MOD-6, W-REN-12, W-USE-1."""
    repository = Repository.create(tmp_path / "mirror" / "o" / "m")
    inputs = [{"key": "WHO", "default": "world"}]
    step = {"run": {"command": 'echo "hello $WHO"'}}
    commit = repository.commit({"module.yaml": a_module(step, inputs=inputs)}, tag="v1")
    world = OutsideWorld(image_lookup="off", module_mirrors={"h.org": tmp_path / "mirror"})
    planner = planner_for(world, has_modules=True)
    plan = await planner.plan(a_job(a_use("m@v1")).encode(), nonce="0" * 32)
    assert plan.report["modules"] == [{"source": "h.org/o/m@v1", "commit": commit}]
    script = plan.script.decode()
    assert 'echo "hello $WHO"' in script
    assert f"h.org/o/m@{commit}" in script


async def test_mirror__relative_and_with_its_host_in_capitals__is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """W-MOD-6."""
    Repository.create(tmp_path / "local" / "o" / "r").commit({"module.yaml": a_module()})
    monkeypatch.chdir(tmp_path)
    world = OutsideWorld(module_mirrors=parse_mirrors(("H.org=local",)), image_lookup="off")
    plan = await planner_for(world, has_modules=True).plan(
        a_job(a_use("r")).encode(), nonce="0" * 32
    )
    assert [module["source"] for module in plan.report["modules"]] == ["h.org/o/r"]


def test_job_without_modules__is_left_as_it_is() -> None:
    parsed: ParsedWorkflow = parse_workflow(yaml.safe_dump(yaml.safe_load(a_job())))
    expansion = asyncio.run(ModuleExpander(FakeRepositories()).expand(parsed))
    assert expansion.job is parsed.job


ALIASES = b"""
resources: {tasks: 1, cpusPerTask: 1, memPerCpu: 1, gpus: 0}
steps: [&s {run: {command: "true"}}, *s, *s]
"""


@pytest.mark.parametrize(
    ("document", "modules", "parses_aside", "renders_aside"),
    [
        (a_job({"run": {"command": "true"}}).encode(), (), False, False),
        (a_job({"run": {"command": "#" * 40_000}}).encode(), (), True, True),
        (ALIASES, (), True, True),
        (a_job().encode(), ({"source": "h.org/o/m", "commit": "c" * 40},), False, True),
    ],
)
async def test_work__that_may_take_long__is_done_beside_the_event_loop(
    monkeypatch: pytest.MonkeyPatch,
    document: bytes,
    modules: tuple[Data, ...],
    parses_aside: bool,
    renders_aside: bool,
) -> None:
    """F2: a few hundred bytes may become thousands of steps, by aliases or modules."""
    is_aside: list[bool] = []

    def noting(work: Any) -> Any:
        def run(*arguments: Any, **options: Any) -> Any:
            is_aside.append(threading.current_thread() is not threading.main_thread())
            return work(*arguments, **options)

        return run

    class WithModules:
        async def prepare(self, parsed: ParsedWorkflow) -> Prepared:
            return Prepared(job=parsed.job, warnings=(), modules=modules)

    for name in ("parse_workflow", "render"):
        monkeypatch.setattr(planning_module, name, noting(getattr(planning_module, name)))
    await RenderingPlanner(WithModules()).plan(document, nonce="0" * 32)
    assert is_aside == [parses_aside, renders_aside]
