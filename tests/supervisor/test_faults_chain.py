"""faults.md C: what goes wrong between the supervisor and the chain."""

import pytest
from tests.supervisor.doubles import Killed
from tests.supervisor.site import JOB, OTHER_JOB, Site, a_policy, an_intake

from deepsquare.chain import JobStatus
from deepsquare_supervisor.app.transactions import in_order
from deepsquare_supervisor.domain.claim import Standing
from deepsquare_supervisor.domain.commands import (
    AttestRunning,
    ChainCommand,
    RefuseJob,
    ReportEnd,
    ReportRunning,
    TakeJobs,
)
from deepsquare_supervisor.domain.ending import Ending
from deepsquare_supervisor.domain.job import Phase

END = Ending(JobStatus.FINISHED, 1, 0)


async def running(site: Site) -> None:
    await site.running()
    assert site.chain.standing(JOB) is Standing.RUNNING


async def test_fault_a1__died_between_signing_and_sending__sends_the_same_transaction(
    site: Site,
) -> None:
    site.chain.assign(JOB)
    site.chain.is_away = False
    broadcast = site.chain.broadcast

    async def die(signed: object) -> None:
        raise Killed

    site.chain.broadcast = die  # type: ignore[method-assign]
    with pytest.raises(Killed):
        await site.ticks(1)
    site.chain.broadcast = broadcast  # type: ignore[method-assign]
    site.restart()
    await site.ticks(2)
    assert site.chain.standing(JOB) is Standing.CLAIMED
    assert site.chain.nonce == 1
    assert site.chain.transactions == 1


async def test_fault_a3__answer_of_the_node_was_lost__state_is_read_and_nothing_sent_twice(
    site: Site,
) -> None:
    site.chain.assign(JOB)
    site.chain.loses_answer_of_broadcast = True
    await site.ticks(3)
    assert site.chain.standing(JOB) is Standing.CLAIMED
    assert site.chain.nonce == 1


async def test_fault_c1__chain_away__running_jobs_go_on_and_are_settled_later(
    site: Site,
) -> None:
    await running(site)
    site.chain.is_away = True
    site.clock.pass_s(120)
    await site.ticks(3)
    assert "chain" in site.health.troubles()
    site.slurm.end()
    await site.ticks(3)
    assert site.slurm.cancelled == []
    site.chain.is_away = False
    await site.ticks(6)
    assert site.chain.contracts[JOB].status is JobStatus.FINISHED
    assert site.chain.contracts[JOB].reports == 1


async def test_fault_c2__node_serves_an_old_state__is_not_believed(site: Site) -> None:
    site.chain.assign(JOB)
    old = await site.chain.read(())
    await site.ticks(4)
    site.slurm.start()
    await site.ticks(2)
    site.chain.old_view = old
    before = (site.chain.transactions, site.job())
    await site.ticks(4)
    assert (site.chain.transactions, site.job()) == before
    assert site.slurm.live_count() == 1


async def test_fault_c2__view_is_older_than_the_own_transaction__nothing_is_sent_again(
    site: Site,
) -> None:
    site.chain.assign(JOB)
    site.chain.mines_at_once = False
    await site.ticks(1)
    assert site.chain.transactions == 1
    old = await site.chain.read(())
    site.chain.mine()
    site.chain.old_view = old
    await site.ticks(3)
    assert site.chain.transactions == 1


async def test_fault_c8__reorganisation_removes_the_claim_before_sbatch__is_claimed_again(
    site: Site,
) -> None:
    site.chain.assign(JOB)
    site.api.is_away = True
    await site.ticks(2)
    site.chain.move(JOB, Standing.ASSIGNED)
    await site.ticks(2)
    assert site.chain.standing(JOB) is Standing.CLAIMED
    site.api.is_away = False
    await site.ticks(8)
    assert len(site.slurm.batches) == 1


async def test_fault_c8__another_provider_won_after_a_reorganisation__batch_is_cancelled(
    site: Site,
) -> None:
    await running(site)
    site.chain.move(JOB, Standing.LOST)
    await site.ticks(2)
    assert site.slurm.terminated == [1]
    await site.ticks(8, every_s=10)
    assert site.slurm.live_count() == 0
    assert site.chain.contracts[JOB].reports == 0
    assert site.job().phase is Phase.CLOSED


async def test_fault_c8__reorganisation_removes_the_job_itself__batch_is_cancelled(
    site: Site,
) -> None:
    await running(site)
    del site.chain.contracts[JOB]
    await site.ticks(8, every_s=10)
    assert site.slurm.live_count() == 0


async def test_fault_c10__reorganisation_removes_the_final_report__is_sent_again(
    site: Site,
) -> None:
    site.register.policy = a_policy(finality_blocks=30)
    await running(site)
    site.slurm.end()
    await site.ticks(2)
    assert site.chain.contracts[JOB].status is JobStatus.FINISHED
    site.chain.settled.clear()
    site.chain.move(JOB, Standing.RUNNING)
    await site.ticks(3)
    assert site.chain.standing(JOB) is Standing.SETTLED
    assert site.chain.settled == [JOB]


