"""Forms and types of documents (W-DOC-1 to W-DOC-6)."""

import json
from pathlib import Path

import pytest
import yaml
from tests.sdk.workflow.documents import (
    RESOURCES,
    a_job,
    a_run,
    errors_of,
    job_with_run,
    job_with_steps,
    parsed,
    schema_accepts,
    tags_of,
)

from deepsquare.workflow import (
    EnvVar,
    Job,
    JobResources,
    Step,
    StepRun,
    parse_workflow,
    parse_workflow_data,
)

DOCUMENT = job_with_steps(
    {"name": "a", "run": {"command": "echo é 🙂", "env": [{"key": "K", "value": "v"}]}},
    {"if": "-n $K", "steps": [a_run(shell="/bin/bash")]},
)


def test_forms__yaml_json_bare_and_wrapped__give_equal_models() -> None:
    """W-DOC-1, W-DOC-2."""
    texts = [
        form(wrapped)
        for wrapped in (DOCUMENT, {"job": DOCUMENT})
        for form in (yaml.safe_dump, json.dumps, lambda data: json.dumps(data, indent="\t"))
    ]
    jobs = [parse_workflow(text).job for text in texts]
    jobs += [parse_workflow(text.encode()).job for text in texts]
    jobs += [parse_workflow("\ufeff" + text).job for text in texts]
    jobs += [parse_workflow_data(DOCUMENT).job, parse_workflow_data({"job": DOCUMENT}).job]
    assert all(job == jobs[0] for job in jobs)
    assert jobs[0].steps[0].run == StepRun(command="echo é 🙂", env=(EnvVar(key="K", value="v"),))


def test_job_key__beside_another_key__is_refused() -> None:
    """W-DOC-2."""
    document = {"job": a_job(), **a_job()}
    assert tags_of(document) == [("unknown_field", "Job.job")]
    assert not schema_accepts(document)


@pytest.mark.parametrize("text", ["", "\n# nothing\n", "null", "5", "[]", "text", "--- \n"])
def test_root__no_mapping__is_refused(text: str) -> None:
    """W-DOC-2."""
    assert [error.tag for error in errors_of(text)] in (["type"], ["required"])


def test_merge_keys__list_and_single__explicit_keys_win_then_earlier_ones() -> None:
    """W-DOC-3."""
    text = """
        resources: &one {tasks: 1, cpusPerTask: 2, memPerCpu: 3, gpus: 0}
        steps:
          - run: &run {command: a, shell: /bin/bash, env: &env [{key: A, value: b}]}
          - run: {<<: *run, command: b}
          - run:
              command: c
              <<: [{shell: /bin/ash}, *run]
    """
    _, second, third = parse_workflow(text).job.steps
    assert second.run == StepRun(command="b", shell="/bin/bash", env=(EnvVar(key="A", value="b"),))
    assert third.run == StepRun(command="c", shell="/bin/ash", env=(EnvVar(key="A", value="b"),))


def test_anchor__defined_again__means_the_later_node_from_there_on() -> None:
    """W-DOC-3: YAML 1.2, 3.2.2.2."""
    text = yaml.safe_dump(a_job()).replace("steps: []", "") + (
        "steps: [{name: &x a, if: &y 'b'}, {name: *x}, {name: &x c}, {name: *x, if: *y},"
        " {run: {command: !!str 5}}]\n"
    )
    steps = parse_workflow(text).job.steps
    assert [step.name for step in steps] == ["a", "a", "c", "c", None]
    assert [step.if_ for step in steps] == ["b", None, None, "b", None]
    assert tags_of(text.replace("if: *y", "if: *z")) == [("syntax", "Job")]
    assert tags_of(text + "---\na: 1\n") == [("syntax", "Job")]


