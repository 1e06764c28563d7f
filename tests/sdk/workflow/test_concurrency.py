"""Peak demand and default parallelism (V-PEAK, W-FOR-5)."""

from typing import Any

import pytest
from tests.sdk.workflow.documents import Data, a_launch, a_loop, a_run, parsed, tags_of

from deepsquare.workflow import Demand, Job, StepFor, peak_demand, plan_concurrency


def job(tasks: int, *steps: Data, gpus: int = 0) -> Data:
    resources = {"tasks": tasks, "cpusPerTask": 2, "memPerCpu": 10, "gpus": gpus}
    return {"resources": resources, "steps": list(steps)}


def run(tasks: int = 1, gpus: int = 0) -> Data:
    return a_run(resources={"tasks": tasks, "gpusPerTask": gpus})


def after(*handles: str, step: Data | None = None) -> Data:
    return {"dependsOn": list(handles), **(step or run())}


def loop(*steps: Data, count: int, **changes: Any) -> Data:
    return a_loop(*steps, range={"begin": 1, "end": count}, parallel=True, **changes)


def loops_of(document: Job) -> list[StepFor]:
    return [step.for_ for step in document.steps if step.for_ is not None]


FITTING: list[tuple[Data, int]] = [
    (job(1), 0),
    (job(1, run(), run()), 1),
    (job(3, run(2), run(3)), 3),
    (job(2, a_launch("a"), run()), 2),
    (job(1, a_launch("a"), after("a")), 1),
    (job(2, a_launch("a"), a_launch("b"), after("a", "b", step=run(2))), 2),
    (job(2, a_launch("a"), after("a"), a_launch("b"), run()), 2),
    (job(1, {"steps": [a_launch("a")]}, after("a")), 1),
    (job(1, {"steps": [], "catch": [a_launch("a")]}, after("a")), 1),
    (job(1, {**run(), "finally": [a_launch("a")]}), 1),
    (job(1, a_loop(a_launch("a"), items=["x", "y"]), run()), 1),
    (job(2, a_launch("a", a_launch("b"), run())), 2),
    (job(2, a_launch("a", a_launch("b"), run()), after("a", step=run(2))), 2),
    (job(1, a_launch("a"), a_loop(after("a"), items=["x"])), 1),
    (job(1, a_launch("a"), a_loop(after("a"), items=["x", "y"]), run()), 1),
    (job(1, a_launch("a"), a_loop(a_loop(after("a"), items=["x"]), items=["x"]), run()), 1),
    (job(4, loop(run(), count=4)), 4),
    (job(4, loop(run(), count=9)), 4),
    (job(4, loop(run(3), count=9)), 3),
    (job(4, loop(run(), count=9, maxParallel=2)), 2),
    (job(4, loop(run(), count=1, maxParallel=9)), 1),
    (job(4, a_launch("a"), loop(run(), count=9)), 4),
    (job(4, loop(loop(run(), count=9), count=9)), 4),
    (job(4, loop(loop(run(), count=9), count=9, maxParallel=2)), 4),
    (job(4, a_loop(run(2), items=["x", "y"])), 2),
    (job(1, {**run(), "if": "false"}), 1),
    (job(1, a_launch("a"), a_loop(run(), items=[]), loop(run(), count=0)), 1),
]


@pytest.mark.parametrize(("document", "tasks"), FITTING)
def test_peak__of_what_fits__is_the_most_at_one_time(document: Data, tasks: int) -> None:
    """V-PEAK."""
    assert tags_of(document) == []
    assert peak_demand(parsed(document)) == Demand(tasks, tasks * 2, tasks * 20, 0)


RUN_RESOURCES = "Job.steps[1].run.resources"
OVERLOADED: list[tuple[Data, str]] = [
    (job(1, a_launch("a"), run()), RUN_RESOURCES),
    (job(2, a_launch("a"), run(2)), RUN_RESOURCES),
    (job(1, a_launch("a", a_launch("b"), run())), "Job.steps[0].launch.steps[1].run.resources"),
    (job(1, a_launch("a"), a_launch("b")), "Job.steps[1].launch.steps[0].run.resources"),
    (job(1, {**a_launch("a"), "finally": [run()]}), "Job.steps[0].finally[0].run.resources"),
    (job(1, a_launch("a"), a_loop(run(), items=["x"])), "Job.steps[1].for.steps[0].run.resources"),
    (job(1, a_launch("a"), loop(run(), count=1)), "Job.steps[1].for.steps[0].run.resources"),
    (job(4, loop(run(), count=9, maxParallel=5)), "Job.steps[0].for.maxParallel"),
    (job(4, loop(run(2), count=9, maxParallel=3)), "Job.steps[0].for.maxParallel"),
    (job(4, a_launch("a"), loop(run(), count=9, maxParallel=4)), "Job.steps[1].for.maxParallel"),
    (job(4, a_launch("a", loop(run(), count=9)), run()), RUN_RESOURCES),
    (job(2, a_launch("a", run(gpus=1)), run(gpus=1), gpus=1), RUN_RESOURCES),
]


@pytest.mark.parametrize(("document", "place"), OVERLOADED)
def test_peak__beyond_the_job__is_refused_where_it_happens(document: Data, place: str) -> None:
    """V-PEAK."""
    assert tags_of(document) == [("concurrency", place)]


def test_run_beyond_the_whole_job__is_reported_once() -> None:
    """V-FIT, V-PEAK."""
    assert tags_of(job(1, run(2))) == [("resources", "Job.steps[0].run.resources")]


@pytest.mark.parametrize(
    ("document", "limit"),
    [
        (job(4, loop(run(), count=9)), 4),
        (job(4, loop(run(), count=3)), 3),
        (job(4, loop(run(3), count=9)), 1),
        (job(4, loop(run(), count=9, maxParallel=3)), 3),
        (job(4, loop({"name": "nothing"}, count=9)), 4),
        (job(4, loop(run(gpus=1), count=9), gpus=2), 2),
        (job(4, a_loop(run(), items=["x", "y"])), 1),
        (job(4, a_loop(run(), items=[], parallel=True)), 1),
    ],
)
def test_limit_of_a_loop__is_what_fits_the_job(document: Data, limit: int) -> None:
    """W-FOR-5."""
    model = parsed(document)
    assert [plan_concurrency(model).limit_of(each) for each in loops_of(model)] == [limit]


def test_limits_of_equal_loops__differ_by_what_runs_beside_them() -> None:
    """W-FOR-5."""
    model = parsed(job(4, loop(run(), count=9), a_launch("a"), loop(run(), count=9)))
    plan = plan_concurrency(model)
    first, second = loops_of(model)
    assert first == second
    assert (plan.limit_of(first), plan.limit_of(second)) == (4, 3)
    assert plan.capacity.tasks == plan.peak.tasks == 4