async def test_fault_c12__nonce_used_from_outside__is_noticed_and_decided_anew(
    site: Site,
) -> None:
    site.chain.assign(JOB)
    site.chain.mines_at_once = False
    await site.ticks(1)
    site.chain.use_nonce_elsewhere()
    site.chain.mines_at_once = True
    await site.ticks(3)
    assert site.health.alarms == {"transaction_superseded": 1}
    assert site.chain.standing(JOB) is Standing.CLAIMED


async def test_fault_c14__transaction_is_stuck__is_replaced_by_fee_until_mined(
    site: Site,
) -> None:
    site.chain.assign(JOB)
    site.chain.mines_at_once = False
    await site.ticks(10)
    assert site.chain.transactions >= 3
    assert len(site.chain.pool) == 1
    site.chain.mine()
    await site.ticks(2)
    assert site.chain.standing(JOB) is Standing.CLAIMED
    assert site.chain.nonce == 1


async def test_fault_c14__replacement_survives_a_restart(site: Site) -> None:
    site.chain.assign(JOB)
    site.chain.mines_at_once = False
    await site.ticks(6)
    replaced = site.chain.transactions
    assert replaced >= 2
    site.restart()
    await site.ticks(1)
    assert site.chain.transactions == replaced
    assert len(site.chain.pool) == 1


async def test_fault_c16__wallet_runs_dry__claims_no_more_but_settles(site: Site) -> None:
    site.intake = an_intake(reserve_wei=10**17)
    site.restart()
    await running(site)
    site.chain.funds_wei = 10**16
    site.chain.assign(OTHER_JOB)
    site.slurm.end()
    await site.ticks(4)
    assert site.chain.contracts[JOB].status is JobStatus.FINISHED
    assert site.chain.standing(OTHER_JOB) is Standing.ASSIGNED
    assert "funds" in site.health.troubles()


async def test_fault_c17_c4__events_are_not_needed__state_alone_drives(site: Site) -> None:
    """No event reaches these tests at all; a second look at the same state does nothing."""
    await running(site)
    before = (site.chain.transactions, len(site.slurm.requests))
    await site.ticks(10)
    assert (site.chain.transactions, len(site.slurm.requests)) == before


async def test_fault_c22__report_is_refused_by_the_chain__is_told_once_and_not_sent(
    site: Site,
) -> None:
    """The job was ended by somebody else between the view and the report."""
    await running(site)
    view = await site.chain.read(())
    site.slurm.end()
    site.chain.contracts[JOB].status = JobStatus.PANICKED
    site.chain.move(JOB, Standing.SETTLED)
    site.chain.old_view = view
    sent = site.chain.transactions
    await site.ticks(3)
    assert site.chain.transactions == sent
    assert "report_refused" not in site.health.alarms
    site.chain.old_view = None
    await site.ticks(6)
    assert site.job().phase is Phase.CLOSED


async def test_provider_not_approved__claims_nothing(site: Site) -> None:
    site.chain.is_joined = False
    site.chain.assign(JOB)
    await site.ticks(3)
    assert site.chain.standing(JOB) is Standing.ASSIGNED


async def test_intake__full__leaves_the_rest_in_the_queue(site: Site) -> None:
    site.intake = an_intake(jobs=1)
    site.restart()
    site.chain.assign(JOB)
    site.chain.assign(OTHER_JOB)
    await site.ticks(4)
    held = [site.chain.standing(job_id) for job_id in (JOB, OTHER_JOB)]
    assert sorted(held) == sorted([Standing.CLAIMED, Standing.ASSIGNED])


def test_commands__ends_come_first_and_running_before_the_end_of_its_job() -> None:
    commands: list[ChainCommand] = [
        AttestRunning(JOB),
        TakeJobs(3),
        ReportRunning(OTHER_JOB),
        ReportRunning(JOB),
        RefuseJob(OTHER_JOB, "x"),
        ReportEnd(JOB, END),
    ]
    assert in_order(commands) == [
        ReportRunning(JOB),
        ReportEnd(JOB, END),
        RefuseJob(OTHER_JOB, "x"),
        ReportRunning(OTHER_JOB),
        TakeJobs(3),
        AttestRunning(JOB),
    ]


async def test_running_job__for_hours__is_attested_on_chain(site: Site) -> None:
    """protocol.md 3.5: without it silence would lose all."""
    await running(site)
    site.clock.pass_s(site.policy.attest_every_s)
    sent = site.chain.transactions
    await site.ticks(1)
    assert site.chain.transactions == sent + 1
    assert site.chain.signed[f"0x{sent + 1:064x}"] == (AttestRunning(JOB),)
