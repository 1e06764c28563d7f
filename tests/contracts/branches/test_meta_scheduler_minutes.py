"""The branches of `claimNextTopUpJob` and `claimNextTopUpJobs`."""

from dataclasses import replace

import pytest
from tests.contracts.branches import lanes
from tests.contracts.branches.acts import expel, many_jobs_in
from tests.contracts.branches.facts import Queues, happened, money, queues
from tests.contracts.branches.lanes import TOP_UPS, take_many, take_one
from tests.contracts.conformance.stage import CREDIT, CUSTOMER, PROVIDER, Stage, one
from tests.contracts.invariants.world import SCHEDULER

from deepsquare.chain import events as ev
from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain._generated.structs import ProviderPrices
from deepsquare.chain.contracts import MetaScheduler
from deepsquare.identifiers import JobId


def a_topped_up_job(stage: Stage, amount: int = CREDIT, status: S = S.RUNNING) -> JobId:
    job_id = stage.a_job_in(status)
    stage.must(CUSTOMER, stage.world.meta_scheduler.top_up_job(job_id, amount))
    return job_id


def claimed_minutes(stage: Stage) -> int:
    outcome = stage.must(PROVIDER, stage.world.meta_scheduler.claim_next_top_up_job())
    return one(outcome, ev.ClaimNextTopUpJobEvent).max_duration_minute


def test_claim_next_top_up_job__an_empty_queue__revert_with_nojob(stage: Stage) -> None:
    lanes.reverts_with_no_job(stage, TOP_UPS)


def test_claim_next_top_up_job__just_32_stale_entries__revert_with_nojob_and_keep_them(
    stage: Stage,
) -> None:
    lanes.keeps_32_stale_ones(stage, TOP_UPS)


def test_claim_next_top_up_job__just_33_stale_entries__drop_32_without_an_event(
    stage: Stage,
) -> None:
    lanes.drops_32_of_33_stale_ones(stage, TOP_UPS)


def test_claim_next_top_up_job__a_live_entry_behind_32_stale_ones__take_it(stage: Stage) -> None:
    lanes.takes_a_live_one_behind_32(stage, TOP_UPS)


def test_claim_next_top_up_job__its_job_ended_or_left_the_caller__skip_the_entry(
    stage: Stage, meta: MetaScheduler
) -> None:
    jobs = TOP_UPS.push_live(stage, 4)
    stage.must(CUSTOMER, meta.cancel_job(jobs[0]))
    stage.must(PROVIDER, meta.refuse_job(jobs[1]))
    stage.must(SCHEDULER, meta.timeout_job(jobs[2]))
    assert stage.report(jobs[3], S.FAILED).error is None
    lanes.skips_all(stage, TOP_UPS)


def test_claim_next_top_up_job__its_job_came_back_to_the_caller__skip_the_entry(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = a_topped_up_job(stage, status=S.SCHEDULED)
    stage.must(PROVIDER, meta.refuse_job(job_id))
    stage.assign(job_id)
    lanes.skips_all(stage, TOP_UPS)
    stage.claim()
    lanes.skips_all(stage, TOP_UPS)
    stage.must(CUSTOMER, meta.top_up_job(job_id, CREDIT))
    assert take_many(stage, TOP_UPS, 2) == [job_id]


@pytest.mark.parametrize("is_removed", [False, True])
def test_claim_next_top_up_job__the_caller_is_banned_or_removed__take_the_entry(
    stage: Stage, is_removed: bool
) -> None:
    job_id = a_topped_up_job(stage)
    expel(stage, is_removed=is_removed)
    assert take_one(stage, TOP_UPS) == [job_id]


def test_claim_next_top_up_job__more_than_2_64_minutes_are_pending__announce_2_64_less_one(
    stage: Stage,
) -> None:
    stage.join(ProviderPrices(0, 1, 0))
    job_id = a_topped_up_job(stage, 2**64)
    assert claimed_minutes(stage) == 2**64 - 1
    assert stage.job(job_id).cost.pending_top_up == 0


@pytest.mark.parametrize("status", [S.SCHEDULED, S.RUNNING])
def test_claim_next_top_up_job__minutes_and_a_rest_are_pending__announce_the_minutes_keep_the_rest(
    stage: Stage, status: S
) -> None:
    job_id = a_topped_up_job(stage, 80 * CREDIT + 5, status)
    assert claimed_minutes(stage) == 80
    assert stage.job(job_id).cost.pending_top_up == 5
    assert queues(stage) == Queues()


def test_claim_next_top_up_job__minutes_and_a_rest_are_pending__change_neither_lock_nor_money(
    stage: Stage,
) -> None:
    job_id = a_topped_up_job(stage, 80 * CREDIT + 5)
    job, terms, before = stage.job(job_id), stage.terms(job_id), money(stage)
    claimed_minutes(stage)
    assert stage.job(job_id) == replace(job, cost=replace(job.cost, pending_top_up=5))
    assert (stage.terms(job_id), money(stage)) == (terms, before)


def test_claim_next_top_up_job__minutes_and_a_rest_are_pending__emit_claimnexttopupjobevent_only(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = a_topped_up_job(stage, 80 * CREDIT + 5)
    happened(
        stage.must(PROVIDER, meta.claim_next_top_up_job()),
        ev.ClaimNextTopUpJobEvent(job_id, PROVIDER, 80),
    )


def test_claim_next_top_up_job__a_rest_of_an_earlier_top_up__count_it_at_the_next(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = a_topped_up_job(stage, CREDIT + CREDIT // 2)
    assert claimed_minutes(stage) == 1
    stage.must(CUSTOMER, meta.top_up_job(job_id, CREDIT // 2))
    assert claimed_minutes(stage) == 1
    assert stage.job(job_id).cost.pending_top_up == 0


def test_claim_next_top_up_jobs__nothing_topped_up__return_0(stage: Stage) -> None:
    many_jobs_in(stage, S.RUNNING, 2)
    lanes.takes_none_of_nothing(stage, TOP_UPS)


def test_claim_next_top_up_jobs__only_stale_entries__drop_them_and_return_0(stage: Stage) -> None:
    lanes.drops_stale_ones_of_many(stage, TOP_UPS)


def test_claim_next_top_up_jobs__none_is_asked_for__return_0_and_keep_the_queue(
    stage: Stage,
) -> None:
    lanes.takes_none_when_none_is_asked_for(stage, TOP_UPS)


def test_claim_next_top_up_jobs__fewer_are_asked_for_than_wait__take_so_many_of_the_oldest(
    stage: Stage,
) -> None:
    lanes.takes_the_oldest(stage, TOP_UPS)


def test_claim_next_top_up_jobs__more_than_64_are_asked_for__take_64(stage: Stage) -> None:
    lanes.takes_64_at_most(stage, TOP_UPS)


def test_claim_next_top_up_jobs__a_33rd_stale_entry_after_live_ones__stop_there(
    stage: Stage,
) -> None:
    lanes.stops_at_the_33rd_stale_one(stage, TOP_UPS)


@pytest.mark.parametrize("is_removed", [False, True])
def test_claim_next_top_up_jobs__the_caller_is_banned_or_removed__take_the_entries(
    stage: Stage, is_removed: bool
) -> None:
    jobs = TOP_UPS.push_live(stage, 2)
    expel(stage, is_removed=is_removed)
    assert take_many(stage, TOP_UPS, 5) == jobs
