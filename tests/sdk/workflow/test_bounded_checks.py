"""Valid-looking documents whose checks could take minutes, or stay in memory (W-DOC-7)."""

import contextlib
import random
import shlex
import string
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sdk.workflow.documents import Data, errors_of, job_with_run
from tests.support.processor_time import least_processor_seconds

from deepsquare.workflow import WorkflowInvalid, parse_workflow, parse_workflow_data

RESOURCES = "resources: {tasks: 1, cpusPerTask: 1, memPerCpu: 1, gpus: 0}\n"


def _nearly_equal_handles() -> str:
    chance = random.Random(1)
    names = ["".join(chance.sample(string.ascii_lowercase * 7, 180)) for _ in range(500)]
    launches = "".join(f"- launch: {{handleName: {name}, steps: []}}\n" for name in names[:400])
    return RESOURCES + "steps:\n" + launches + f"- dependsOn: [{', '.join(names[400:])}]\n"


def _many_networks_of_one_step() -> str:
    blocks = [f"10.{n // 256}.{n % 256}" for n in range(4_000)]
    declared = "".join(f"- {{name: n{b}, gatewayAddress: {b}.1/24}}\n" for b in blocks)
    joined = "".join(f"    - vnet: {{name: n{b}, address: {b}.2/24}}\n" for b in blocks)
    run = "    command: x\n    network: pasta\n    mapUid: 0\n    customNetworkInterfaces:\n"
    return RESOURCES + f"virtualNetworks:\n{declared}steps:\n- run:\n{run}{joined}"


def _words_of_a_long_command() -> str:
    command = "'\"" + "a b " * 29_000 + "\"'"
    return RESOURCES + f"steps:\n- run: {{shell: ENTRYPOINT, command: {command}}}\n"


def _long_text_used_often() -> str:
    return (
        RESOURCES
        + 'steps:\n- for:\n    steps: []\n    items:\n    - &text "'
        + "é" * 400_000
        + '"\n'
        + "    - *text\n" * 9_000
    )


SLOW: dict[str, Callable[[], str]] = {
    "nearly equal handles": _nearly_equal_handles,
    "many networks of one step": _many_networks_of_one_step,
    "words of a long command": _words_of_a_long_command,
    "a long text used often": _long_text_used_often,
}
MOST_S = {"many networks of one step": 4.0, "words of a long command": 0.1}


@pytest.mark.parametrize("name", SLOW)
def test_checks__of_a_document_made_to_be_slow__take_bounded_time(name: str) -> None:
    """W-DOC-7: suggestions, V-VNET, V-WORDS and texts used by alias cost linear time."""
    text = SLOW[name]()

    def check() -> None:
        with contextlib.suppress(WorkflowInvalid):
            parse_workflow(text)

    assert least_processor_seconds(check) < MOST_S.get(name, 1.0)


def test_text__of_more_than_8_mebibytes_after_alias_expansion__is_a_limit_error() -> None:
    """W-DOC-7."""
    with pytest.raises(WorkflowInvalid) as caught:
        parse_workflow(_long_text_used_often())
    assert [(error.type, error.tag) for error in caught.value.errors] == [("parse", "limit")]
    assert "8388608 characters, aliases expanded" in caught.value.errors[0].message


@given(st.text(alphabet="ab '\"\\\n#$é", max_size=24))
def test_shell_words__of_any_command__are_judged_as_shlex_does(command: str) -> None:
    """V-WORDS."""
    try:
        shlex.split(command)
        expected = []
    except ValueError:
        expected = ["shell_words"]
    document = job_with_run(command=command, shell="ENTRYPOINT")
    assert [error.tag for error in errors_of(document)] == expected


def test_addresses__far_too_long__are_not_kept_in_memory() -> None:
    """W-DOC-7: what one document holds must not outlive it."""

    def refuse(serial: int) -> None:
        document: Data = job_with_run(network="pasta", dns=[f"{serial}" + "1" * 500_000])
        with pytest.raises(WorkflowInvalid):
            parse_workflow_data(document)

    refuse(0)
    tracemalloc.start()
    for serial in range(1, 20):
        refuse(serial)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 2_000_000


def test_steps__far_too_many__are_one_error__and_not_all_converted() -> None:
    """V-LIM: a step costs some 30 µs."""
    document: Data = {"resources": {}, "steps": [{"steps": [{}] * 45}] * 2_000}
    errors = errors_of(document)
    assert least_processor_seconds(lambda: errors_of(document)) < 1.5
    assert [error.namespace for error in errors if error.tag == "limit"] == ["Job.steps"]
