"""The syntax of `if` is checked at submission, without running it (workflow.md W-IF-4)."""

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.sbatch_api.http import Api
from tests.sbatch_api.modules.repositories import Repository
from tests.sbatch_api.service import COMMAND
from tests.support.batch import BatchSite, a_job, a_run

from deepsquare.workflow import parse_workflow
from deepsquare_sbatch_api.adapters.conditions import BashConditions
from deepsquare_sbatch_api.app.conditions import check_conditions
from deepsquare_sbatch_api.entrypoints.planner import OutsideWorld, offline_planner, planner_for

pytestmark = pytest.mark.integration

SOUND = [
    "a",
    "$x -gt 1",
    '-n "$UNSET"',
    '"$(pwd)" == /*',
    "$x =~ ^(a|b)$",
    "! -e $STORAGE_PATH/x && ( a || b )",
    "x == @(a|b)",
    "a ]] || [[ b",
    '"$(cat <<E\nx\nE\n)"',
    "é == é",
    "$x -eq $(( 1 + ))",
]
"""Bash parses these; the last fails only when it is evaluated."""

ILL = {
    "a -zz b": "conditional binary operator expected",
    "a &&": "it is not complete",
    "!": "it is not complete",
    " ": "it is not complete",
    '"a': "unexpected EOF while looking for matching",
    "it's": "unexpected EOF while looking for matching",
    "$(pwd": "unexpected EOF while looking for matching",
    "${x": "unexpected EOF while looking for matching",
    "-f": "unexpected argument `]]' to conditional unary operator",
    "x = 1 # c": "unexpected EOF while looking for `]]'",
    "a <<EOF": "unexpected token `<<'",
    "a;b": "unexpected token `;'",
    "[[ a ]]": "conditional binary operator expected",
    "a ]] }; { [[ b": "syntax error near unexpected token `}'",
    "a ]]; then exit; fi; if [[ b": "syntax error near unexpected token `then'",
    "$(if)": "syntax error near unexpected token `)'",
    "(" * 500_000: "it is nested too deeply",
}
HOSTILE = [
    "$(touch {0})",
    "`touch {0}`",
    "<(touch {0})",
    "a[$(touch {0})] -eq 1",
    "a ]]; touch {0}; [[ b",
    "a ]]; set +n; touch {0}; [[ b",
    "a ]]\ntouch {0}\n[[ b",
    "a ]]\nset +n\ntouch {0}\n[[ a -zz b",
    "a ]] & touch {0}; [[ b",
    "a ]] | touch {0}; [[ b",
    "' ]]; touch {0}; [[ '",
    '"; touch {0}; "',
    "$(touch {0}) -zz b",
    "a -zz b ]]\ntouch {0}\n[[ b",
    "a ]]; }}; touch {0}; {{ [[ b",
    "a ]]); (touch {0}; [[ b",
]


@pytest.fixture
def site(tmp_path: Path) -> BatchSite:
    return BatchSite(tmp_path / "site")


@pytest.mark.parametrize("condition", SOUND)
async def test_condition__that_bash_parses__is_accepted(condition: str) -> None:
    """W-IF-4."""
    assert await BashConditions().problems([condition]) == {}


@pytest.mark.parametrize("condition", ILL, ids=range(len(ILL)))
async def test_condition__that_bash_does_not_parse__is_told_in_its_words(condition: str) -> None:
    """W-IF-4."""
    found = await BashConditions().problems([condition])
    assert list(found) == [condition]
    assert found[condition].startswith(ILL[condition])


async def test_conditions__of_one_job__are_judged_together() -> None:
    """W-IF-4: none disturbs another."""
    mixed = [text for pair in zip(ILL, SOUND * 2, strict=False) for text in pair]
    assert list(await BashConditions().problems(mixed)) == list(ILL)


@pytest.mark.parametrize("condition", [*SOUND[:-1], *list(ILL)[:-1]])
def test_verdict__at_submission__is_that_of_the_batch(site: BatchSite, condition: str) -> None:
    """W-IF-3, W-IF-4: the batch cannot evaluate exactly what is refused."""
    result = site.run(a_job(a_run("true", step_if_=condition)))
    assert (result.code == 2) == (condition in ILL), result.stderr


@pytest.mark.parametrize("condition", HOSTILE)
async def test_condition__that_would_act__is_never_run(tmp_path: Path, condition: str) -> None:
    """W-IF-4: whether it parses or not."""
    mark = tmp_path / "pwned"
    await BashConditions().problems([condition.format(mark), "a", condition.format(mark)])
    assert not mark.exists()


async def test_conditions__that_take_long__are_given_up_in_time() -> None:
    """W-IF-4: what is not judged is not refused, and nothing is left running."""
    started = time.monotonic()
    many = [f"{'a && ' * 2000}{number}" for number in range(2000)]
    assert await BashConditions(max_seconds=0.5).problems(many) == {}
    assert time.monotonic() - started < 10
    assert "ulimit -c 0 -f 0 -t 1" not in _processes()


