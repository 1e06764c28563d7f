"""Batches on a real Slurm, run by real Unix accounts; the chain and the API are doubles."""

import grp
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from tests.supervisor.doubles import CUSTOMER, OTHER_CUSTOMER, Killed
from tests.supervisor.real_site import GROUP, RealSite, remove_account, script
from tools.devnet.scratch import scratch_folder
from tools.devnet.slurm import PrivateSlurm

from deepsquare.chain import JobStatus
from deepsquare.identifiers import JobId
from deepsquare_supervisor.adapters.slurm.commands import log_path
from deepsquare_supervisor.domain.batch import BatchState, SlurmId
from deepsquare_supervisor.domain.claim import Shape, Standing
from deepsquare_supervisor.domain.ending import Ending
from deepsquare_supervisor.domain.naming import unix_name

pytestmark = pytest.mark.integration

TWO_NODES = Shape(ntasks=2, cpus_per_task=2, mem_per_cpu_mb=100, gpus=0)


@pytest.fixture
def real(slurm: PrivateSlurm) -> Iterator[RealSite]:
    with scratch_folder() as folder:
        site = RealSite(folder, slurm)
        yield site
        site.journal.close()
        for batch_id in slurm.job_ids():
            slurm.run("scancel", batch_id)
    for customer in (CUSTOMER, OTHER_CUSTOMER):
        remove_account(customer)
    if any(group.gr_name == GROUP for group in grp.getgrall()):
        subprocess.run(["groupdel", GROUP], check=True)


def give(real: RealSite, body: str, *, job_id: JobId | None = None, **terms: Any) -> None:
    text = script(body)
    real.api.hold(text)
    real.chain.assign(job_id or real.own, script=text, **terms)


def ending(real: RealSite) -> Ending:
    found = real.chain.contracts[real.own].ending
    assert found is not None
    return found


def is_running(real: RealSite) -> bool:
    return real.chain.standing(real.own) is Standing.RUNNING