def test_quoted_merge_key__is_an_unknown_field() -> None:
    """W-DOC-3."""
    assert tags_of({**a_job(), "<<": {}}) == [("unknown_field", "Job.<<")]


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("resources: {tasks: 1, tasks: 2, cpusPerTask: 1, memPerCpu: 1, gpus: 0}", "duplicate_key"),
        ("a: 1\n---\nb: 2\n", "syntax"),
        ("steps: []\nresources: !thing {}", "syntax"),
        ("1: 2", "syntax"),
        ("true: 2", "syntax"),
        ("[a]: 2", "syntax"),
        ("{{a: b}: 2}", "syntax"),
        ("<<: 5", "syntax"),
        ("steps: [*nowhere]", "syntax"),
        ("a: &a [*a]", "syntax"),
        ("inputMode: .nan", "type"),
        ("inputMode: -.inf", "type"),
        ("steps: [\n", "syntax"),
        ('{"steps": [}', "syntax"),
        ('{"inputMode": NaN}', "type"),
        ("a: b: c", "syntax"),
        ("a: \x01", "syntax"),
        ("a: \ud800", "syntax"),
    ],
)
def test_yaml__beyond_the_core__is_refused(text: str, tag: str) -> None:
    """W-DOC-3."""
    assert tag in {error.tag for error in errors_of(text)}


def test_bytes__not_utf8__are_refused() -> None:
    """W-DOC-1."""
    (error,) = errors_of(b"steps: [\xff]")
    assert (error.tag, error.message) == ("syntax", "the document is not UTF-8")


@pytest.mark.parametrize("mark", ["\x85", "\u2028", "\u2029"])
def test_text__with_breaks_of_yaml_1_1__arrives_unchanged(mark: str) -> None:
    """W-DOC-1: YAML 1.2 takes them for ordinary characters."""
    text = f"""
        resources: {{tasks: 1, cpusPerTask: 1, memPerCpu: 1, gpus: 0}}
        steps:
          - run:
              command: |-
                a{mark}b
                c
              unknown: 1
    """
    (error,) = errors_of(text)
    assert (error.line, error.column) == (8, 15)
    job = parse_workflow(text.replace("unknown: 1", "")).job
    assert job.steps[0].run is not None
    assert job.steps[0].run.command == f"a{mark}b\nc"


def test_json__with_surrogate_pairs_and_slashes__is_read() -> None:
    """W-DOC-1."""
    text = json.dumps(job_with_run(command="🙂/")).replace("/", "\\/")
    assert "\\ud83d" in text
    job = parse_workflow(text).job
    assert job.steps[0].run is not None
    assert job.steps[0].run.command == "🙂/"


def test_json__half_a_surrogate_pair__is_refused() -> None:
    """W-DOC-1: it has no UTF-8 form."""
    text = json.dumps(job_with_run(command="\ud83d"))
    assert [error.tag for error in errors_of(text)] == ["text"]


def test_explicit_core_tags__resolve_and_must_fit() -> None:
    """W-DOC-3: only custom tags are errors."""
    text = json.dumps(job_with_run(command="PLACE")).replace('"PLACE"', "!!str 5")
    job = parse_workflow(text).job
    assert job.steps[0].run is not None
    assert job.steps[0].run.command == "5"
    assert [error.tag for error in errors_of(text.replace("!!str 5", "!!int x"))] == ["syntax"]


@pytest.mark.parametrize("value", [5, True, 1.5])
def test_string__number_or_boolean__is_refused_and_says_to_quote_it(value: object) -> None:
    """W-DOC-4."""
    document = job_with_steps({"name": value})
    (error,) = errors_of(document)
    assert error.tag == "type"
    assert "put it in quotes" in error.message
    assert not schema_accepts(document)


@pytest.mark.parametrize(
    "value",
    [2**31, -(2**31) - 1, 2**64 - 1, 2**256 - 1, 10**5000],
    ids=lambda value: value.bit_length(),
)
def test_int__beyond_32_bits__is_refused(value: int) -> None:
    """W-DOC-4, F8."""
    document = a_job(inputMode=value)
    assert tags_of(document) == [("type", "Job.inputMode")]
    if value < 10**4000:
        assert tags_of(yaml.safe_dump(document)) == [("type", "Job.inputMode")]
        assert not schema_accepts(document)


@pytest.mark.parametrize("value", [True, 1.5, "1", [1], {}])
def test_int__of_another_kind__is_refused(value: object) -> None:
    """W-DOC-4."""
    document = a_job(inputMode=value)
    if value != [1]:
        assert tags_of(document) == [("type", "Job.inputMode")]
    assert not schema_accepts(document)


def test_int__in_quotes__says_to_remove_them() -> None:
    """W-DOC-4."""
    (error,) = errors_of(a_job(inputMode="448"))
    assert error.message == "must be an integer, not a string: remove the quotes"


