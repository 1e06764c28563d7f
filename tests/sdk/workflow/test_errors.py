"""Reporting of errors and warnings (W-ERR-1 to W-ERR-5)."""

import json
from typing import Any

import pytest
import yaml
from tests.sdk.workflow.documents import (
    KEY32,
    S3,
    Data,
    a_job,
    a_run,
    errors_of,
    job_with_container,
    job_with_interface,
    job_with_run,
    job_with_steps,
    job_with_wireguard,
    tags_of,
    warnings_of,
    with_value,
)

from deepsquare.workflow import WorkflowInvalid, parse_workflow, parse_workflow_data

SECRET = "hunter2hunter2"

THREE_MISTAKES = """\
resources:
  tasks: 0
  cpusPerTask: 1
  memPerCpu: 1
  gpus: 0
continuousOutputSync: true
steps:
  - name: first
    run: {command: echo, shel: /bin/sh}
  - steps:
      - run:
          command: [a, b]
"""


def test_errors__of_three_mistakes__are_all_reported_in_order_with_their_places() -> None:
    """W-ERR-1, W-ERR-5."""
    with pytest.raises(WorkflowInvalid) as caught:
        parse_workflow(THREE_MISTAKES)
    shown = [(e.tag, e.namespace, e.field, e.line, e.column) for e in caught.value.errors]
    assert shown == [
        ("gte", "Job.resources.tasks", "tasks", 2, 10),
        ("unknown_field", "Job.steps[0].run.shel", "shel", 9, 26),
        ("type", "Job.steps[1].steps[0].run.command", "command", 12, 20),
    ]
    assert {error.type for error in caught.value.errors} == {"validation"}
    assert [warning.tag for warning in caught.value.warnings] == ["ignored"]
    assert str(caught.value.errors[1]) == (
        '9:26 Job.steps[0].run.shel: unknown field "shel"; did you mean "shell"?'
    )


def test_error_object__has_no_absent_members() -> None:
    (error,) = errors_of(a_job(outputPolicy="never"))
    assert error.as_dict() == {
        "type": "validation",
        "tag": "oneof",
        "namespace": "Job.outputPolicy",
        "field": "outputPolicy",
        "message": 'must be one of "always", "onSuccess"; got "never"',
    }


def test_json_document__has_lines_and_columns_too() -> None:
    text = json.dumps(a_job(inputMode=512), indent=2)
    (error,) = errors_of(text)
    line = text.splitlines()[(error.line or 0) - 1]
    assert line[(error.column or 0) - 1 :].startswith("512")


def test_errors__more_than_a_hundred__are_cut_and_counted() -> None:
    """W-ERR-1."""
    document = job_with_steps(*[{"nam": "x"}] * 250)
    with pytest.raises(WorkflowInvalid) as caught:
        parse_workflow_data(document)
    assert len(caught.value.errors) == 100
    assert caught.value.left_out == 150
    assert str(caught.value).endswith("and 150 more")
    assert caught.value.errors[99].namespace == "Job.steps[99].nam"


def test_syntax_error__stops_at_the_first_with_its_place() -> None:
    """W-ERR-1."""
    (error,) = errors_of("a: 1\nb: [\nc: }\n")
    assert (error.type, error.tag, error.line) == ("parse", "syntax", 3)


def test_warnings__do_not_block_and_have_the_shape_of_errors() -> None:
    """W-ERR-5."""
    (warning,) = warnings_of(
        job_with_container(mounts=[{"hostDir": "/a", "containerDir": "/b", "options": ""}])
    )
    assert (warning.type, warning.tag) == ("warning", "deprecated")
    assert warning.namespace == "Job.steps[0].run.container.mounts"


