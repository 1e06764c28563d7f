"""Containers of a real Apptainer in steps of a real Slurm, where FUSE is closed to users."""

import time
from pathlib import Path

import pytest
from tests.support.batch import a_job, a_run
from tests.support.registry import OPEN, REPOSITORY, Registries
from tests.support.slurm_batch import SlurmSite

from deepsquare.workflow import ContainerRun, EnvVar, StepRunResources

pytestmark = pytest.mark.integration

HOSTILE = 'a,b "c" $(x)\n lines \\n \n'


@pytest.fixture
def site(slurm_site: SlurmSite, apptainer: Path, registries: Registries) -> SlurmSite:
    registries.proxy.forget()
    slurm_site.settings["PATH"] = str(apptainer)
    slurm_site.environment.update({"APPTAINER_UNSQUASH": "1", **registries.environment})
    return slurm_site


BOX = ContainerRun(image=f"{REPOSITORY}:entry", registry=OPEN, apptainer=True)


def test_containers__on_two_nodes__share_one_fetch(site: SlurmSite) -> None:
    """W-IMG-1, W-IMG-2, W-ENV-2, W-RUN-1, W-RUN-7, W-STO-1, W-SITE-6."""
    both = StepRunResources(tasks=2)
    batch = site.submit(
        a_job(
            a_run('echo "node $SLURM_NODEID $IMAGE_SAYS"', container=BOX, resources=both),
            a_run("a 'b c' $d", container=BOX, shell="ENTRYPOINT"),
            a_run('printf "<%s>\\n" "$V"; echo K=w,x >>"$DEEPSQUARE_ENV"', container=BOX),
            a_run('echo "$K"'),
            tasks=2,
            env=(EnvVar(key="V", value=HOSTILE),),
        ),
        "--ntasks-per-node=1",
    )
    assert "JobState=COMPLETED" in batch.ending(), batch.output
    assert batch.output.count("fetching image") == 1
    for text in ("node 0 image, says\n", "node 1 image, says\n", f"<{HOSTILE}>\n", "\nw,x\n"):
        assert text in batch.output
    assert "<entry point><a><b c><$d>\n" in batch.output
    for name in ("storage", "apptainer-tmp"):
        assert list((batch.folder / name).iterdir()) == []


def test_cancel__reaches_the_workload_in_its_container(site: SlurmSite) -> None:
    """W-SIG-1, W-SIG-4, W-SIG-5, W-SUP-3, W-LIFE-2."""
    command = "trap 'echo ended; exit 0' TERM; echo up; for i in $(seq 300); do sleep 0.1; done"
    step = a_run(command, container=BOX, step_finally_=(a_run("echo finally", container=BOX),))
    batch = site.submit(a_job(step, a_run("echo never")))
    batch.wait_for("up")
    begin = time.monotonic()
    batch.terminate()
    assert "JobState=FAILED" in batch.ending()
    assert time.monotonic() - begin < 25
    assert [line for line in batch.lines if line in ("ended", "finally", "never")] == [
        "ended",
        "finally",
    ]
    assert list((batch.folder / "storage").iterdir()) == []


def test_container__killed_with_its_step__leaves_nothing(site: SlurmSite) -> None:
    """W-SIG-4, W-LIFE-2."""
    command = "trap '' TERM; echo up; for i in $(seq 300); do sleep 0.1; done"
    fetch, killed = a_run("true", container=BOX), a_run(command, container=BOX, step_timeout=4)
    batch = site.submit(a_job(fetch, killed))
    batch.ending()
    assert "up\n" in batch.output
    assert "time limit of 4 seconds reached" in batch.output
    for name in ("storage", "apptainer-tmp", "disk"):
        assert list((batch.folder / name).iterdir()) == [], name


def test_control_groups__of_a_step__hold_its_container(site: SlurmSite) -> None:
    """W-RUN-1: a container does not escape Slurm's control groups."""
    if site.slurm.why_no_cgroups:
        pytest.fail(f"no control groups: {site.slurm.why_no_cgroups}")
    show = a_run("cat /proc/self/cgroup", container=BOX)
    batch = site.submit(a_job(show))
    batch.ending()
    assert f"/job_{batch.job_id}/step_" in batch.output