@pytest.mark.parametrize(
    ("text", "value"), [("0755", 755 - 244), ("0o755", 0o755), ("0x1F", 31), ("+7", 7), ("-0", 0)]
)
def test_int__in_forms_of_the_core_schema__is_read(text: str, value: int) -> None:
    """W-DOC-4: 0755 is the decimal number 755 in YAML 1.2."""
    document = yaml.safe_dump(a_job()) + f"inputMode: {text}\n"
    if text == "0755":
        assert [(e.tag, e.message) for e in errors_of(document)] == [
            ("lte", "must be at most 511; got 755")
        ]
    else:
        assert parse_workflow(document).job.input_mode == value


@pytest.mark.parametrize("word", ["yes", "on", "no", "off"])
def test_boolean__word_of_yaml_1_1__is_text_and_the_error_says_so(word: str) -> None:
    """W-DOC-4."""
    (error,) = errors_of(f"{yaml.safe_dump(a_job())}enableLogging: {word}\n")
    assert error.message == f'must be true or false, not a string: "{word}" is text in YAML 1.2'


@pytest.mark.parametrize("value", [0, 1, "true", None, [True]])
def test_boolean__of_another_kind__is_refused(value: object) -> None:
    """W-DOC-4, W-DOC-5."""
    expected = [] if value is None else [("type", "Job.enableLogging")]
    assert tags_of(a_job(enableLogging=value)) == expected
    assert schema_accepts(a_job(enableLogging=value)) == (value is None)


def test_null__is_absent_for_optional_and_an_error_for_required_fields() -> None:
    """W-DOC-5."""
    document = a_job(env=None, input=None, enableLogging=None, outputPolicy=None)
    assert parsed(document) == parsed(a_job())
    assert schema_accepts(document)
    assert tags_of(a_job(steps=None)) == [("required", "Job.steps")]
    assert tags_of({"job": None}) == [("type", "Job")]
    assert not schema_accepts(a_job(steps=None))


def test_null__in_a_list__is_refused() -> None:
    """W-DOC-5: lists hold non-null elements."""
    document = job_with_steps({"dependsOn": [None]})
    assert tags_of(document) == [("type", "Job.steps[0].dependsOn[0]")]
    assert not schema_accepts(document)


def test_empty_string__is_checked_by_the_rule_of_its_field() -> None:
    """W-DOC-5."""
    assert tags_of(job_with_run(shell="")) == [("oneof", "Job.steps[0].run.shell")]
    assert parsed(job_with_steps({"if": ""})).steps == (Step(),)
    assert parsed(job_with_run(command="")).steps == (Step(run=StepRun(command="")),)


def test_single_values__where_lists_are_expected__are_lists_of_one() -> None:
    """W-DOC-6."""
    document = a_job(
        env={"key": "A", "value": "b"},
        steps={"run": {"command": "c", "network": "pasta", "dns": "1.1.1.1"}},
    )
    job = parsed(document)
    assert job.env == (EnvVar(key="A", value="b"),)
    assert job.steps == (Step(run=StepRun(command="c", network="pasta", dns=("1.1.1.1",))),)
    assert schema_accepts(document)


def test_absent_and_empty_lists__mean_the_same_but_for_loop_items() -> None:
    assert parsed(a_job(env=[])) == parsed(a_job())
    loop = parsed(job_with_steps({"for": {"items": [], "steps": []}})).steps[0].for_
    assert loop is not None
    assert loop.items == ()


def test_model__built_in_python__takes_both_names_of_a_field() -> None:
    wire = JobResources(**RESOURCES)
    own = JobResources(tasks=4, cpus_per_task=2, mem_per_cpu=100, gpus=2)
    assert wire == own
    with pytest.raises(TypeError, match="cpus"):
        JobResources(tasks=1, cpus=1, mem_per_cpu=1, gpus=0)  # type: ignore[call-arg]
    assert Job(resources=own, steps=()) == parsed(a_job())


@pytest.mark.parametrize(
    "path",
    sorted(Path(__file__).parents[4].glob("shared/workflows/*.yaml")),
    ids=lambda path: path.stem,
)
def test_published_workflow__parses__apart_from_its_placeholders(path: Path) -> None:
    text = path.read_text()
    errors = errors_of(text)
    assert len(errors) == text.count("<TO-BE-FILLED>") - text.count("value: <TO-BE-FILLED>")
    assert schema_accepts(yaml.safe_load(text)) == (not errors)
