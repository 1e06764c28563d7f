"""A model written as a document is read as the same model."""

import dataclasses
import json
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from tests.sdk.workflow.documents import a_run, job_with_steps
from tests.sdk.workflow.models import JOBS, PLENTY

from deepsquare.workflow import (
    EnvVar,
    ExpandedUse,
    ForRange,
    Job,
    Module,
    ModuleInput,
    ResolvedModule,
    Step,
    StepFor,
    StepRun,
    StepUse,
    parse_module,
    parse_workflow,
    parse_workflow_data,
    to_data,
    to_json,
    to_yaml,
)

EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("*.yaml"))


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(JOBS)
def test_export__of_any_job__reads_back_as_the_same_job(job: Job) -> None:
    """W-DOC-1: as values, as JSON and as YAML."""
    assert parse_workflow_data(to_data(job)).job == job
    assert parse_workflow(to_json(job)).job == job
    assert parse_workflow(to_yaml(job)).job == job


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_export__of_our_examples__reads_back_as_the_same_job(path: Path) -> None:
    job = parse_workflow(path.read_bytes()).job
    assert parse_workflow(to_yaml(job)).job == job
    assert parse_workflow(to_json(job)).job == job


def test_export__of_a_small_job__is_what_a_person_would_write() -> None:
    """Wire names, the order of the reference, no defaults, block text, quotes where needed."""
    run = StepRun(command="set -e\necho hello\n", env=(EnvVar(key="A", value="yes"),))
    again = StepFor(range=ForRange(begin=1, end=3), steps=(Step(run=StepRun(command="")),))
    job = Job(
        resources=PLENTY, enable_logging=True, steps=(Step(name="hi", run=run), Step(for_=again))
    )
    assert to_yaml(job) == (
        "resources:\n"
        "  tasks: 10000\n"
        "  cpusPerTask: 4\n"
        "  memPerCpu: 1000\n"
        "  gpus: 0\n"
        "enableLogging: true\n"
        "steps:\n"
        "- name: hi\n"
        "  run:\n"
        "    command: |\n"
        "      set -e\n"
        "      echo hello\n"
        "    env:\n"
        "    - key: A\n"
        '      value: "yes"\n'
        "- for:\n"
        "    range:\n"
        "      begin: 1\n"
        "      end: 3\n"
        "    steps:\n"
        "    - run:\n"
        '        command: ""\n'
    )


@pytest.mark.parametrize("mark", ["\x85", "\u2028", "\u2029", "\r", "\t", "\ufeff", "\x7f"])
def test_export__of_lines_with_an_odd_character__reads_back(mark: str) -> None:
    """In a block, parsers of YAML 1.1 would break a line there and lose or keep indents."""
    job = Job(resources=PLENTY, env=(EnvVar(key="A", value=f"a\n{mark}b{mark}\nc"),), steps=())
    assert parse_workflow(to_yaml(job)).job == job
    assert yaml.safe_load(to_yaml(job))["env"][0]["value"] == job.env[0].value


def test_export__of_no_items__is_not_that_of_absent_ones() -> None:
    """W-FOR-6, V-XOR: an empty `items` is a loop without iterations."""
    job = Job(resources=PLENTY, steps=(Step(for_=StepFor(items=(), steps=())),))
    assert to_data(job)["steps"] == [{"for": {"items": [], "steps": []}}]
    assert parse_workflow(to_json(job)).job == job


def test_export__of_repeated_objects__has_no_aliases() -> None:
    """Editors and other parsers need not know them."""
    step = Step(run=StepRun(command="a"))
    assert "&" not in to_yaml(Job(resources=PLENTY, steps=(step, step)))


def test_export__of_a_module_put_in_place__is_its_use() -> None:
    resolved = ResolvedModule(
        source="h.org/o/r", repository="https://h.org/o/r", path="", commit="c"
    )
    body = (Step(run=StepRun(command="of the module")),)
    use = ExpandedUse(
        source="h.org/o/r",
        args=(EnvVar(key="A", value="1"),),
        resolved=resolved,
        module=Module(steps=body),
        bindings=(),
        outputs=(),
        body=body,
    )
    written = Job(resources=PLENTY, steps=(Step(use=use),))
    plain = StepUse(**{f.name: getattr(use, f.name) for f in dataclasses.fields(StepUse)})
    assert parse_workflow(to_json(written)).job == Job(resources=PLENTY, steps=(Step(use=plain),))


def test_export__of_a_module__reads_back() -> None:
    module = Module(
        name="m",
        description="two\nlines",
        minimum_resources=PLENTY,
        inputs=(ModuleInput(key="A", default=""), ModuleInput(key="B")),
        steps=(Step(run=StepRun(command="a")),),
    )
    assert parse_module(to_yaml(module), is_strict=True).module == module


def test_export__in_other_readers__means_the_same() -> None:
    """YAML 1.1 readers too: what they would take for something else is quoted."""
    document = job_with_steps(*(a_run(command=text) for text in ("no", "1e3", "0o7", "12:30", "~")))
    job = parse_workflow_data(document).job
    assert yaml.safe_load(to_yaml(job)) == json.loads(to_json(job)) == to_data(job)
