"""Launches, handles, signals of scopes (conformance 12, 18, 20 to 25)."""

import time
from typing import Any

import pytest
from tests.support.batch import BatchSite, a_job, a_run

from deepsquare.workflow import Step, StepAsyncLaunch, StepFor

pytestmark = pytest.mark.integration

WAIT = 'for i in $(seq 300); do [ -e "$STORAGE_PATH/go" ] && break; sleep 0.02; done; '


def a_launch(*steps: Step, handle: str | None = None, signal: int = 15, **fields: Any) -> Step:
    launch = StepAsyncLaunch(handle_name=handle, signal_on_parent_step_exit=signal, steps=steps)
    return Step(launch=launch, **fields)


def test_await__of_two_launches__leaves_the_slow_one_alone(site: BatchSite) -> None:
    """W-LAUNCH-1, W-LAUNCH-5, W-STEP-2."""
    slow = a_launch(a_run(WAIT + "echo slow"), handle="slow")
    quick = a_launch(a_run("echo quick"), handle="QUICK")
    go = a_run('touch "$STORAGE_PATH/go"', step_depends_on=("quick",))
    end = Step(name="end", depends_on=("slow", "quick", "slow"))
    result = site.run(a_job(slow, quick, go, end, tasks=3))
    assert (result.code, result.lines) == (0, ["quick", "slow"])


def test_await__of_a_failed_launch__is_caught_by_the_awaiting_step(site: BatchSite) -> None:
    """W-STEP-2, W-CATCH-1."""
    bad = a_launch(a_run("exit 5"), handle="bad")
    catching = a_run(
        "echo never",
        step_depends_on=("bad",),
        step_catch=(a_run('echo "catch $DEEPSQUARE_ERROR_CODE"'),),
        step_finally_=(a_run("echo finally"),),
    )
    again = a_run("echo never", step_depends_on=("bad",))
    result = site.run(a_job(bad, catching, again, tasks=2))
    assert (result.code, result.lines) == (5, ["catch 5", "finally"])


def test_await__from_another_level__gives_the_same_code(site: BatchSite) -> None:
    """W-STEP-2: neither awaiter is the parent of the launch."""
    bad = a_launch(a_run("exit 5"), handle="bad")
    other = a_launch(a_run("echo never", step_depends_on=("bad",)), handle="other")
    loop = Step(
        for_=StepFor(
            parallel=True,
            items=("x", "y"),
            steps=(a_run("exit 1", step_depends_on=("bad",), step_catch=(a_run("echo caught"),)),),
        )
    )
    end = Step(depends_on=("other",))
    result = site.run(a_job(bad, other, loop, end, tasks=4))
    assert (result.code, result.lines) == (5, ["caught", "caught"])


def test_await__of_a_launch_that_never_started__succeeds(site: BatchSite) -> None:
    """W-STEP-2."""
    skipped = a_launch(a_run("exit 5"), handle="h", if_="1 -eq 2")
    unused = a_run("true", step_catch=(a_launch(a_run("exit 6"), handle="c"),))
    result = site.run(
        a_job(skipped, unused, a_run("echo ran", step_depends_on=("h", "c")), tasks=2)
    )
    assert (result.code, result.lines) == (0, ["ran"])


def test_launch__inside_a_group_with_finally__is_awaited_by_a_later_step(site: BatchSite) -> None:
    """W-CATCH-4, W-ENV-7."""
    inner = a_launch(a_run(WAIT + 'echo FROM=launch >>"$DEEPSQUARE_ENV"; exit 3'), handle="h")
    group = Step(steps=(inner,), finally_=(a_run('echo "f ${FROM-none}"'),))
    go = a_run('touch "$STORAGE_PATH/go"; echo "before ${FROM-none}"')
    end = Step(depends_on=("h",), catch=(a_run('echo "after $FROM"'),))
    result = site.run(a_job(group, go, end, tasks=2))
    assert (result.code, result.lines) == (0, ["f none", "before none", "after launch"])


