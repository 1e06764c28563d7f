"""The branches of `claimNextCancellingJob` and `claimNextCancellingJobs`."""

import pytest
from tests.contracts.branches import lanes
from tests.contracts.branches.acts import expel, many_jobs_in
from tests.contracts.branches.facts import Queues, happened, money, queues
from tests.contracts.branches.lanes import STOPS, take_many, take_one
from tests.contracts.conformance.stage import CUSTOMER, PROVIDER, Stage
from tests.contracts.invariants.world import PROVIDERS, SCHEDULER, STRANGER

from deepsquare.chain import events as ev
from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain.contracts import MetaScheduler
from deepsquare.chain.contracts.meta_scheduler import Report
from deepsquare.identifiers import JobId

OTHER = PROVIDERS[1]


def a_job_taken_away(stage: Stage) -> JobId:
    """A job that its provider had claimed and that is PENDING again."""
    job_id = stage.a_job_in(S.SCHEDULED)
    stage.must(SCHEDULER, stage.world.meta_scheduler.timeout_job(job_id))
    return job_id


def start_elsewhere(stage: Stage, job_id: JobId) -> None:
    stage.join(provider=OTHER)
    stage.assign(job_id, OTHER)
    stage.claim(OTHER)
    stage.must(OTHER, stage.report_call(job_id, S.RUNNING))


def test_claim_next_cancelling_job__an_empty_queue__revert_with_nojob(stage: Stage) -> None:
    lanes.reverts_with_no_job(stage, STOPS)


def test_claim_next_cancelling_job__just_32_stale_entries__revert_with_nojob_and_keep_them(
    stage: Stage,
) -> None:
    lanes.keeps_32_stale_ones(stage, STOPS)


def test_claim_next_cancelling_job__just_33_stale_entries__drop_32_without_an_event(
    stage: Stage,
) -> None:
    lanes.drops_32_of_33_stale_ones(stage, STOPS)


def test_claim_next_cancelling_job__a_live_entry_behind_32_stale_ones__take_it(
    stage: Stage,
) -> None:
    lanes.takes_a_live_one_behind_32(stage, STOPS)


def test_claim_next_cancelling_job__its_job_was_cancelled_panicked_or_expired__take_the_entry(
    stage: Stage, meta: MetaScheduler
) -> None:
    cancelled, panicked = many_jobs_in(stage, S.SCHEDULED, 2)
    expired = stage.a_job_in(S.RUNNING)
    stage.must(CUSTOMER, meta.cancel_job(cancelled))
    stage.must(SCHEDULER, meta.panic_job(panicked, ""))
    stage.at(60 * 1060)
    stage.must(STRANGER, meta.expire_job(expired))
    for job_id in (cancelled, panicked, expired):
        assert take_one(stage, STOPS) == [job_id]


def test_claim_next_cancelling_job__its_job_runs_and_the_customer_requested_a_stop__take_the_entry(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.RUNNING)
    stage.must(CUSTOMER, meta.cancel_job(job_id))
    assert take_one(stage, STOPS) == [job_id]
    assert stage.job(job_id).status == S.RUNNING


def test_claim_next_cancelling_job__its_job_went_back_to_pending__take_the_entry(
    stage: Stage,
) -> None:
    job_id = a_job_taken_away(stage)
    assert take_one(stage, STOPS) == [job_id]
    assert stage.job(job_id).status == S.PENDING


