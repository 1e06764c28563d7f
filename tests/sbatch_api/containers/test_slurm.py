"""Containers of a real Apptainer in steps of a real Slurm, where FUSE is closed to users."""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.apptainer_site import CUSTOMER, give_to_customer
from tests.support.batch import NONCE, a_job, a_run
from tests.support.registry import OPEN, REPOSITORY, Registries
from tools.devnet.slurm import PrivateSlurm
from tools.devnet.waiting import wait_until

from deepsquare.workflow import ContainerRun, EnvVar, Job, StepRunResources
from deepsquare_sbatch_api.domain.rendering import render

pytestmark = pytest.mark.integration

FOLDERS = {
    "STORAGE_ROOT": "storage",
    "SHARED_TMP": "shared",
    "SHARED_WORLD_TMP": "world",
    "DISK_TMP": "disk",
    "DISK_WORLD_TMP": "disk-world",
    "APPTAINER_TMP": "apptainer-tmp",
}
HOSTILE = 'a,b "c" $(x)\n lines \\n \n'
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch on the private Slurm."""

    slurm: PrivateSlurm
    folder: Path
    job_id: str

    @property
    def output(self) -> str:
        path = self.folder / "out"
        return path.read_text() if path.exists() else ""

    def wait_for(self, text: str) -> None:
        wait_until(lambda: text in self.output, what=text, timeout_s=60)

    def end(self) -> str:
        """Wait for the end and return its record."""
        wait_until(lambda: bool(self._record()), what="the end", timeout_s=90)
        return self._record()

    def _record(self) -> str:
        log = self.slurm.completion_log
        lines = log.read_text().splitlines() if log.exists() else []
        return next((line for line in lines if line.startswith(f"JobId={self.job_id} ")), "")


@pytest.fixture
def submit(
    slurm: PrivateSlurm, open_folder: Path, apptainer: Path, registries: Registries
) -> Callable[[Job], Batch]:
    folder = open_folder / f"containers{next(_numbers)}"
    for name in FOLDERS.values():
        (folder / name).mkdir(parents=True)
    give_to_customer(folder)
    registries.proxy.forget()

    def submit(job: Job) -> Batch:
        (folder / "script.sh").write_text(render(job, nonce=NONCE).script)
        exports = {f"DEEPSQUARE_SITE_{key}": folder / name for key, name in FOLDERS.items()}
        exports |= {"DEEPSQUARE_SITE_PATH": apptainer, "HOME": folder}
        settings = {"APPTAINER_UNSQUASH": "1", **registries.environment}
        words = [f"{key}={value}" for key, value in {**exports, **settings}.items()]
        job_id = slurm.run(
            *("sbatch", "--parsable", f"--uid={CUSTOMER.pw_uid}", f"--gid={CUSTOMER.pw_gid}"),
            *(f"--chdir={folder}", f"--output={folder}/out", "--job-name=0xcontainers"),
            *(f"--ntasks={job.resources.tasks}", f"--cpus-per-task={job.resources.cpus_per_task}"),
            *(f"--mem-per-cpu={job.resources.mem_per_cpu}", "--ntasks-per-node=1"),
            f"--export=ALL,{','.join(words)}",
            str(folder / "script.sh"),
        )
        return Batch(slurm, folder, job_id.strip())

    return submit


BOX = ContainerRun(image=f"{REPOSITORY}:entry", registry=OPEN, apptainer=True)


def test_containers__on_two_nodes__share_one_fetch(submit: Callable[[Job], Batch]) -> None:
    """W-IMG-1, W-IMG-2, W-ENV-2, W-RUN-1, W-RUN-7, W-STO-1, W-SITE-6."""
    both = StepRunResources(tasks=2)
    batch = submit(
        a_job(
            a_run('echo "node $SLURM_NODEID $IMAGE_SAYS"', container=BOX, resources=both),
            a_run("a 'b c' $d", container=BOX, shell="ENTRYPOINT"),
            a_run('printf "<%s>\\n" "$V"; echo K=w,x >>"$DEEPSQUARE_ENV"', container=BOX),
            a_run('echo "$K"'),
            tasks=2,
            env=(EnvVar(key="V", value=HOSTILE),),
        )
    )
    assert "JobState=COMPLETED" in batch.end(), batch.output
    assert batch.output.count("fetching image") == 1
    for text in ("node 0 image, says\n", "node 1 image, says\n", f"<{HOSTILE}>\n", "\nw,x\n"):
        assert text in batch.output
    assert "<entry point><a><b c><$d>\n" in batch.output
    for name in ("storage", "apptainer-tmp"):
        assert list((batch.folder / name).iterdir()) == []


def test_cancel__reaches_the_workload_in_its_container(
    submit: Callable[[Job], Batch], slurm: PrivateSlurm
) -> None:
    """W-SIG-1, W-SIG-4, W-SIG-5, W-SUP-3, W-LIFE-2."""
    command = "trap 'echo ended; exit 0' TERM; echo up; for i in $(seq 300); do sleep 0.1; done"
    step = a_run(command, container=BOX, step_finally_=(a_run("echo finally", container=BOX),))
    batch = submit(a_job(step, a_run("echo never")))
    batch.wait_for("up\n")
    begin = time.monotonic()
    slurm.run("scancel", "--batch", "--signal=TERM", batch.job_id)
    assert "JobState=FAILED" in batch.end()
    assert time.monotonic() - begin < 25
    assert [
        line for line in batch.output.splitlines() if line in ("ended", "finally", "never")
    ] == [
        "ended",
        "finally",
    ]
    assert list((batch.folder / "storage").iterdir()) == []


def test_container__killed_with_its_step__leaves_nothing(submit: Callable[[Job], Batch]) -> None:
    """W-SIG-4, W-LIFE-2."""
    command = "trap '' TERM; echo up; for i in $(seq 300); do sleep 0.1; done"
    fetch, killed = a_run("true", container=BOX), a_run(command, container=BOX, step_timeout=4)
    batch = submit(a_job(fetch, killed))
    batch.end()
    assert "up\n" in batch.output
    assert "time limit of 4 seconds reached" in batch.output
    for name in ("storage", "apptainer-tmp", "disk"):
        assert list((batch.folder / name).iterdir()) == [], name


def test_control_groups__of_a_step__hold_its_container(
    submit: Callable[[Job], Batch], slurm: PrivateSlurm
) -> None:
    """W-RUN-1: a container does not escape Slurm's control groups."""
    if slurm.why_no_cgroups:
        pytest.fail(f"no control groups: {slurm.why_no_cgroups}")
    show = a_run("cat /proc/self/cgroup", container=BOX)
    batch = submit(a_job(show))
    batch.end()
    assert f"/job_{batch.job_id}/step_" in batch.output
