"""Documents as other people and their tools write them (W-DOC-1 to -5, W-ERR-1)."""

import pytest
from tests.sdk.workflow.documents import tags_of

from deepsquare.workflow import WorkflowInvalid, parse_module, parse_workflow

RESOURCES = "resources: {tasks: 1, cpusPerTask: 1, memPerCpu: 1, gpus: 0}\n"


def test_merge_key__with_the_tag_that_yq_writes__is_a_merge_key() -> None:
    """W-DOC-3."""
    text = RESOURCES + "steps:\n- &first {name: a, if: x}\n- !!merge <<: *first\n  name: b\n"
    first, second = parse_workflow(text).job.steps
    assert (first.name, second.name, second.if_) == ("a", "b", "x")


def test_merge_tag__on_another_key__is_refused() -> None:
    """W-DOC-3."""
    text = RESOURCES + "steps: []\n!!merge name: x\n"
    assert tags_of(text) == [("syntax", "Job")]


def test_job_key__beside_what_is_no_job__names_the_other_keys_alone() -> None:
    """W-DOC-2, W-ERR-1: what stands under job is checked all the same."""
    job = '{"resources": {"tasks": 1, "cpusPerTask": 1, "memPerCpu": 1, "gpus": 0}, "steps": 1}'
    text = f'{{"version": 1, "job": {job}, 2: 3, "job": 4}}'
    with pytest.raises(WorkflowInvalid) as caught:
        parse_workflow(text)
    assert [(error.tag, error.namespace) for error in caught.value.errors] == [
        ("unknown_field", "Job.version"),
        ("type", "Job.steps[0]"),
        ("syntax", "Job"),
        ("duplicate_key", "Job.job"),
    ]
    assert caught.value.errors[0].message == (
        'unknown field "version": no other key may stand beside job'
    )


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_control_character__in_the_text__is_reported_where_it_stands(end: str) -> None:
    """W-ERR-1: a syntax error has its line and column."""
    text = (RESOURCES + "# é 🙂\nsteps: []\nname: \0\n").replace("\n", end)
    with pytest.raises(WorkflowInvalid) as caught:
        parse_workflow(text)
    (error,) = caught.value.errors
    assert (error.tag, error.line, error.column) == ("syntax", 4, 7)


def test_minimum_resources__null__count_as_the_least_legal_values() -> None:
    """W-MOD-0, W-DOC-5: null is absent."""
    text = "minimumResources: {tasks: ~, cpusPerTask: 2, gpus: null}\nsteps: []\n"
    resources = parse_module(text).module.minimum_resources
    assert resources is not None
    assert (resources.tasks, resources.cpus_per_task, resources.mem_per_cpu) == (1, 2, 1)
    assert resources.gpus == 0
    with pytest.raises(WorkflowInvalid) as caught:
        parse_module(text, is_strict=True)
    missing = {error.namespace for error in caught.value.errors if error.tag == "required"}
    assert {"Module.minimumResources.tasks", "Module.minimumResources.gpus"} <= missing