def test_claim_next_cancelling_job__its_job_went_to_another_provider__take_it_as_the_caller(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = a_job_taken_away(stage)
    start_elsewhere(stage, job_id)
    happened(
        stage.must(PROVIDER, meta.claim_next_cancelling_job()),
        ev.ClaimNextCancellingJobEvent(CUSTOMER, PROVIDER, job_id),
    )


def test_claim_next_cancelling_job__its_job_came_back_to_the_caller__skip_it_until_it_must_stop(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = a_job_taken_away(stage)
    stage.assign(job_id)
    lanes.skips_all(stage, STOPS)
    stage.claim()
    lanes.skips_all(stage, STOPS)
    stage.start(job_id)
    lanes.skips_all(stage, STOPS)
    stage.must(CUSTOMER, meta.cancel_job(job_id))
    assert take_one(stage, STOPS) == [job_id]


@pytest.mark.parametrize("is_started", [False, True])
def test_claim_next_cancelling_job__its_job_ended_by_a_report_of_the_caller__skip_the_entry(
    stage: Stage, is_started: bool
) -> None:
    job_id = a_job_taken_away(stage)
    stage.assign(job_id)
    stage.claim()
    if is_started:
        stage.start(job_id)
    assert stage.report(job_id, S.FAILED).error is None
    lanes.skips_all(stage, STOPS)


def test_claim_next_cancelling_job__its_job_ended_elsewhere_by_a_report__take_the_entry(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = a_job_taken_away(stage)
    start_elsewhere(stage, job_id)
    stage.must(OTHER, meta.provider_set_job_status(job_id, Report(S.FINISHED)))
    assert take_one(stage, STOPS) == [job_id]


@pytest.mark.parametrize("is_removed", [False, True])
def test_claim_next_cancelling_job__the_caller_is_banned_or_removed__take_the_entry(
    stage: Stage, is_removed: bool
) -> None:
    job_id = a_job_taken_away(stage)
    expel(stage, is_removed=is_removed)
    assert take_one(stage, STOPS) == [job_id]


def test_claim_next_cancelling_job__a_live_entry__change_no_job_and_no_money(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.RUNNING)
    stage.must(CUSTOMER, meta.cancel_job(job_id))
    job, terms, before = stage.job(job_id), stage.terms(job_id), money(stage)
    take_one(stage, STOPS)
    assert (stage.job(job_id), stage.terms(job_id), money(stage)) == (job, terms, before)
    assert queues(stage) == Queues()


def test_claim_next_cancelling_job__a_live_entry__emit_claimnextcancellingjobevent_only(
    stage: Stage, meta: MetaScheduler
) -> None:
    [job_id] = STOPS.push_live(stage, 1)
    happened(
        stage.must(PROVIDER, meta.claim_next_cancelling_job()),
        ev.ClaimNextCancellingJobEvent(CUSTOMER, PROVIDER, job_id),
    )


def test_claim_next_cancelling_job__a_live_entry__take_the_oldest(stage: Stage) -> None:
    jobs = STOPS.push_live(stage, 3)
    assert [take_one(stage, STOPS) for _ in jobs] == [[job] for job in jobs]


def test_claim_next_cancelling_jobs__nothing_to_stop__return_0(stage: Stage) -> None:
    lanes.takes_none_of_nothing(stage, STOPS)


def test_claim_next_cancelling_jobs__only_stale_entries__drop_them_and_return_0(
    stage: Stage,
) -> None:
    lanes.drops_stale_ones_of_many(stage, STOPS)


def test_claim_next_cancelling_jobs__none_is_asked_for__return_0_and_keep_the_queue(
    stage: Stage,
) -> None:
    lanes.takes_none_when_none_is_asked_for(stage, STOPS)


def test_claim_next_cancelling_jobs__fewer_are_asked_for_than_wait__take_so_many_of_the_oldest(
    stage: Stage,
) -> None:
    lanes.takes_the_oldest(stage, STOPS)


def test_claim_next_cancelling_jobs__more_than_64_are_asked_for__take_64(stage: Stage) -> None:
    lanes.takes_64_at_most(stage, STOPS)


def test_claim_next_cancelling_jobs__a_33rd_stale_entry_after_live_ones__stop_there(
    stage: Stage,
) -> None:
    lanes.stops_at_the_33rd_stale_one(stage, STOPS)


@pytest.mark.parametrize("is_removed", [False, True])
def test_claim_next_cancelling_jobs__the_caller_is_banned_or_removed__take_the_entries(
    stage: Stage, is_removed: bool
) -> None:
    jobs = STOPS.push_live(stage, 2)
    expel(stage, is_removed=is_removed)
    assert take_many(stage, STOPS, 5) == jobs
