"""Signals to the batch in every phase (conformance 26 to 28)."""

import signal
import time

import pytest
from tests.support.batch import STUB_TOOLS, BatchSite, a_job, a_run, processes_left

from deepsquare.workflow import Step, StepAsyncLaunch, StepFor

pytestmark = pytest.mark.integration

LONG = "for i in $(seq 300); do sleep 0.1; done"


def noisy(word: str) -> str:
    return f"trap 'echo {word} ended; exit 0' TERM; echo {word} runs; {LONG}"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signal__during_a_run__ends_it_runs_finally_and_exits(
    site: BatchSite, number: signal.Signals
) -> None:
    """W-SIG-1, W-SIG-2, W-SIG-6, W-LIFE-1, W-LIFE-4: foreground bodies get TERM."""
    step = a_run(
        noisy("run"),
        step_catch=(a_run("echo catch"),),
        step_finally_=(a_run('echo "finally $DEEPSQUARE_ERROR_CODE"'),),
        step_retries=3,
    )
    outer = Step(steps=(step, a_run("echo later")), finally_=(a_run("echo outer"),))
    with site.start(a_job(outer, a_run("echo never"))) as batch:
        batch.wait_for_output("run runs")
        begin = time.monotonic()
        batch.signal(number)
        result = batch.result()
        assert time.monotonic() - begin < 15
        assert processes_left(batch.process.pid) == []
    assert result.code == 128 + number
    assert result.lines == ["run runs", "run ended", "finally 0", "outer"]
    assert not site.storage.exists()


def test_signal__when_the_run_ignores_it__kills_it_after_the_grace(site: BatchSite) -> None:
    """W-SIG-4, W-SIG-7."""
    step = a_run(f"trap '' TERM; echo up; {LONG}", step_finally_=(a_run("echo finally"),))
    with site.start(a_job(step)) as batch:
        batch.wait_for_output("up\n")
        begin = time.monotonic()
        batch.signal(signal.SIGTERM)
        result = batch.result()
        assert 2 <= time.monotonic() - begin < 20
    assert (result.code, result.lines) == (143, ["up", "finally"])


@pytest.mark.parametrize(
    "how", ['"$@"', "trap 'kill -TERM $!' TERM; setsid \"$@\" & wait $!; wait $!"]
)
def test_signal__with_an_srun_that_is_a_mere_parent__reaches_the_workload_once(
    site: BatchSite, how: str
) -> None:
    """W-SIG-4: the workload may end in its own time, whether or not it is of srun's group."""
    tools = site.root / "tools"
    tools.mkdir()
    (tools / "srun").write_text(f"#!/bin/bash\nwhile [[ $1 == --* ]]; do shift; done\n{how}\n")
    (tools / "srun").chmod(0o755)
    site.settings["PATH"] = f"{tools}:{STUB_TOOLS}"
    command = f"trap 'echo told; sleep 0.5; echo ended; exit 0' TERM; echo up; {LONG}"
    with site.start(a_job(a_run(command))) as batch:
        batch.wait_for_output("up\n")
        batch.signal(signal.SIGTERM)
        result = batch.result()
    assert (result.code, result.lines) == (143, ["up", "told", "ended"])


def test_run_with_helpers__when_killed_without_slurms_help__leaves_none(site: BatchSite) -> None:
    """W-SIG-4, W-NET-3: what the node's program started beside the workload goes with it."""
    tools = site.root / "tools"
    tools.mkdir()
    (tools / "srun").write_text('#!/bin/bash\nwhile [[ $1 == --* ]]; do shift; done\n"$@"\n')
    (tools / "srun").chmod(0o755)
    site.settings["PATH"] = f"{tools}:{STUB_TOOLS}"
    step = a_run(f"trap '' TERM; echo up; {LONG}", network="pasta", step_timeout=6)
    with site.start(a_job(step)) as batch:
        result = batch.result()
        assert processes_left(batch.process.pid) == []
    assert (result.code, result.lines) == (124, ["up"])
    assert list((site.root / "disk").iterdir()) == []


