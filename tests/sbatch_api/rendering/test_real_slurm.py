"""Rendered scripts on a real Slurm of this machine: what a stub srun cannot tell."""

import time

import pytest
from tests.support.batch import a_job, a_run
from tests.support.slurm_batch import SlurmSite

from deepsquare.workflow import (
    EnvVar,
    ForRange,
    Step,
    StepAsyncLaunch,
    StepFor,
    StepRunResources,
)

pytestmark = pytest.mark.integration

LONG = "for i in $(seq 300); do sleep 0.1; done"


def test_steps__on_two_nodes__run_with_their_environment(
    slurm_site: SlurmSite,
) -> None:
    """W-STO-2, W-ENV-2, W-RUN-1, W-SITE-6."""
    value = 'a,b "c" $(x)\n lines \n'
    job = a_job(
        a_run(
            'echo "node $SLURM_NODEID of $SLURM_JOB_NUM_NODES"',
            resources=StepRunResources(tasks=4),
        ),
        a_run('printf \'<%s>\\n\' "$V"; echo K=w,x >>"$DEEPSQUARE_ENV"'),
        a_run('echo "$K"; pwd | sed "s/.*storage/storage/"'),
        tasks=4,
        env=(EnvVar(key="V", value=value),),
    )
    batch = slurm_site.submit(job)
    assert "JobState=COMPLETED" in batch.ending()
    lines = batch.lines
    assert sorted(lines[:4]) == ["node 0 of 2"] * 2 + ["node 1 of 2"] * 2
    assert "\n".join(lines[4:]) == f"<{value}>\nw,x\nstorage/0xreal.{batch.job_id}"
    assert list((batch.folder / "storage").iterdir()) == []


def test_parallel_loop__on_real_slurm__runs_side_by_side(slurm_site: SlurmSite) -> None:
    """W-FOR-5."""
    command = """
      touch "$STORAGE_PATH/here.$index"
      for i in $(seq 200); do
        [ -e "$STORAGE_PATH/here.1" ] && [ -e "$STORAGE_PATH/here.2" ] && exit 0
        sleep 0.05
      done
      exit 1
    """
    loop = StepFor(parallel=True, range=ForRange(begin=1, end=2), steps=(a_run(command),))
    assert "JobState=COMPLETED" in slurm_site.submit(a_job(Step(for_=loop), tasks=2)).ending()


@pytest.mark.parametrize(("number", "name"), [(15, "TERM"), (2, "INT"), (10, "USR1"), (1, "HUP")])
def test_scope_end__on_real_slurm__signals_the_workload(
    slurm_site: SlurmSite, number: int, name: str
) -> None:
    """W-SIG-4, W-LAUNCH-2."""
    command = f"trap 'echo {name} arrived; exit 0' {name}; touch $STORAGE_PATH/go; {LONG}"
    launch = StepAsyncLaunch(signal_on_parent_step_exit=number, steps=(a_run(command),))
    wait = a_run('for i in $(seq 200); do [ -e "$STORAGE_PATH/go" ] && exit 0; sleep 0.1; done')
    batch = slurm_site.submit(a_job(Step(launch=launch), wait, tasks=2))
    begin = time.monotonic()
    assert "JobState=COMPLETED" in batch.ending()
    assert f"{name} arrived" in batch.lines
    assert time.monotonic() - begin < 25


def test_timeout__on_real_slurm__gives_124_and_frees_the_resources(
    slurm_site: SlurmSite,
) -> None:
    """W-STEP-3."""
    stubborn = a_run(f"trap '' TERM; {LONG}", step_timeout=1, step_catch=(a_run("echo caught"),))
    batch = slurm_site.submit(a_job(stubborn, a_run("echo next")))
    assert "JobState=COMPLETED" in batch.ending()
    assert batch.lines == ["caught", "next"]


def test_cancel__of_the_batch_shell__runs_finally_and_removes_storage(
    slurm_site: SlurmSite,
) -> None:
    """W-SIG-1, W-SIG-2, W-SUP-3."""
    command = f"trap 'echo ended; exit 0' TERM; echo up; {LONG}"
    step = a_run(command, step_finally_=(a_run("echo finally"),))
    batch = slurm_site.submit(a_job(step, a_run("echo never")))
    batch.wait_for("up")
    batch.terminate()
    ending = batch.ending()
    assert "ExitCode=143:0" in ending or "JobState=FAILED" in ending
    assert [line for line in batch.lines if line in ("up", "ended", "finally", "never")] == [
        "up",
        "ended",
        "finally",
    ]
    assert list((batch.folder / "storage").iterdir()) == []


def test_workload__when_killed_on_real_slurm__gives_137(
    slurm_site: SlurmSite,
) -> None:
    """W-RUN-3, W-LIFE-3."""
    step = a_run("kill -KILL $$", step_finally_=(a_run('echo "code $DEEPSQUARE_ERROR_CODE"'),))
    batch = slurm_site.submit(a_job(step))
    assert "JobState=FAILED" in batch.ending()
    assert batch.lines[-1] == "code 137"