async def test_script__on_real_slurm__runs_as_the_customers_user_with_the_site_variables_only(
    real: RealSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPERVISOR_PRIVATE_KEY", "leak")
    give(real, 'id -un; pwd; echo "$DEEPSQUARE_SITE_STORAGE_ROOT"; env | grep -c SUPERVISOR')
    await real.until_settled(real.own)
    user = unix_name(CUSTOMER)
    root = real.data_root / user
    assert real.log(real.own).splitlines() == [user, f"{root}/home", f"{root}/storage", "0"]


async def test_script__with_several_nodes__reaches_them_by_srun(real: RealSite) -> None:
    give(real, "srun --ntasks=2 --nodes=2 printenv SLURMD_NODENAME | sort", shape=TWO_NODES)
    await real.until_settled(real.own)
    assert real.log(real.own).split() == sorted(real.real.node_names)
    assert ending(real).status is JobStatus.FINISHED


async def test_exit_code__of_the_script__is_reported_as_raw_wait_status(real: RealSite) -> None:
    give(real, "exit 3")
    await real.until_settled(real.own)
    assert ending(real) == Ending(JobStatus.FAILED, 0, 3 << 8, "exit code 3")


async def test_fault_b6__memory_is_exceeded__fails_with_out_of_memory(real: RealSite) -> None:
    if real.real.why_no_cgroups:
        pytest.fail(f"this machine limits no memory: {real.real.why_no_cgroups}")
    give(real, "tail /dev/zero")
    await real.until_settled(real.own)
    assert ending(real).status is JobStatus.FAILED
    assert ending(real).reason.startswith("OUT_OF_MEMORY")


async def test_fault_b7__paid_time_ends__term_reaches_the_script_and_credits_are_out(
    real: RealSite,
) -> None:
    give(real, "trap 'echo over; exit 143' TERM\nsleep 600 & wait", paid_minutes=1)
    await real.until_settled(real.own, timeout_s=100)
    assert "over" in real.log(real.own).splitlines()
    assert ending(real).status is JobStatus.OUT_OF_CREDITS
    assert ending(real).exit_status == 143 << 8


async def test_fault_b7__topped_up_before_the_end__the_limit_is_the_paid_total(
    real: RealSite,
) -> None:
    give(real, "sleep 600", paid_minutes=2)
    await real.until(lambda: is_running(real))
    real.chain.top_up(real.own, 5)
    limit = ["squeue", "--noheader", f"--name={real.own}", "--format=%l"]
    await real.until(lambda: real.real.run(*limit).strip() == "7:00")


async def test_cancel__while_running__reaches_the_script_and_its_steps(real: RealSite) -> None:
    give(real, "trap 'echo stopping; kill $!; exit 143' TERM\nsrun sleep 600 & wait $!")
    await real.until(lambda: is_running(real))
    real.chain.request_cancel(real.own)
    await real.until_settled(real.own)
    assert "stopping" in real.log(real.own).splitlines()
    assert ending(real).status is JobStatus.CANCELLED


async def test_cancel__script_ignores_term__is_ended_after_the_stop_time(real: RealSite) -> None:
    give(real, "trap '' TERM\nfor i in $(seq 600); do sleep 1; done")
    await real.until(lambda: is_running(real))
    real.chain.request_cancel(real.own)
    await real.until_settled(real.own)
    assert ending(real).status is JobStatus.CANCELLED


async def test_fault_b11__administrator_cancels__is_panicked_and_not_billed(
    real: RealSite,
) -> None:
    give(real, "sleep 600")
    await real.until(lambda: is_running(real))
    real.real.run("scancel", *real.real.job_ids())
    await real.until_settled(real.own)
    assert (ending(real).status, ending(real).minutes) == (JobStatus.PANICKED, 0)
    assert ending(real).reason.startswith("PROVIDER_CANCELLED")


async def test_fault_b1__slurmctld_down__waits_and_goes_on_when_it_is_back(
    real: RealSite,
) -> None:
    give(real, "sleep 8; echo done")
    await real.until(lambda: is_running(real))
    started_s = time.time()
    await real.until(lambda: _is_saved(real, since=started_s))
    real.real.controller.kill()
    try:
        await real.reconciler.tick()
        assert "batch_system" in real.health.troubles()
        assert is_running(real)
    finally:
        real.real.start_controller()
    await real.until_settled(real.own, timeout_s=90)
    assert ending(real).status is JobStatus.FINISHED


def _is_saved(real: RealSite, *, since: float) -> bool:
    """A slurmctld killed before it wrote its state forgets the batch altogether."""
    state = real.real.folder / "state" / "job_state"
    return state.exists() and state.stat().st_mtime >= since and is_running(real)


async def test_fault_a6__killed_between_sbatch_and_its_note__adopts_the_one_batch(
    real: RealSite,
) -> None:
    give(real, "sleep 2; echo once")
    submit = real.commands.submit

    async def submit_and_die(request: object) -> SlurmId:
        await submit(request)  # type: ignore[arg-type]
        raise Killed

    real.commands.submit = submit_and_die  # type: ignore[method-assign]
    with pytest.raises(BaseExceptionGroup) as killed:
        await real.until_settled(real.own)
    assert killed.value.subgroup(Killed)
    real.commands.submit = submit  # type: ignore[method-assign]
    real.restart()
    await real.until_settled(real.own)
    assert real.log(real.own) == "once\n"
    assert real.real.completion_log.read_text().count(f" Name={real.own} ") >= 1
    assert len(real.real.job_ids()) == 0


async def test_two_customers__on_one_machine__cannot_read_each_other(real: RealSite) -> None:
    """Storage, output, script and home of one are closed to the other."""
    give(
        real,
        'umask 000; echo secret > "$DEEPSQUARE_SITE_STORAGE_ROOT/own"; echo mine; sleep 15',
    )
    await real.until(lambda: is_running(real) and bool(real.log(real.own)))
    root = real.data_root / unix_name(CUSTOMER)
    batch = real.job(real.own).batch
    assert batch is not None
    log = log_path(root / "logs", real.own, batch.batch_id)
    spool = real.real.folder / "spool"
    own_script = next(spool.glob("*/job*/slurm_script"))
    targets = [root / "storage" / "own", log, own_script, root / "home"]
    tries = "\n".join(f"head -c 6 {path} 2>&1 || ls {path} 2>&1" for path in targets)
    body = f"{tries}\nscontrol write batch_script {batch.batch_id} - 2>&1\necho tried"
    give(real, body, job_id=real.other, customer=OTHER_CUSTOMER)
    await real.until(lambda: real.other in real.api.ended)
    output = real.log(real.other)
    assert output.count("Permission denied") == 2 * len(targets), output
    assert "secret" not in output
    assert "mine" not in output
    assert "umask" not in output
    assert output.endswith("tried\n")


async def test_output__replaced_by_a_link_to_a_file_of_root__is_not_shipped(
    real: RealSite,
) -> None:
    secret = real.folder / "secret"
    secret.write_text("key of the provider\n")
    secret.chmod(0o600)
    give(real, f'sleep 3; ln -sf {secret} "$HOME/../logs/$SLURM_JOB_NAME-$SLURM_JOB_ID.log"')
    await real.until_settled(real.own)
    assert real.log(real.own) == ""


async def test_logging_off__output_stays_at_the_site(real: RealSite) -> None:
    """W-LOG-2."""
    text = script("echo private", logging="off")
    real.api.hold(text)
    real.chain.assign(real.own, script=text)
    await real.until_settled(real.own)
    assert real.log(real.own) == ""
    assert ending(real).status is JobStatus.FINISHED


async def test_resources__of_the_job__are_what_slurm_grants(real: RealSite) -> None:
    shape = Shape(ntasks=2, cpus_per_task=1, mem_per_cpu_mb=123, gpus=0)
    give(real, 'echo "$SLURM_NTASKS $SLURM_CPUS_PER_TASK $SLURM_MEM_PER_CPU"', shape=shape)
    await real.until_settled(real.own)
    assert real.log(real.own) == "2 1 123\n"


async def test_completion_log__and_queue__tell_the_same_batch(real: RealSite) -> None:
    give(real, "sleep 1; exit 5")
    await real.until_settled(real.own)
    ended = [b for b in await real.completion_log.ended([real.own]) if b.batch_id == _newest(real)]
    [batch] = ended
    assert batch.state is BatchState.FAILED
    assert batch.status.code == 5
    assert 1 <= batch.elapsed_s <= 30
    assert replace(batch, limit_minutes=0) != batch


def _newest(real: RealSite) -> SlurmId:
    batch = real.job(real.own).batch
    assert batch is not None
    return batch.batch_id