def test_signal__during_a_parallel_loop__ends_all_iterations(site: BatchSite) -> None:
    """W-SIG-1, W-FOR-4."""
    iteration = a_run(noisy("$item"), step_finally_=(a_run('echo "finally $item"'),))
    loop = Step(
        for_=StepFor(parallel=True, items=("a", "b"), steps=(iteration, a_run("echo later"))),
        finally_=(a_run("echo loop finally"),),
    )
    with site.start(a_job(loop, a_run("echo never"), tasks=2)) as batch:
        batch.wait_for(lambda: batch.site_output().count(" runs\n") == 2)
        batch.signal(signal.SIGTERM)
        result = batch.result()
    assert result.code == 143
    expected = ["a runs", "b runs", "finally a", "finally b", "loop finally"]
    assert sorted(line for line in result.lines if "ended" not in line) == sorted(expected)
    assert result.lines[-1] == "loop finally"


def test_signal__with_a_launch__gives_it_its_own_signal(site: BatchSite) -> None:
    """W-SIG-1, W-LAUNCH-2."""
    command = f"trap 'echo usr1; exit 0' USR1; echo up; {LONG}"
    launch = StepAsyncLaunch(signal_on_parent_step_exit=10, steps=(a_run(command),))
    main = a_run(noisy("run"), step_finally_=(a_run("echo finally"),))
    with site.start(a_job(Step(launch=launch), main, tasks=2)) as batch:
        batch.wait_for_output("run runs")
        batch.wait_for_output("up\n")
        batch.signal(signal.SIGTERM)
        result = batch.result()
    assert result.code == 143
    assert "usr1" in result.lines
    assert result.lines[-1] == "finally"


@pytest.mark.parametrize("block", ["catch", "finally"])
def test_signal__during_a_block__starts_no_later_step(site: BatchSite, block: str) -> None:
    """W-SIG-1: a catch block is ended, a finally block that has begun is let finish."""
    long = a_run(f"trap 'echo ended; exit 0' TERM; echo in {block}; sleep 1; echo done")
    body = "exit 3" if block == "catch" else "true"
    blocks = {f"step_{block}{'_' if block == 'finally' else ''}": (long,)}
    if block == "catch":
        blocks["step_finally_"] = (a_run("echo finally"),)
    with site.start(a_job(a_run(body, **blocks), a_run("echo never"))) as batch:
        batch.wait_for_output(f"in {block}")
        batch.signal(signal.SIGTERM)
        result = batch.result()
    assert result.code == 143
    expected = ["in catch", "ended", "finally"] if block == "catch" else ["in finally", "done"]
    assert result.lines == expected


def test_signal__when_finally_takes_too_long__ends_within_the_stop_time(site: BatchSite) -> None:
    """W-SIG-7, W-LIFE-2."""
    step = a_run(noisy("run"), step_finally_=(a_run(f"echo finally; trap '' TERM; {LONG}"),))
    with site.start(a_job(step)) as batch:
        batch.wait_for_output("run runs")
        begin = time.monotonic()
        batch.signal(signal.SIGTERM)
        result = batch.result()
        assert time.monotonic() - begin < 20
    assert result.code == 143
    assert not site.storage.exists()


def test_second_signal__while_stopping__is_logged_and_ignored(site: BatchSite) -> None:
    """W-SIG-3."""
    step = a_run(noisy("run"), step_finally_=(a_run("echo finally; sleep 1; echo complete"),))
    with site.start(a_job(step)) as batch:
        batch.wait_for_output("run runs")
        batch.signal(signal.SIGTERM)
        batch.wait_for_output("finally")
        batch.signal(signal.SIGTERM)
        result = batch.result()
    assert result.code == 143
    assert result.lines[-2:] == ["finally", "complete"]
    assert "signal 15 ignored" in result.stderr


def test_first_signal__during_the_post_hook__lets_it_finish(site: BatchSite) -> None:
    """W-SIG-3, W-LIFE-3, W-SITE-4."""
    hook = site.root / "hook"
    hook.write_text('#!/bin/sh\necho "hook $DEEPSQUARE_ERROR_CODE"; sleep 1; echo hooked\n')
    hook.chmod(0o755)
    site.settings["POST_HOOK"] = str(hook)
    with site.start(a_job(a_run("true"))) as batch:
        batch.wait_for_output("hook 0")
        batch.signal(signal.SIGTERM)
        result = batch.result()
    assert (result.code, result.lines) == (143, ["hook 0", "hooked"])


