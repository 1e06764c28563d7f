"""Steps, blocks, loops, conditions (conformance 11, 14 to 17, 19, 20)."""

import time
from typing import Any

import pytest
from tests.support.batch import STUB_TOOLS, BatchSite, a_job, a_run

from deepsquare.workflow import ForRange, Step, StepAsyncLaunch, StepFor, StepRun

pytestmark = pytest.mark.integration


def a_loop(*steps: Step, parallel: bool = False, limit: int | None = None, **over: Any) -> Step:
    items = over.get("items")
    bounds = over.get("range")
    return Step(
        for_=StepFor(steps=steps, parallel=parallel, items=items, range=bounds, max_parallel=limit)
    )


# --- loops ---------------------------------------------------------------------------------------


def test_nested_loops__when_sequential__print_the_product_in_order(site: BatchSite) -> None:
    """W-FOR-1, W-FOR-2, W-REN-7."""
    inner = a_loop(a_run('echo "$item/$index"'), range=ForRange(begin=1, end=2))
    result = site.run(a_job(a_loop(inner, items=("a", "b"))))
    assert (result.code, result.lines) == (0, ["a/1", "a/2", "b/1", "b/2"])


@pytest.mark.parametrize("outer", [False, True])
@pytest.mark.parametrize("inner", [False, True])
def test_nested_loops__in_every_mix__print_the_full_product(
    site: BatchSite, outer: bool, inner: bool
) -> None:
    """W-FOR-2."""
    nested = a_loop(a_run('echo "$item/$index"'), parallel=inner, range=ForRange(begin=1, end=3))
    job = a_job(a_loop(nested, parallel=outer, items=("a", "b")), tasks=6)
    assert sorted(site.run(job).lines) == [f"{a}/{n}" for a in "ab" for n in (1, 2, 3)]


def test_parallel_loop__when_limited__never_runs_more_at_a_time(site: BatchSite) -> None:
    """W-FOR-5."""
    command = """
      touch "$STORAGE_PATH/alive.$index"
      ls "$STORAGE_PATH" | grep -c alive
      sleep 0.2
      rm "$STORAGE_PATH/alive.$index"
    """
    loop = a_loop(a_run(command), parallel=True, limit=3, range=ForRange(begin=1, end=10))
    result = site.run(a_job(loop, tasks=10))
    assert len(result.lines) == 10
    assert max(map(int, result.lines)) == 3


def test_parallel_loop__without_limit__runs_what_fits(site: BatchSite) -> None:
    """W-FOR-5: two tasks fit, so two run at once; each waits for the other."""
    command = """
      touch "$STORAGE_PATH/here.$index"
      for i in $(seq 100); do
        [ -e "$STORAGE_PATH/here.1" ] && [ -e "$STORAGE_PATH/here.2" ] && exit 0
        sleep 0.05
      done
      exit 1
    """
    loop = a_loop(a_run(command), parallel=True, range=ForRange(begin=1, end=2))
    assert site.run(a_job(loop, tasks=2)).code == 0


def test_parallel_loop__when_one_fails__ends_the_others_and_starts_no_more(
    site: BatchSite,
) -> None:
    """W-FOR-4."""
    command = """
      trap 'echo ended; exit 9' TERM
      if [ "$index" = 2 ]; then sleep 0.3; exit 5; fi
      echo "start $index"
      for i in $(seq 300); do sleep 0.1; done
    """
    loop = a_loop(a_run(command), parallel=True, limit=2, range=ForRange(begin=1, end=4))
    begin = time.monotonic()
    result = site.run(a_job(loop, tasks=2))
    assert result.code == 5
    assert result.lines == ["start 1", "ended"]
    assert time.monotonic() - begin < 20


def test_sequential_loop__when_one_fails__stops_there(site: BatchSite) -> None:
    """W-FOR-3."""
    loop = a_loop(a_run('echo "$item"; [ "$item" != b ]'), items=("a", "b", "c"))
    result = site.run(a_job(loop))
    assert (result.code, result.lines) == (1, ["a", "b"])


def test_items__with_special_characters__arrive_literally(site: BatchSite) -> None:
    """W-FOR-1."""
    items = ("a b", "'q'", '"', "$HOME", "two\nlines", "", "*")
    result = site.run(a_job(a_loop(a_run("printf '<%s>' \"$item\""), items=items)))
    assert result.stdout == "".join(f"<{item}>" for item in items)


