"""The private Slurm does what a provider's does, and leaves nothing behind."""

import os
import pwd
import subprocess
import sys

import pytest
from tools.devnet import leftovers
from tools.devnet.cgroups import CGROUP_ROOT, end_nodes
from tools.devnet.scratch import scratch_folder
from tools.devnet.slurm import Layout, PrivateSlurm, SlurmCommandFailed, SlurmUnavailable
from tools.devnet.waiting import wait_until

pytestmark = pytest.mark.integration

DATABASE_LAYOUT = Layout(has_database=True)
SOMEBODY = pwd.getpwnam("games")


def _submit(slurm: PrivateSlurm, script: str, *options: str) -> str:
    """Submit as an ordinary user and return the Slurm id; the output goes to ``job-<id>.out``."""
    drop = slurm.folder / "output"
    drop.mkdir(exist_ok=True)
    os.chown(drop, SOMEBODY.pw_uid, SOMEBODY.pw_gid)
    argv = [
        "sbatch",
        "--parsable",
        f"--uid={SOMEBODY.pw_uid}",
        f"--gid={SOMEBODY.pw_gid}",
        f"--chdir={drop}",
        f"--output={drop}/job-%j.out",
        "--mem-per-cpu=64",
        *options,
        f"--wrap={script}",
    ]
    return slurm.run(*argv).strip()


def _ended(slurm: PrivateSlurm, job_id: str) -> str:
    """Wait for the job's end and return its line of the completion log."""

    def line() -> str:
        lines = slurm.completion_log.read_text().splitlines()
        return next((line for line in lines if line.startswith(f"JobId={job_id} ")), "")

    wait_until(lambda: bool(line()), what=f"job {job_id} ended", timeout_s=30)
    return line()


def _output(slurm: PrivateSlurm, job_id: str) -> str:
    return (slurm.folder / "output" / f"job-{job_id}.out").read_text()


def test_batch__of_another_user__runs_as_that_user(slurm: PrivateSlurm) -> None:
    job_id = _submit(slurm, "id --user --name; exit 3")
    ending = _ended(slurm, job_id)
    assert _output(slurm, job_id) == "games\n"
    assert "JobState=FAILED" in ending
    assert "ExitCode=3:0" in ending


def test_srun__on_two_nodes__prints_both_names(slurm: PrivateSlurm) -> None:
    job_id = _submit(slurm, "srun -N2 printenv SLURMD_NODENAME", "--nodes=2")
    assert "JobState=COMPLETED" in _ended(slurm, job_id)
    assert sorted(_output(slurm, job_id).split()) == sorted(slurm.node_names)


def test_batch__over_its_memory__is_killed(slurm: PrivateSlurm) -> None:
    job_id = _submit(
        slurm, "/usr/bin/python3 -c 'import time; x = bytearray(200_000_000); time.sleep(9)'"
    )
    ending = _ended(slurm, job_id)
    if slurm.why_no_cgroups:
        assert "JobState=FAILED" in ending
        assert "ExitCode=0:9" in ending
    else:
        assert "JobState=OUT_OF_MEMORY" in ending


def test_batch__cancelled__ends_as_cancelled(slurm: PrivateSlurm) -> None:
    job_id = _submit(slurm, "echo started; sleep 600")
    output = slurm.folder / "output" / f"job-{job_id}.out"
    wait_until(
        lambda: output.exists() and "started" in output.read_text(), what="job runs", timeout_s=60
    )
    slurm.run("scancel", job_id)
    assert "JobState=CANCELLED" in _ended(slurm, job_id)


def test_controller__stopped_and_started_again__still_knows_its_jobs(slurm: PrivateSlurm) -> None:
    job_id = _submit(slurm, "sleep 600")
    slurm.controller.stop()
    slurm.start_controller()
    assert job_id in slurm.job_ids()
    slurm.run("scancel", job_id)
    _ended(slurm, job_id)


def test_stop__while_jobs_run__leaves_nothing() -> None:
    with scratch_folder() as folder:
        with PrivateSlurm(folder, layout=Layout(nodes=3, cpus_per_node=64)) as slurm:
            _submit(slurm, "setsid sleep 600 & sleep 600", "--ntasks=40")
            marker = [f"SLURM_CONF={folder}/slurm.conf"]
            wait_until(
                lambda: len(leftovers.processes_with(*marker, "SLURM_NTASKS=40")) >= 2,
                what="job runs",
                timeout_s=60,
            )
        assert leftovers.processes_with(*marker) == []
        groups = [path for name in slurm.node_names for path in CGROUP_ROOT.glob(f"*/slurm_{name}")]
        assert groups == []
        assert slurm.munged.is_running() is False
    assert not folder.exists()


def test_two_clusters__at_the_same_time__do_not_meet(slurm: PrivateSlurm) -> None:
    with scratch_folder() as folder, PrivateSlurm(folder) as other:
        job_id = _submit(other, "sleep 600", "--job-name=elsewhere")
        assert job_id in other.job_ids()
        assert set(other.node_names).isdisjoint(slurm.node_names)
        assert slurm.run("squeue", "--noheader", "--name=elsewhere") == ""


def test_accounting_database__after_a_job__tells_its_end() -> None:
    with scratch_folder() as folder, PrivateSlurm(folder, layout=DATABASE_LAYOUT) as slurm:
        job_id = _submit(slurm, "exit 3", "--comment=a job of the grid")
        _ended(slurm, job_id)
        columns = "--format=State,ExitCode,Comment"
        argv = ["sacct", "--noheader", "--parsable2", "--allocations", f"--jobs={job_id}", columns]
        wait_until(lambda: "FAILED" in slurm.run(*argv), what="accounted for", timeout_s=60)
        assert slurm.run(*argv).strip() == "FAILED|3:0|a job of the grid"


def test_folder__closed_to_other_users__is_refused() -> None:
    with scratch_folder() as folder:
        folder.chmod(0o700)
        with pytest.raises(SlurmUnavailable, match="closed to other users"):
            PrivateSlurm(folder)


def test_folder__too_long_for_sockets__is_refused() -> None:
    refusal = pytest.raises(SlurmUnavailable, match="characters too long for the sockets")
    with scratch_folder("a-very-long-name-" * 4) as folder, refusal:
        PrivateSlurm(folder)


def test_command__that_fails__shows_what_slurm_says(slurm: PrivateSlurm) -> None:
    with pytest.raises(SlurmCommandFailed, match="invalid partition specified: nowhere"):
        slurm.run("sbatch", "--partition=nowhere", "--wrap=true")


def test_parent__killed__takes_the_daemons_with_it() -> None:
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from tools.devnet.slurm import PrivateSlurm\n"
        "slurm = PrivateSlurm(Path(sys.argv[1]))\n"
        "slurm.start()\n"
        "print(*slurm.node_names, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    with scratch_folder() as folder:
        argv = [sys.executable, "-c", program, str(folder)]
        killed = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
        marker = f"DEEPSQUARE_DEVNET={folder}"
        wait_until(lambda: not leftovers.processes_with(marker), what="gone", timeout_s=60)
        assert killed.returncode == -9
        end_nodes(tuple(killed.stdout.split()))