@pytest.mark.parametrize(
    ("document", "namespace", "suggestion"),
    [
        (job_with_steps({"network": "host"}), "Job.steps[0].network", "run.network"),
        (job_with_steps({"resources": {}}), "Job.steps[0].resources", "run.resources"),
        (job_with_steps({"command": "a"}), "Job.steps[0].command", "run.command"),
        (job_with_steps({"image": "a"}), "Job.steps[0].image", "run.container.image"),
        (
            with_value(a_job(), "resources.gpusPerTask", 1),
            "Job.resources.gpusPerTask",
            "gpus",
        ),
        (with_value(a_job(), "resources.ntasks", 1), "Job.resources.ntasks", "tasks"),
        (job_with_run(resources={"ntasks": 1}), "Job.steps[0].run.resources.ntasks", "tasks"),
        (job_with_run(resources={"gpus": 1}), "Job.steps[0].run.resources.gpus", "gpusPerTask"),
        (a_job(gpusPerTask=1), "Job.gpusPerTask", "resources.gpus"),
        (a_job(ntasks=1), "Job.ntasks", "resources.tasks"),
        (a_job(enable_logging=True), "Job.enable_logging", "enableLogging"),
        (a_job(**{"Enable-Logging": True}), "Job.Enable-Logging", "enableLogging"),
        (a_job(run={}), "Job.run", "steps[].run"),
        (job_with_run(dependsOn="x"), "Job.steps[0].run.dependsOn", "Job.steps[0].dependsOn"),
        (job_with_run(enableLogging=True), "Job.steps[0].run.enableLogging", "Job.enableLogging"),
        (job_with_steps({"anme": "x"}), "Job.steps[0].anme", "name"),
        (job_with_run(comand="x"), "Job.steps[0].run.comand", "command"),
        (job_with_run(something="x"), "Job.steps[0].run.something", None),
        (job_with_run(**{"x" * 5000: "x"}), None, None),
    ],
)
def test_unknown_field__of_each_kind__carries_the_right_suggestion(
    document: Data, namespace: str | None, suggestion: str | None
) -> None:
    """W-ERR-2, W-ERR-3."""
    (error,) = errors_of(document)
    assert (error.tag, error.suggestion) == ("unknown_field", suggestion)
    if namespace is not None:
        assert error.namespace == namespace
        assert error.message == f'unknown field "{error.field}"' + (
            f'; did you mean "{suggestion}"?' if suggestion else ""
        )


HTTP = {"http": {"url": "https://example.org"}}
CREDENTIALS = {"username": "u", "password": "p", "registry": "example.org"}

SECRET_FIELDS: list[tuple[Data, str]] = [
    (a_job(input={"s3": S3}), "input.s3.secretAccessKey"),
    (a_job(output={"s3": S3}), "output.s3.accessKeyId"),
    (job_with_container(**CREDENTIALS), "steps.0.run.container.password"),
    (job_with_wireguard(), "steps.0.run.customNetworkInterfaces.0.wireguard.privateKey"),
    (
        job_with_wireguard(peers=[{"publicKey": KEY32, "preSharedKey": KEY32}]),
        "steps.0.run.customNetworkInterfaces.0.wireguard.peers.0.preSharedKey",
    ),
    (
        job_with_interface({"bore": {"boreAddress": "a:1", "targetPort": 1, "secret": "s"}}),
        "steps.0.run.customNetworkInterfaces.0.bore.secret",
    ),
    (a_job(env=[{"key": "A", "value": "b"}]), "env.0.value"),
    (job_with_run(env=[{"key": "A", "value": "b"}]), "steps.0.run.env.0.value"),
    (
        job_with_steps({"use": {"source": "a.b/c/d", "args": [{"key": "A", "value": "b"}]}}),
        "steps.0.use.args.0.value",
    ),
    (job_with_run(), "steps.0.run.command"),
]


@pytest.mark.parametrize(("document", "path"), SECRET_FIELDS, ids=lambda value: str(value)[-40:])
@pytest.mark.parametrize(
    "value",
    [[SECRET], {SECRET: 1}, {"a": SECRET}, f"{SECRET}\0", f"{SECRET}\ud800"],
    ids=["list", "key", "mapping", "nul", "surrogate"],
)
def test_secret__made_invalid__is_in_no_error(document: Data, path: str, value: Any) -> None:
    """W-ERR-4."""
    assert not errors_of(document)
    _assert_hidden(with_value(document, path, value))


@pytest.mark.parametrize(("document", "path"), SECRET_FIELDS, ids=lambda value: str(value)[-40:])
@pytest.mark.parametrize("form", ["*{}", "!{} x", "!{}", "%{}", "&{}", "'{}", '"{}', "@{}", "`{}"])
def test_secret__that_is_broken_yaml__is_in_no_error(document: Data, path: str, form: str) -> None:
    """W-ERR-4."""
    text = yaml.safe_dump(with_value(document, path, "PLACE"))
    with pytest.raises(WorkflowInvalid) as caught:
        parse_workflow(text.replace("PLACE", form.format(SECRET)) + "\nunknown: 1\n")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("number", [86753090000000000, 8675309.5])
