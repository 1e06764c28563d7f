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


TWELVE_MISTAKES = """\
resources: {tasks: 2, cpusPerTask: 1, memPerCpu: 100, gpus: 0}
virtualNetworks:
- {name: a, gatewayAddress: 10.0.0.1}
- {name: b, gatewayAddress: 10.0.1.1/24}
steps:
- launch: {handleName: a-b, signalOnParentStepExit: 99, steps: []}
- dependsOn: [nope]
- for: {items: [a], parallel: yes, steps: [{dependsOn: nah}]}
- run: {command: x, resources: {tasks: 0}}
- run: {command: x, resources: {tasks: 9}}
- run: 5
- run:
    command: x
    network: pasta
    mapUid: 0
    customNetworkInterfaces:
    - vnet: {name: a, address: 10.0.0.2/24}
    - vnet: {name: b, address: 10.0.2.2/24}
    - vnet: {name: c, address: bad}
"""


def test_rules_across_objects__are_checked__beside_objects_with_mistakes_of_their_own() -> None:
    """W-ERR-1: one ill handle, network or resource does not hide what is wrong with others."""
    with pytest.raises(WorkflowInvalid) as caught:
        parse_workflow(TWELVE_MISTAKES)
    assert [(error.line, error.tag) for error in caught.value.errors] == [
        (3, "cidr"),
        (6, "handle"),
        (6, "lte"),
        (7, "handle"),
        (8, "type"),
        (8, "handle"),
        (9, "gte"),
        (10, "resources"),
        (11, "type"),
        (18, "vnet"),
        (19, "vnet"),
        (19, "cidr"),
    ]


def test_handle__after_an_ill_one_in_the_list__is_not_judged() -> None:
    """W-ERR-1: the place of an error is that of its value."""
    text = RESOURCES + "steps:\n- dependsOn: [a-b, nope]\n"
    assert tags_of(text) == [("handle", "Job.steps[0].dependsOn[0]")]
    with pytest.raises(WorkflowInvalid) as caught:
        parse_workflow(text)
    assert caught.value.errors[0].column == 15


def test_address__in_parallel_loops_inside_each_other__is_one_error() -> None:
    """V-VNET, W-ERR-1."""
    run = "{command: x, network: pasta, mapUid: 0, customNetworkInterfaces: [{vnet: %s}]}"
    inner = "{for: {parallel: true, items: [a, b], steps: [{run: %s}]}}" % (
        run % "{name: n, address: 10.0.0.2/24}"
    )
    text = (
        RESOURCES.replace("1", "4")
        + "virtualNetworks: {name: n, gatewayAddress: 10.0.0.1/24}\nsteps:\n"
        + f"- for: {{parallel: true, items: [a, b], steps: [{inner}]}}\n"
    )
    assert [tag for tag, _ in tags_of(text)] == ["vnet"]


def test_unknown_field__of_any_text__is_named_on_one_line_of_printable_characters() -> None:
    """W-ERR-2: the field is the whole last element, though it has dots."""
    text = RESOURCES.rstrip() + '\nsteps: []\n"a.b\\n\\e[31m": 1\n'
    with pytest.raises(WorkflowInvalid) as caught:
        parse_workflow(text)
    (error,) = caught.value.errors
    assert error.namespace == "Job.a.b\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}[31m"
    assert error.field == "a.b\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}[31m"
    assert str(error).isprintable()


def test_error_of_a_rule__on_a_merged_value__stands_at_that_value() -> None:
    """W-DOC-3, W-ERR-1."""
    text = RESOURCES + (
        "steps:\n"
        "- run: &run\n"
        "    dns: [1.1.1.1]\n"
        "    command: x\n"
        "    network: pasta\n"
        "- run:\n"
        "    <<: [*run]\n"
        "    network: host\n"
    )
    with pytest.raises(WorkflowInvalid) as caught:
        parse_workflow(text)
    (error,) = caught.value.errors
    assert (error.tag, error.namespace) == ("network", "Job.steps[1].run.dns")
    assert (error.line, error.column) == (4, 10)


def test_boolean__in_quotes__is_told_to_lose_them() -> None:
    """W-DOC-4."""
    with pytest.raises(WorkflowInvalid) as caught:
        parse_workflow(RESOURCES + 'enableLogging: "true"\nsteps: []\n')
    assert (
        caught.value.errors[0].message == "must be true or false, not a string: remove the quotes"
    )
