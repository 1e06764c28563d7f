"""Rendered scripts on a real Slurm of this machine: what a stub srun cannot tell."""

import os
import pwd
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.batch import NONCE, a_job, a_run
from tools.devnet.slurm import PrivateSlurm

from deepsquare.workflow import (
    EnvVar,
    ForRange,
    Job,
    Step,
    StepAsyncLaunch,
    StepFor,
    StepRunResources,
)
from deepsquare_sbatch_api.domain.rendering import render

pytestmark = pytest.mark.integration

CUSTOMER = pwd.getpwnam("games")
LONG = "for i in $(seq 300); do sleep 0.1; done"


@dataclass
class RealBatch:
    """A batch on the private Slurm."""

    slurm: PrivateSlurm
    folder: Path
    job_id: str

    @property
    def output(self) -> str:
        path = self.folder / "out"
        return path.read_text() if path.exists() else ""

    def wait_for(self, condition: Callable[[], bool], *, timeout_s: float = 30) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, self.output
            time.sleep(0.05)

    def ending(self) -> str:
        """Wait for the end and return the record of the completion log."""

        def line() -> str:
            if not self.slurm.completion_log.exists():
                return ""
            lines = self.slurm.completion_log.read_text().splitlines()
            return next((line for line in lines if line.startswith(f"JobId={self.job_id} ")), "")

        self.wait_for(lambda: bool(line()))
        return line()

    @property
    def lines(self) -> list[str]:
        return [
            line
            for line in self.output.splitlines()
            if not line.startswith(("Running: ", "deepsquare: ", "slurmstepd", "srun: "))
        ]


@pytest.fixture
def submit(slurm: PrivateSlurm, open_folder: Path) -> Callable[..., RealBatch]:
    folder = open_folder / f"batch-{time.monotonic_ns()}"
    folder.mkdir()
    for name in ("storage", "shared", "world", "disk", "disk-world"):
        (folder / name).mkdir()
    for path in [folder, *folder.iterdir()]:
        os.chown(path, CUSTOMER.pw_uid, CUSTOMER.pw_gid)

    def submit(job: Job, *options: str, **settings: str) -> RealBatch:
        script = folder / "script.sh"
        script.write_text(render(job, nonce=NONCE).script)
        site = {
            "STORAGE_ROOT": "storage",
            "SHARED_TMP": "shared",
            "SHARED_WORLD_TMP": "world",
            "DISK_TMP": "disk",
            "DISK_WORLD_TMP": "disk-world",
        }
        exports = [f"DEEPSQUARE_SITE_{key}={folder}/{name}" for key, name in site.items()]
        exports += [f"DEEPSQUARE_SITE_{name}={value}" for name, value in settings.items()]
        exports += [
            "DEEPSQUARE_SITE_GRACE_SECONDS=3",
            "DEEPSQUARE_SITE_STOP_SECONDS=12",
            f"HOME={folder}",
        ]
        job_id = slurm.run(
            "sbatch",
            "--parsable",
            f"--uid={CUSTOMER.pw_uid}",
            f"--gid={CUSTOMER.pw_gid}",
            f"--chdir={folder}",
            f"--output={folder}/out",
            "--job-name=0xreal",
            "--open-mode=append",
            f"--ntasks={job.resources.tasks}",
            f"--cpus-per-task={job.resources.cpus_per_task}",
            f"--mem-per-cpu={job.resources.mem_per_cpu}",
            "--signal=B:TERM@12",
            f"--export=ALL,{','.join(exports)}",
            *options,
            str(script),
        ).strip()
        return RealBatch(slurm, folder, job_id)

    return submit


def test_steps__on_two_nodes__run_with_their_environment(
    submit: Callable[..., RealBatch],
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
    batch = submit(job)
    assert "JobState=COMPLETED" in batch.ending()
    lines = batch.lines
    assert sorted(lines[:4]) == ["node 0 of 2"] * 2 + ["node 1 of 2"] * 2
    assert "\n".join(lines[4:]) == f"<{value}>\nw,x\nstorage/0xreal.{batch.job_id}"
    assert list((batch.folder / "storage").iterdir()) == []


def test_parallel_loop__on_real_slurm__runs_side_by_side(submit: Callable[..., RealBatch]) -> None:
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
    assert "JobState=COMPLETED" in submit(a_job(Step(for_=loop), tasks=2)).ending()


@pytest.mark.parametrize(("number", "name"), [(15, "TERM"), (2, "INT"), (10, "USR1"), (1, "HUP")])
def test_scope_end__on_real_slurm__signals_the_workload(
    submit: Callable[..., RealBatch], number: int, name: str
) -> None:
    """W-SIG-4, W-LAUNCH-2."""
    command = f"trap 'echo {name} arrived; exit 0' {name}; touch $STORAGE_PATH/go; {LONG}"
    launch = StepAsyncLaunch(signal_on_parent_step_exit=number, steps=(a_run(command),))
    wait = a_run('for i in $(seq 200); do [ -e "$STORAGE_PATH/go" ] && exit 0; sleep 0.1; done')
    batch = submit(a_job(Step(launch=launch), wait, tasks=2))
    begin = time.monotonic()
    assert "JobState=COMPLETED" in batch.ending()
    assert f"{name} arrived" in batch.lines
    assert time.monotonic() - begin < 15


def test_timeout__on_real_slurm__gives_124_and_frees_the_resources(
    submit: Callable[..., RealBatch],
) -> None:
    """W-STEP-3."""
    stubborn = a_run(f"trap '' TERM; {LONG}", step_timeout=1, step_catch=(a_run("echo caught"),))
    batch = submit(a_job(stubborn, a_run("echo next")))
    assert "JobState=COMPLETED" in batch.ending()
    assert batch.lines == ["caught", "next"]


def test_cancel__of_the_batch_shell__runs_finally_and_removes_storage(
    submit: Callable[..., RealBatch], slurm: PrivateSlurm
) -> None:
    """W-SIG-1, W-SIG-2, W-SUP-3."""
    command = f"trap 'echo ended; exit 0' TERM; echo up; {LONG}"
    step = a_run(command, step_finally_=(a_run("echo finally"),))
    batch = submit(a_job(step, a_run("echo never")))
    batch.wait_for(lambda: "up\n" in batch.output)
    slurm.run("scancel", "--batch", "--signal=TERM", batch.job_id)
    ending = batch.ending()
    assert "ExitCode=143:0" in ending or "JobState=FAILED" in ending
    assert [line for line in batch.lines if line in ("up", "ended", "finally", "never")] == [
        "up",
        "ended",
        "finally",
    ]
    assert list((batch.folder / "storage").iterdir()) == []


def test_workload__when_killed_on_real_slurm__gives_137(
    submit: Callable[..., RealBatch],
) -> None:
    """W-RUN-3, W-LIFE-3."""
    step = a_run("kill -KILL $$", step_finally_=(a_run('echo "code $DEEPSQUARE_ERROR_CODE"'),))
    batch = submit(a_job(step))
    assert "JobState=FAILED" in batch.ending()
    assert batch.lines[-1] == "code 137"