@pytest.mark.parametrize(("signal", "name"), [(15, "TERM"), (2, "INT"), (10, "USR1"), (1, "HUP")])
def test_scope_end__with_a_running_launch__runs_the_workloads_own_trap(
    site: BatchSite, signal: int, name: str
) -> None:
    """W-LAUNCH-2, W-SIG-4, W-SIG-6, W-SIG-8."""
    command = f"trap 'echo {name} arrived; exit 0' {name}; touch \"$STORAGE_PATH/go\"; " + (
        "for i in $(seq 300); do sleep 0.1; done"
    )
    job = a_job(a_launch(a_run(command), signal=signal), a_run(WAIT), tasks=2)
    result = site.run(job)
    assert (result.code, result.lines) == (0, [f"{name} arrived"])


def test_scope_end__when_the_launch_ignores_its_signal__kills_it_after_the_grace(
    site: BatchSite,
) -> None:
    """W-LAUNCH-2, W-SIG-4."""
    command = "trap '' TERM; touch \"$STORAGE_PATH/go\"; for i in $(seq 300); do sleep 0.1; done"
    begin = time.monotonic()
    result = site.run(a_job(a_launch(a_run(command)), a_run(WAIT), tasks=2))
    assert result.code == 0
    assert 2 <= time.monotonic() - begin < 20


def test_signal_zero__when_the_scope_ends__waits_for_the_launch(site: BatchSite) -> None:
    """W-LAUNCH-3."""
    launch = a_launch(a_run("sleep 1; echo done"), signal=0)
    result = site.run(a_job(launch, a_run("echo main"), tasks=2))
    assert (result.code, result.lines) == (0, ["main", "done"])


def test_signal_zero__after_a_failure__is_ended(site: BatchSite) -> None:
    """W-LAUNCH-3."""
    begin = time.monotonic()
    launch = a_launch(a_run("sleep 100; echo done"), signal=0)
    result = site.run(a_job(launch, a_run("exit 3"), tasks=2))
    assert (result.code, result.lines) == (3, [])
    assert time.monotonic() - begin < 50


def test_launch__that_fails_unawaited__is_named_and_changes_nothing(site: BatchSite) -> None:
    """W-LAUNCH-4."""
    launch = a_launch(a_run('touch "$STORAGE_PATH/go"; exit 9'), name="bg", signal=0)
    result = site.run(a_job(launch, a_run(WAIT), tasks=2))
    assert result.code == 0
    assert "the launch at step 0 failed with code 9, nobody awaited it" in result.stderr


def test_launch__in_an_iteration_or_a_launch__ends_with_that_scope(site: BatchSite) -> None:
    """W-LAUNCH-2."""
    noisy = "trap 'echo ended; exit 0' TERM; touch \"$STORAGE_PATH/go\"; " + (
        "for i in $(seq 300); do sleep 0.1; done"
    )
    loop = Step(for_=StepFor(items=("x",), steps=(a_launch(a_run(noisy)), a_run(WAIT))))
    nested = a_launch(a_launch(a_run(noisy)), a_run(WAIT), handle="n")
    reset = a_run('echo between; rm "$STORAGE_PATH/go"')
    end = a_run("echo last", step_depends_on=("n",))
    result = site.run(a_job(loop, reset, nested, end, tasks=3))
    assert (result.code, result.lines) == (0, ["ended", "between", "ended", "last"])


def test_timeout_and_retries__on_a_launch__apply_to_its_body(site: BatchSite) -> None:
    """W-STEP-5."""
    launch = a_launch(
        a_run('echo x >>"$STORAGE_PATH/n"; sleep 50'), handle="h", timeout=2, retries=1
    )
    show = a_run('echo "$DEEPSQUARE_ERROR_CODE"; wc -l <"$STORAGE_PATH/n"')
    end = Step(depends_on=("h",), catch=(show,))
    result = site.run(a_job(launch, end, tasks=2))
    assert (result.code, result.lines) == (0, ["124", "2"])