@pytest.mark.parametrize(
    ("begin", "end", "increment", "values"),
    [(3, 1, -1, "321"), (1, 3, 0, "123"), (1, 6, 2, "135"), (1, 3, -1, ""), (2, 2, 1, "2")],
)
def test_range__with_any_increment__counts_to_its_end(
    site: BatchSite, begin: int, end: int, increment: int, values: str
) -> None:
    """W-FOR-1, W-FOR-6."""
    bounds = ForRange(begin=begin, end=end, increment=increment)
    result = site.run(a_job(a_loop(a_run('printf "$index"'), range=bounds)))
    assert (result.code, result.stdout) == (0, values)


def test_parallel_iterations__when_all_write_entries__are_merged_in_order(site: BatchSite) -> None:
    """W-ENV-7."""
    write = """
      for i in $(seq 20); do echo "OWN_${index}_$i=$index" >>"$DEEPSQUARE_ENV"; done
      echo "LAST=$index" >>"$DEEPSQUARE_ENV"
      printf 'TEXT<<E\\nof\\n%s\\nE\\n' "$index" >>"$DEEPSQUARE_ENV"
    """
    loop = a_loop(a_run(write), parallel=True, range=ForRange(begin=1, end=50))
    show = a_run('env | grep -c ^OWN_; echo "$KEPT $LAST"; echo "$TEXT"; wc -l <"$DEEPSQUARE_ENV"')
    before = a_run('echo KEPT=yes >>"$DEEPSQUARE_ENV"')
    result = site.run(a_job(before, loop, show, tasks=8), timeout_s=120)
    assert result.stdout.split("\n")[:4] == ["1000", "yes 50", "of", "50"], result.stderr


def test_parallel_iterations__however_many__are_merged_with_one_writing(site: BatchSite) -> None:
    """W-ENV-7: writing all entries again for each would take hours for some thousand iterations."""
    tools = site.root / "tools"
    tools.mkdir()
    move = tools / "mv"
    move.write_text('#!/bin/sh\necho >>"$STUB_CALLS.moves"\nexec /bin/mv "$@"\n')
    move.chmod(0o755)
    site.settings["PATH"] = f"{tools}:{STUB_TOOLS}"
    note = a_run('echo "K$index=v" >>"$DEEPSQUARE_ENV"')
    loop = a_loop(note, parallel=True, range=ForRange(begin=1, end=20))
    result = site.run(a_job(loop, a_run("env | grep -c '^K[0-9]'"), tasks=4))
    assert (result.code, result.lines) == (0, ["20"])
    assert (site.root / "calls.moves").read_text() == "\n"


# --- blocks --------------------------------------------------------------------------------------


def shows(word: str, code: int = 0) -> Step:
    return a_run(f'echo "{word} ${{DEEPSQUARE_ERROR_CODE-unset}}"; exit {code}')


@pytest.mark.parametrize(
    ("body", "catch", "finally_", "code", "lines"),
    [
        (0, 0, 0, 0, ["finally 0", "next unset"]),
        (3, 0, 0, 0, ["catch 3", "finally 3", "next unset"]),
        (3, 4, 0, 4, ["catch 3", "finally 3"]),
        (3, 4, 5, 4, ["catch 3", "finally 3"]),
        (0, 0, 5, 5, ["finally 0"]),
        (3, 0, 5, 5, ["catch 3", "finally 3"]),
        (3, None, 0, 3, ["finally 3"]),
        (3, 0, None, 0, ["catch 3", "next unset"]),
    ],
)
def test_blocks__for_each_outcome__run_once_with_the_bodys_code(
    site: BatchSite,
    body: int,
    catch: int | None,
    finally_: int | None,
    code: int,
    lines: list[str],
) -> None:
    """W-CATCH-1, W-CATCH-2, W-CATCH-3."""
    step = a_run(
        f"exit {body}",
        step_catch=() if catch is None else (shows("catch", catch),),
        step_finally_=() if finally_ is None else (shows("finally", finally_),),
    )
    result = site.run(a_job(step, shows("next")))
    assert (result.code, result.lines) == (code, lines)


def test_nested_blocks__see_the_innermost_code_and_restore_the_outer(site: BatchSite) -> None:
    """W-CATCH-3, W-CATCH-4."""
    inner = a_run("echo K=v >>$DEEPSQUARE_ENV; exit 3", step_catch=(shows("inner"),))
    outer = a_run("exit 7", step_catch=(inner, shows("outer")))
    result = site.run(a_job(Step(steps=(outer,)), a_run('echo "$K"')))
    assert (result.code, result.lines) == (0, ["inner 3", "outer 7", "v"])


