"""How jobs end, what the customer sees of it, and what they pay (protocol.md 4)."""

import json

import pytest
from tests.e2e.workflows import host_job
from tests.support.grid import (
    START_CREDITS,
    Actor,
    ended,
    log_of,
    payments,
    settlements,
    slurm_jobs,
    wait_for,
)
from tools.devnet.grid import Devnet
from tools.devnet.waiting import wait_until

from deepsquare import Job
from deepsquare.chain import JobStatus


def test_hello_world__watched__finishes_and_the_bill_adds_up_to_the_wei(
    actor: Actor, grid: Devnet
) -> None:
    done = actor.cli_submit(host_job('echo "Hello World"'), "--minutes", "10", "--watch")
    assert done.returncode == 0, done.stderr
    assert "Hello World" in done.stdout

    job = actor.client.job("@last")
    result = ended(job)
    assert (result.status, result.exit_code) == (JobStatus.FINISHED, 0)
    bill = result.bill.parts
    assert bill.locked_wei == bill.provider_wei + bill.fee_wei + bill.refund_wei
    assert bill.minutes == 1
    assert bill.fee_wei == bill.final_cost_wei * 20 // 100
    assert actor.credits_wei() == START_CREDITS - bill.final_cost_wei
    assert payments(grid, job) == {
        result.state.provider: bill.provider_wei,
        actor.customer.address: bill.refund_wei,
    }


def test_bill__as_json__is_what_the_contract_settled(actor: Actor) -> None:
    job = actor.submit(host_job("true"))
    settled = ended(job).bill.parts
    done = actor.customer.run("bill", job.id, "--json")
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert shown["locked_wei"] == str(settled.locked_wei)
    assert shown["provider_wei"] == str(settled.provider_wei)
    assert shown["fee_wei"] == str(settled.fee_wei)
    assert shown["refund_wei"] == str(settled.refund_wei)


def test_step_that_exits_3__watched__passes_its_code_on_with_the_last_lines(actor: Actor) -> None:
    """clients.md: a job's own exit code from 1 to 99 is the command's; stderr says whose it is."""
    workflow = host_job("echo the disk is on fire; exit 3", "echo never")
    done = actor.cli_submit(workflow, "--minutes", "10", "--watch")
    assert done.returncode == 3
    assert "the disk is on fire" in done.stdout
    assert "never" not in done.stdout
    assert "FAILED" in done.stderr
    assert "3" in done.stderr.splitlines()[-1]
    state = actor.client.job("@last").state()
    assert state.status is JobStatus.FAILED
    assert state.exit_status is not None
    assert state.exit_status.code == 3


def test_cancel__while_running__ends_the_batch_and_bills_the_used_minute(
    actor: Actor, grid: Devnet
) -> None:
    job = actor.submit(host_job("echo started; sleep 600"))
    wait_for(job, JobStatus.RUNNING)
    [slurm_id] = slurm_jobs(grid, job.id)
    done = actor.customer.run("cancel", job.id, "--yes")
    assert done.returncode == 0, done.stderr

    result = ended(job)
    assert result.status is JobStatus.CANCELLED
    assert slurm_id not in grid.slurm.job_ids()
    bill = result.bill.parts
    assert bill.minutes == 1
    assert actor.credits_wei() == START_CREDITS - bill.final_cost_wei
    assert actor.customer.run("wait", job.id).returncode == 101


def test_paid_time__used_up__ends_out_of_credits_and_all_is_billed(
    one_minute_job: tuple[Actor, Job], grid: Devnet
) -> None:
    """faults.md B7."""
    actor, job = one_minute_job
    result = ended(job, timeout_s=240)
    assert result.status is JobStatus.OUT_OF_CREDITS
    bill = result.bill.parts
    assert bill.refund_wei == 0
    assert actor.credits_wei() == START_CREDITS - bill.locked_wei
    assert len(settlements(grid, job.id)) == 1
    assert grid.slurm.run("squeue", "--noheader", f"--name={job.id}") == ""
    assert "started" in "\n".join(log_of(job))
    assert actor.customer.run("wait", job.id).returncode == 102


def test_step_over_its_memory__fails_and_the_log_says_why(actor: Actor, grid: Devnet) -> None:
    """faults.md B6; only slurmdbd keeps the state of a step, the completion log does not."""
    if grid.slurm.why_no_cgroups:
        pytest.skip(f"no memory limit by cgroup: {grid.slurm.why_no_cgroups}")
    eat = "/usr/bin/python3 -c 'import time; x = bytearray(300_000_000); time.sleep(9)'"
    job = actor.submit(host_job(eat))
    result = ended(job)
    assert result.status is JobStatus.FAILED
    assert "oom-kill event" in "\n".join(log_of(job))
    assert result.bill.parts.minutes == 1


def test_submit_to_running__with_blocks_of_one_second__takes_less_than_10_s(actor: Actor) -> None:
    job = actor.submit(host_job("sleep 5"))
    wait_until(
        lambda: job.state().status in {JobStatus.RUNNING, JobStatus.FINISHED},
        what="running",
        timeout_s=10,
    )
