"""Documents made to hurt (W-DOC-7, F2, F8)."""

import json
import resource
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.processor_time import least_processor_seconds

from deepsquare.workflow import WorkflowInvalid, parse_workflow, parse_workflow_data

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 30)
)
MERGE_BOMB = "a0: &a0 {k: 1}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}\n" for n in range(1, 30)
)
LADDER = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 300))

HOSTILE: dict[str, Callable[[], str | bytes]] = {
    "alias bomb": lambda: BOMB,
    "merge bomb": lambda: MERGE_BOMB,
    "ladder of aliases": lambda: LADDER,
    "alias bomb with an anchor defined again": lambda: "b: &a0 1\n" + BOMB,
    "depth with an anchor defined again": lambda: "[&a 1, &a 2, " + "[" * 10_000,
    "50 MB": lambda: b"a" * 50_000_000,
    "50 MB of text": lambda: "é" * 25_000_000,
    "depth in flow lists": lambda: "[" * 10_000,
    "depth in flow mappings": lambda: "{a: " * 10_000,
    "depth in JSON": lambda: '{"a":' * 10_000 + "1" + "}" * 10_000,
    "depth in JSON lists": lambda: '{"a":' + "[" * 10_000 + "]" * 10_000 + "}",
    "depth in block lists": lambda: "- " * 10_000 + "x",
    "depth in questions": lambda: "? " * 10_000 + "x",
    "many nodes": lambda: "[" + "x," * 300_000,
    "many nodes in JSON": lambda: '{"a": [' + "1," * 200_000 + "1]}",
    "many nodes in JSON, unclosed": lambda: '{"a": [' + "1," * 300_000,
}
# These are read up to the limit of 100 000 values before they can be told from legal ones.
SLOWEST_S = dict.fromkeys(("many nodes", "many nodes in JSON", "many nodes in JSON, unclosed"), 2)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_document__is_refused_by_one_error__fast_and_in_bounded_memory(name: str) -> None:
    """W-DOC-7, F2."""
    text = HOSTILE[name]()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert least_processor_seconds(lambda: _refusal(text)) < SLOWEST_S.get(name, 0.05)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000
    assert [(error.type, error.tag) for error in _refusal(text).errors] == [("parse", "limit")]


def _refusal(text: str | bytes) -> WorkflowInvalid:
    with pytest.raises(WorkflowInvalid) as caught:
        parse_workflow(text)
    return caught.value


def test_data__too_deep_or_too_many__is_refused_by_one_error() -> None:
    """W-DOC-7: for variables of the API as well."""
    deep: object = []
    for _ in range(5_000):
        deep = [deep]
    for data in (deep, {"a": [1] * 100_001}):
        with pytest.raises(WorkflowInvalid) as caught:
            parse_workflow_data(data)
        assert [error.tag for error in caught.value.errors] == ["limit"]


def test_limits__just_kept__are_no_limit_errors() -> None:
    """W-DOC-7."""
    for text in (
        "a: " + "[" * 198 + "]" * 198,
        json.dumps({"a": [1] * 99_990}),
        "a: [" + "x, " * 99_990 + "]",
        "a: '" + "x" * (1024 * 1024 - 10) + "'",
        "a: &a [x, x]\nb: [" + ", ".join(["*a"] * 30_000) + "]",
    ):
        with pytest.raises(WorkflowInvalid) as caught:
            parse_workflow(text)
        assert "limit" not in {error.tag for error in caught.value.errors}


def test_many_mistakes__are_reported_in_bounded_time() -> None:
    """F2: suggestions are worked out only for errors that are shown."""
    unknown = ", ".join(f"nam{n}: 1" for n in range(40_000))
    handles = ", ".join(f"x{n}" for n in range(40_000))
    for text in (
        f"{{resources: {{tasks: 1, cpusPerTask: 1, memPerCpu: 1, gpus: 0}}, steps: [], {unknown}}}",
        "resources: {tasks: 1, cpusPerTask: 1, memPerCpu: 1, gpus: 0}\n"
        f"steps: [{{launch: {{handleName: y, steps: []}}}}, {{dependsOn: [{handles}]}}]",
    ):
        assert least_processor_seconds(partial(_refusal, text)) < 3
        refusal = _refusal(text)
        assert len(refusal.errors) == 100
        assert refusal.left_out == 39_900


def test_steps__nested_beyond_the_limit__are_refused() -> None:
    """V-LIM."""
    for levels, expected in ((32, []), (33, ["limit"]), (90, ["limit"])):
        steps: list[object] = []
        for _ in range(levels):
            steps = [{"steps": steps}]
        document = {
            "resources": {"tasks": 1, "cpusPerTask": 1, "memPerCpu": 1, "gpus": 0},
            "steps": steps,
        }
        assert _tags(json.dumps(document)) == expected


WORDS = st.sampled_from(
    [
        "resources",
        "steps",
        "run",
        "command",
        "for",
        "items",
        "launch",
        "job",
        "<<",
        "&a",
        "*a",
        "!!str",
        "!x",
        "|",
        ">",
        "-",
        "?",
        ":",
        "{",
        "}",
        "[",
        "]",
        ",",
        "#",
        "'",
        '"',
        "\n",
        "\n  ",
        " ",
        "\t",
        "1",
        "-1",
        "1e9",
        "0x1",
        "null",
        "~",
        "true",
        "yes",
        "é",
        "\x85",
        "\u2028",
        "---",
        "...",
        "%YAML 1.2",
        "\\u00e9",
        "\\ud800",
        "\0",
        "tasks: 1",
        "dependsOn",
        "env",
        "key",
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "resources",
                    "steps",
                    "run",
                    "command",
                    "for",
                    "range",
                    "items",
                    "env",
                    "key",
                    "value",
                    "launch",
                    "use",
                    "source",
                    "tasks",
                    "job",
                    "x",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=30,
)


def _tags(document: str | bytes) -> list[str]:
    try:
        parse_workflow(document)
    except WorkflowInvalid as invalid:
        return [error.tag for error in invalid.errors]
    return []


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | st.lists(WORDS, max_size=40).map("".join) | st.text(max_size=100))
def test_any_text__gives_a_result_or_errors(text: str | bytes) -> None:
    """F2: never another exception."""
    tags = _tags(text)
    assert all(isinstance(tag, str) for tag in tags)


@settings(max_examples=300, deadline=None)
@given(VALUES)
def test_any_data__gives_a_result_or_errors__and_its_json_the_same(data: object) -> None:
    """F2, W-DOC-1."""
    try:
        parse_workflow_data(data)
        tags = []
    except WorkflowInvalid as invalid:
        tags = sorted((error.tag, error.namespace) for error in invalid.errors)
    try:
        parse_workflow(json.dumps(data))
        of_text = []
    except WorkflowInvalid as invalid:
        of_text = sorted((error.tag, error.namespace) for error in invalid.errors)
    assert tags == of_text