@pytest.mark.parametrize(("document", "path"), SECRET_FIELDS, ids=lambda value: str(value)[-40:])
def test_secret__given_as_a_number__is_not_echoed(document: Data, path: str, number: float) -> None:
    """W-ERR-4."""
    (error,) = errors_of(with_value(document, path, number))
    assert "8675309" not in str(error)


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (a_job(input=HTTP), "input.http.url"),
        (a_job(input={"s3": S3}), "input.s3.endpointUrl"),
        (a_job(input={"s3": S3}), "input.s3.bucketUrl"),
        (job_with_container(), "steps.0.run.container.image"),
        (job_with_container(), "steps.0.run.container.registry"),
        (job_with_steps({"use": {"source": "a.b/c/d"}}), "steps.0.use.source"),
        (
            job_with_interface({"bore": {"boreAddress": "a:1", "targetPort": 1}}),
            "steps.0.run.customNetworkInterfaces.0.bore.boreAddress",
        ),
    ],
)
@pytest.mark.parametrize(
    "url",
    [
        "ftp://u:{}@h.example",
        "u:{}@h.example/Xy z",
        "ftp://h/?key={}",
        "ftp://u:a?b@c#{}",
        "ftp://{}:a?b@c/",
        "ftp://u:{}@h.example/to=https://elsewhere",
        "ftp://h.example/?key={}&next=https://elsewhere",
        "{}@h://x",
    ],
)
def test_url__with_user_part_or_query__is_echoed_without(
    document: Data, path: str, url: str
) -> None:
    """W-ERR-4."""
    if path in document:
        assert not errors_of(document)
    _assert_hidden(with_value(document, path, url.format(SECRET)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("steps:\n\t- name: a", "2:1 Job: the document is no YAML: a tab stands"),
        (
            "# é🙂\nsteps:\n- name: @a",
            "3:9 Job: the document is no YAML: a value cannot start with @",
        ),
        (
            "a: &a 1\nb: &a 2\nc: %x",
            "3:4 Job: the document is no YAML: a value cannot start with %",
        ),
    ],
)
def test_character__that_starts_no_value__is_named(text: str, message: str) -> None:
    """W-ERR-1."""
    (error,) = errors_of(text)
    assert str(error).startswith(message)


@pytest.mark.parametrize("mark", [":", "="])
@pytest.mark.parametrize("place", ["{{{}}}", "{{job: {{}}, {}}}", "{{resources: {{{}}}}}"])
def test_value__joined_to_its_key__is_in_no_error(place: str, mark: str) -> None:
    """W-ERR-4: a blank is missing after the colon, which makes all of it the key."""
    with pytest.raises(WorkflowInvalid) as caught:
        parse_workflow(place.format(f"password{mark}{SECRET}"))
    assert SECRET not in str(caught.value) + repr(caught.value) + json.dumps(caught.value.details)
    assert f'unknown field "password{mark}***"' in str(caught.value)


def test_key__joined_to_its_value__is_suggested() -> None:
    """W-ERR-2."""
    errors = errors_of("{resources: {tasks:1, cpusPerTask: 1, memPerCpu: 1, gpus: 0}, steps: []}")
    assert 'unknown field "tasks:***"; did you mean "tasks"?' in [e.message for e in errors]


def _assert_hidden(document: Data) -> None:
    with pytest.raises(WorkflowInvalid) as caught:
        parse_workflow_data(document)
    for shown in (
        str(caught.value),
        repr(caught.value),
        json.dumps(caught.value.details),
        str(caught.value.warnings),
    ):
        assert SECRET not in shown


def test_secrets__are_not_in_the_text_form_of_the_model() -> None:
    """W-ERR-4: what is logged by accident shows no secret."""
    document = job_with_run(command=SECRET, env=[{"key": "A", "value": SECRET}])
    assert SECRET not in repr(parse_workflow_data(document))


def test_value__that_is_long_or_odd__is_cut_and_made_printable() -> None:
    """W-ERR-4: other values are echoed, at most 64 characters."""
    (error,) = errors_of(job_with_run(network="A" * 100 + "\0"))
    assert error.tag == "text"
    (error,) = errors_of(job_with_run(network="A" * 100))
    assert error.message.endswith('got "' + "A" * 63 + '…"')
    (error,) = errors_of(job_with_steps(a_run(), **{"a\x1b[31m": 1}))
    assert "\x1b" not in error.message


def test_error_in_a_merged_mapping__stands_where_it_was_written() -> None:
    text = yaml.safe_dump(a_job()) + "env: []\ninput: {<<: {htp: 1}}\n"
    (error,) = errors_of(text)
    assert (error.namespace, error.line) == ("Job.input.htp", len(text.splitlines()))
    assert tags_of(text) == [("unknown_field", "Job.input.htp")]