def _processes() -> str:
    words = ["ps", "-eo", "args"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


async def test_conditions__on_a_host_without_bash__are_not_judged(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert await BashConditions().problems(["a -zz b"]) == {}


class Recorder:
    """`ConditionSyntax` that takes all for ill, and records what it is asked."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    async def problems(self, conditions: Sequence[str]) -> dict[str, str]:
        self.asked.append(list(conditions))
        return dict.fromkeys(conditions, "ill")


def a_document(*steps: Any) -> bytes:
    resources = {"tasks": 1, "cpusPerTask": 1, "memPerCpu": 1, "gpus": 0}
    return yaml.safe_dump({"resources": resources, "steps": list(steps)}, sort_keys=False).encode()


def conditional(condition: str, **more: Any) -> dict[str, Any]:
    return {"if": condition, "run": {"command": "a"}, **more}


async def test_check__of_a_job_without_conditions__asks_nothing() -> None:
    """W-IF-4, W-IF-1: an empty condition is absent."""
    parsed = parse_workflow(a_document(conditional(""), {"run": {"command": "a"}}))
    recorder = Recorder()
    assert await check_conditions(recorder, parsed.job, parsed.places) == []
    assert recorder.asked == []


async def test_check__of_equal_conditions__asks_once_and_reports_each_place() -> None:
    """W-IF-4, W-ERR-1: in every block, in document order."""
    inner = conditional("i", **{"catch": [conditional("c")], "finally": [conditional("i")]})
    loop = {"for": {"items": ["x"], "steps": [inner]}, "if": "o"}
    parsed = parse_workflow(a_document(loop, {"launch": {"steps": [conditional("i")]}}))
    recorder = Recorder()
    errors = await check_conditions(recorder, parsed.job, parsed.places)
    assert recorder.asked == [["o", "i", "c"]]
    assert [error.namespace for error in errors] == [
        "Job.steps[0].if",
        "Job.steps[0].for.steps[0].if",
        "Job.steps[0].for.steps[0].catch[0].if",
        "Job.steps[0].for.steps[0].finally[0].if",
        "Job.steps[1].launch.steps[0].if",
    ]


async def test_validate__with_ill_conditions__answers_each_with_its_place(tmp_path: Path) -> None:
    """W-IF-4, W-ERR-1: `/v1/workflows:validate` and `/v1/workflows`."""
    api = Api(tmp_path, planner=offline_planner(), allow_anonymous=True)
    document = a_document(conditional("a -zz b"), conditional("a"), conditional("b &&"))
    async with api.client() as client:
        answers = [
            await client.post(route, content=document)
            for route in ("/v1/workflows:validate", "/v1/workflows")
        ]
    for answer in answers:
        assert answer.status_code == 422
        first, second = answer.json()["details"]
        assert first == {
            "type": "validation",
            "tag": "condition",
            "namespace": "Job.steps[0].if",
            "field": "if",
            "message": "this is not an expression for [[ ]] of bash: "
            "conditional binary operator expected",
            "line": 7,
            "column": 7,
        }
        assert second["namespace"] == "Job.steps[2].if"
    assert api.scripts.scripts == {}


async def test_graphql__with_an_ill_condition__carries_the_tag(tmp_path: Path) -> None:
    """W-IF-4: api.md section 2."""
    api = Api(tmp_path, planner=offline_planner(), allow_anonymous=True)
    query = "mutation Submit($job: Job!) { submit(job: $job) }"
    variables = {"job": yaml.safe_load(a_document(conditional("a -zz b")))}
    async with api.client() as client:
        answer = await client.post("/graphql", json={"query": query, "variables": variables})
    assert (answer.status_code, answer.json()["data"]) == (200, {"submit": ""})
    [error] = answer.json()["errors"]
    assert error["extensions"] == {
        "type": "validation",
        "tag": "condition",
        "namespace": "Job.steps[0].if",
        "field": "if",
        "message": error["message"],
        "original_message": error["message"],
    }


def test_command_line__with_an_ill_condition__is_one_line(tmp_path: Path) -> None:
    """W-IF-4."""
    file = tmp_path / "job.yaml"
    file.write_bytes(a_document(conditional("a -zz b"), conditional("-f $x")))
    for verb in ("validate", "render"):
        done = subprocess.run([COMMAND, verb, file], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == (
            "7:7 Job.steps[0].if: this is not an expression for [[ ]] of bash: "
            "conditional binary operator expected\n"
        )


async def test_module__with_an_ill_condition__names_its_source(tmp_path: Path) -> None:
    """W-IF-4, W-ERR-6."""
    repository = Repository.create(tmp_path / "r")
    module = {
        "name": "m",
        "description": "m",
        "minimumResources": {"tasks": 1, "cpusPerTask": 1, "memPerCpu": 1, "gpus": 0},
        "steps": [conditional("a -zz b")],
    }
    repository.commit({"module.yaml": yaml.safe_dump(module, sort_keys=False)})
    world = OutsideWorld(module_mirrors={"github.com/o/r": repository.path}, image_lookup="off")
    planner = planner_for(world, has_modules=True)
    with pytest.raises(Exception, match="conditional binary operator expected") as refused:
        await planner.check(a_document({"use": {"source": "github.com/o/r"}}))
    [error] = refused.value.errors  # type: ignore[attr-defined]
    assert (error.namespace, error.tag) == ("Module.steps[0].if", "condition")
    assert error.source.startswith("github.com/o/r@")