@pytest.mark.parametrize(
    ("hook_code", "step_code", "code"), [(0, 3, 3), (4, 0, 4), (4, 3, 4), (0, 0, 0)]
)
def test_pre_hook__when_it_fails__fails_the_job_before_any_step(
    site: BatchSite, hook_code: int, step_code: int, code: int
) -> None:
    """W-SITE-4, W-LIFE-3."""
    hook = site.root / "hook"
    hook.write_text(f'#!/bin/sh\necho "$STORAGE_PATH"; exit {hook_code}\n')
    hook.chmod(0o755)
    site.settings["PRE_HOOK"] = str(hook)
    result = site.run(a_job(a_run(f"echo step; exit {step_code}")))
    assert result.code == code
    assert result.lines == [str(site.storage), *([] if hook_code else ["step"])]
    assert not site.storage.exists()


def test_workload__when_killed__gives_128_plus_the_signal(site: BatchSite) -> None:
    """W-RUN-3."""
    assert site.run(a_job(a_run("kill -KILL $$"))).code == 137


def test_missing_tool__before_any_effect__is_listed(site: BatchSite) -> None:
    """W-LIFE-1, W-SITE-3."""
    empty = site.root / "bin"
    empty.mkdir()
    for tool in ("mkdir", "rm", "srun", "cat", "head", "mv", "chmod"):
        (empty / tool).symlink_to("/bin/true")
    site.settings["PATH"] = ""
    site.environment["PATH"] = str(empty)
    result = site.run(a_job(a_run("true")))
    assert result.code == 127
    assert "these tools are missing on this site: env scancel" in result.stderr
    assert list((site.root / "storage").iterdir()) == []


def test_storage__with_unwritable_trees__is_removed_all_the_same(site: BatchSite) -> None:
    """W-LIFE-2."""
    result = site.run(a_job(a_run('mkdir -p "$STORAGE_PATH/a/b"; chmod 0 "$STORAGE_PATH/a"')))
    assert result.code == 0
    assert list((site.root / "storage").iterdir()) == []


@pytest.mark.parametrize("name", ["odd name/../x", "", "a;b"])
def test_job_name__when_odd__stays_below_the_storage_root(site: BatchSite, name: str) -> None:
    """W-SITE-7."""
    site.environment["SLURM_JOB_NAME"] = name
    result = site.run(a_job(a_run('dirname "$STORAGE_PATH"; echo "$DEEPSQUARE_TMP"')))
    assert result.lines == [str(site.root / "storage"), str(site.root / "shared")]


def test_caches__when_missing__are_replaced_with_a_warning(site: BatchSite) -> None:
    """W-STO-3, W-LIFE-5."""
    site.settings["SHARED_WORLD_TMP"] = str(site.root / "none")
    site.settings["DISK_WORLD_TMP"] = str(site.root / "none-disk")
    names = ("DEEPSQUARE_SHARED_WORLD_TMP", "DEEPSQUARE_DISK_WORLD_TMP")
    command = "; ".join(f'echo "${name}"; touch "${name}/x" && echo ok' for name in names)
    result = site.run(a_job(a_run(command)))
    storage = site.storage
    assert result.lines == [f"{storage}/world-tmp", "ok", f"{storage}/disk/world-tmp", "ok"]
    assert result.stderr.count("using the job's storage instead") == 2


def test_site_variables__are_not_visible_to_workloads(site: BatchSite) -> None:
    """W-SITE-2."""
    result = site.run(a_job(a_run("env | grep -c DEEPSQUARE_SITE")))
    assert result.lines == ["0"]


def test_site_number__when_malformed__is_replaced_with_a_warning(site: BatchSite) -> None:
    """W-SITE-1."""
    site.settings["GRACE_SECONDS"] = "soon"
    result = site.run(a_job(a_run("true")))
    assert result.code == 0
    assert "DEEPSQUARE_SITE_GRACE_SECONDS is malformed, using 10" in result.stderr