# --- conditions ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "code", "runs"),
    [
        ("1 -eq 1", 0, True),
        ("1 -eq 2", 0, False),
        ("-z $UNSET_VARIABLE", 0, True),
        ('"$(pwd)" == "$STORAGE_PATH"', 0, True),
        ('-n "$(cd /; X=1; exit 4)" || $NTASKS -eq 1', 0, True),
        ("1 -eq 1 ]]; cd /; X=1; exit 9; [[ 1 -eq 1", 2, False),
        ("( broken", 2, False),
        ("a b", 2, False),
        ("$A == v", 0, True),
    ],
)
def test_condition__of_any_kind__decides_and_leaves_the_batch_shell_alone(
    site: BatchSite, condition: str, code: int, runs: bool
) -> None:
    """W-IF-1, W-IF-2, W-IF-3, W-ENV-6."""
    setup = a_run('echo A=v >>"$DEEPSQUARE_ENV"')
    step = a_run("echo ran", step_if_=condition, step_finally_=(a_run("echo finally"),))
    result = site.run(a_job(setup, step, a_run("echo next")))
    finally_ = ["finally"] if runs or code else []
    assert result.code == code
    assert result.lines == (["ran"] if runs else []) + finally_ + ([] if code else ["next"])
    if code:
        assert "the condition of step 1 cannot be evaluated" in result.stderr


# --- time limits and attempts --------------------------------------------------------------------


def test_timeout__when_reached__ends_children_of_the_workload(site: BatchSite) -> None:
    """W-STEP-3."""
    command = "sh -c 'sleep 100; :' & sh -c 'trap \"\" TERM; sleep 100; :' & wait"
    begin = time.monotonic()
    with site.start(a_job(a_run(command, step_timeout=1))) as batch:
        result = batch.result()
    assert result.code == 124
    assert time.monotonic() - begin < 60


def test_timeout__of_a_group__skips_inner_catch_and_runs_inner_finally(site: BatchSite) -> None:
    """W-STEP-3, W-CATCH-2."""
    inner = a_run("sleep 50", step_catch=(shows("no"),), step_finally_=(shows("inner"),))
    group = Step(steps=(inner, shows("later")), timeout=2, catch=(shows("outer"),))
    result = site.run(a_job(group, shows("next")))
    assert (result.code, result.lines) == (0, ["inner 143", "outer 124", "next unset"])


def test_retries__when_two_attempts_fail__succeed_with_the_third(site: BatchSite) -> None:
    """W-STEP-4."""
    command = 'echo x >>"$STORAGE_PATH/n"; [ "$(wc -l <"$STORAGE_PATH/n")" = 3 ]'
    assert site.run(a_job(a_run(command, step_retries=2))).code == 0


def test_retries__when_used_up__give_catch_the_last_code(site: BatchSite) -> None:
    """W-STEP-4, W-STEP-3."""
    command = """
      echo x >>"$STORAGE_PATH/n"
      [ -e "$STORAGE_PATH/s" ] && sleep 50
      touch "$STORAGE_PATH/s"
      exit 6
    """
    step = a_run(command, step_retries=1, step_timeout=2, step_catch=(shows("catch"),))
    result = site.run(a_job(step, a_run('wc -l <"$STORAGE_PATH/n"')))
    assert (result.code, result.lines) == (0, ["catch 124", "2"])


def test_catch_blocks__nested_as_deep_as_allowed__run(site: BatchSite) -> None:
    """W-LIFE-7, V-LIM: names of files are made of paths, and hold 255 bytes."""
    step = a_run("echo innermost")
    for _ in range(31):
        step = Step(run=StepRun(command="exit 3"), catch=(step,))
    assert site.run(a_job(step)).lines == ["innermost"]


def test_finally_blocks__nested_as_deep_as_allowed__run(site: BatchSite) -> None:
    """W-LIFE-7, V-LIM."""
    step = a_run("echo innermost")
    for _ in range(31):
        step = Step(finally_=(step,))
    assert site.run(a_job(step)).lines == ["innermost"]


def test_launch__deep_in_blocks__is_named_by_its_path(site: BatchSite) -> None:
    """W-LAUNCH-4."""
    failing = Step(launch=StepAsyncLaunch(steps=(a_run("exit 7"),)))
    waiting = a_run("sleep 1")
    block = Step(finally_=(Step(run=StepRun(command="false"), catch=(failing, waiting)),))
    stderr = site.run(a_job(block)).stderr
    assert "the launch at step 0.finally.0.catch.0 failed with code 7" in stderr
