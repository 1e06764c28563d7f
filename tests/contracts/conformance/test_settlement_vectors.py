"""The conformance vectors of protocol.md 4.4 about time and money; the numbers are the table's."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.contracts.conformance.stage import (
    BIG_NODES,
    CREDIT,
    CUSTOMER,
    PROVIDER,
    Stage,
    a_stage,
    has,
    one,
    settled,
)
from tests.contracts.invariants.revm import read
from tests.contracts.invariants.world import OPERATOR, SCHEDULER, STRANGER

from deepsquare.chain import events as ev
from deepsquare.chain._generated import errors as er
from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain._generated.structs import ProviderPrices
from deepsquare.chain.contract_error import ContractError
from deepsquare.identifiers import JobId

PRICES_OF_1 = ProviderPrices(85 * CREDIT // 10, 95 * CREDIT // 100, 8 * 10**13)
REPORTED_ENDS = [S.CANCELLED, S.FINISHED, S.FAILED, S.OUT_OF_CREDITS, S.PANICKED]
GPU_JOB = {"gpus": 2, "mem_per_cpu": 1000, "cpus_per_task": 4, "ntasks": 3}


@pytest.fixture
def stage() -> Iterator[Stage]:
    with a_stage() as ready:
        yield ready


def a_running_job(stage: Stage, locked: int = 1000 * CREDIT, **changes: Any) -> JobId:
    return stage.a_job_in(S.RUNNING, locked, **changes)


def after_minutes(stage: Stage, minutes: int) -> None:
    stage.at(60 * minutes)


@pytest.mark.parametrize(
    ("job", "locked", "price", "minutes"),
    [
        ({"mem_per_cpu": 1024}, 1000 * CREDIT, 1_031_920_000_000_000_000, 969),
        (GPU_JOB, 100 * CREDIT, 29_360_000_000_000_000_000, 3),
    ],
)
def test_vectors_1_2__claim__tells_what_the_lock_pays(
    stage: Stage, job: dict[str, Any], locked: int, price: int, minutes: int
) -> None:
    stage.join(PRICES_OF_1, BIG_NODES)
    job_id = stage.request(locked, **job)
    stage.assign(job_id)
    assert stage.terms(job_id).cost_per_minute == price
    assert stage.claim().max_duration_minute == minutes


def test_vector_3__full_paid_time__refunds_the_sub_minute_rest(stage: Stage) -> None:
    stage.join(PRICES_OF_1, BIG_NODES)
    job_id = a_running_job(stage, mem_per_cpu=1024)
    after_minutes(stage, 969)
    assert settled(stage.report(job_id, S.FINISHED, 969)) == (
        799_944_384_000_000_000_000,
        199_986_096_000_000_000_000,
        69_520_000_000_000_000,
    )
    assert stage.job(job_id).cost.final_cost == 999_930_480_000_000_000_000


@pytest.mark.parametrize(("reported", "billed"), [(30, 30), (45, 45), (46, 30)])
def test_vectors_4_to_6__report_at_minute_30__is_billed_within_the_delta(
    stage: Stage, reported: int, billed: int
) -> None:
    job_id = a_running_job(stage)
    after_minutes(stage, 30)
    outcome = stage.report(job_id, S.FINISHED, reported)
    final = billed * CREDIT
    assert settled(outcome) == (final * 8 // 10, final * 2 // 10, 1000 * CREDIT - final)
    assert has(outcome, ev.BilledTooMuchEvent) == (reported == 46)
    if reported == 46:
        assert one(outcome, ev.BilledTooMuchEvent).billing_amount == 46


@pytest.mark.parametrize("status", [S.FINISHED, S.FAILED, S.PANICKED])
def test_vector_7__zero_minutes__bill_one(stage: Stage, status: S) -> None:
    job_id = a_running_job(stage)
    after_minutes(stage, 30)
    assert settled(stage.report(job_id, status))[0] == 8 * CREDIT // 10
    assert stage.job(job_id).cost.final_cost == CREDIT


@pytest.mark.parametrize("status", REPORTED_ENDS)
@pytest.mark.parametrize(("locked", "refund"), [(100 * CREDIT, 0), (1005 * CREDIT // 10, 5)])
def test_vectors_8_9__beyond_the_paid_time__bills_the_paid_time(
    stage: Stage, status: S, locked: int, refund: int
) -> None:
    job_id = a_running_job(stage, locked)
    after_minutes(stage, 200)
    expected = (80 * CREDIT, 20 * CREDIT, refund * CREDIT // 10)
    assert settled(stage.report(job_id, status, 200)) == expected


def test_vector_10__within_the_first_minute__bills_the_delta_or_nothing(stage: Stage) -> None:
    job_id = a_running_job(stage)
    stage.at(59)
    assert settled(stage.report(job_id, S.FINISHED, 15))[2] == 985 * CREDIT
    other = a_running_job(stage)
    stage.at(59)
    outcome = stage.report(other, S.FINISHED, 16)
    assert settled(outcome) == (0, 0, 1000 * CREDIT)
    assert has(outcome, ev.BilledTooMuchEvent)
    transfers = [event for event in outcome.events if isinstance(event, ev.Transfer)]
    assert [event.to for event in transfers] == [CUSTOMER]


@pytest.mark.parametrize(("price", "split"), [(21, (17, 4, 0)), (1, (1, 0, 0))])
def test_vector_11__tiny_amounts__round_the_fee_down(
    stage: Stage, price: int, split: tuple[int, int, int]
) -> None:
    stage.set_constant("minimumAmount", 1)
    stage.join(ProviderPrices(0, price, 0), BIG_NODES)
    job_id = a_running_job(stage, price)
    stage.at(59)
    assert settled(stage.report(job_id, S.FINISHED, 1)) == split


def test_vector_12__panic_of_a_running_job__refunds_all_despite_a_checkpoint(stage: Stage) -> None:
    job_id = a_running_job(stage)
    after_minutes(stage, 20)
    meta = stage.world.meta_scheduler
    stage.must(PROVIDER, meta.checkpoint_job(job_id))
    after_minutes(stage, 30)
    assert settled(stage.must(SCHEDULER, meta.panic_job(job_id, ""))) == (0, 0, 1000 * CREDIT)


@pytest.mark.parametrize("status", [S.FAILED, S.CANCELLED, S.PANICKED])
def test_vector_13__end_before_the_start__refunds_all(stage: Stage, status: S) -> None:
    job_id = stage.a_job_in(S.SCHEDULED)
    assert settled(stage.report(job_id, status, 100)) == (0, 0, 1000 * CREDIT)
    time = stage.job(job_id).time
    assert time.start == time.end == stage.world.chain.now_s


def test_vector_14__finished_before_the_start__is_refused(stage: Stage) -> None:
    job_id = stage.a_job_in(S.SCHEDULED)
    error = er.InvalidTransition(S.SCHEDULED, S.FINISHED)
    stage.refused(PROVIDER, stage.report_call(job_id, S.FINISHED), error)


def test_vector_15__doubled_prices__do_not_touch_a_running_job(stage: Stage) -> None:
    job_id = a_running_job(stage)
    stage.join(ProviderPrices(0, 2 * CREDIT, 0), BIG_NODES)
    after_minutes(stage, 30)
    assert settled(stage.report(job_id, S.FINISHED, 30))[2] == 970 * CREDIT
    shown = read(stage.world.providers.get_provider(PROVIDER)).provider_prices
    assert shown.cpu_price_per_min == 2 * CREDIT


def test_vector_16__raised_cut__does_not_touch_a_running_job(stage: Stage) -> None:
    job_id = a_running_job(stage)
    stage.set_constant("deepsquareCut", 50)
    after_minutes(stage, 30)
    assert settled(stage.report(job_id, S.FINISHED, 30))[1] == 6 * CREDIT


def test_vector_17__top_up__leaves_the_rest_pending(stage: Stage) -> None:
    job_id = a_running_job(stage)
    meta = stage.world.meta_scheduler
    stage.must(CUSTOMER, meta.top_up_job(job_id, 80 * CREDIT + 5))
    claim = one(stage.must(PROVIDER, meta.claim_next_top_up_job()), ev.ClaimNextTopUpJobEvent)
    assert claim.max_duration_minute == 80
    assert stage.job(job_id).cost.pending_top_up == 5


def test_vector_18__small_top_ups__queue_up_once_they_make_a_minute(stage: Stage) -> None:
    job_id = a_running_job(stage)
    meta, queues = stage.world.meta_scheduler, stage.world.queues
    for size in (0, 1):
        stage.must(CUSTOMER, meta.top_up_job(job_id, 6 * CREDIT // 10))
        assert read(queues.top_up_size(PROVIDER)) == size
    claim = one(stage.must(PROVIDER, meta.claim_next_top_up_job()), ev.ClaimNextTopUpJobEvent)
    assert claim.max_duration_minute == 1
    assert stage.job(job_id).cost.pending_top_up == 2 * CREDIT // 10


@pytest.mark.parametrize(
    ("minute", "error"),
    [
        (69, er.RemainingTimeAboveLimit(31, 30)),
        (70, None),
        (100, None),
        (101, er.PaidTimeExceeded(101, 100)),
    ],
)
def test_vector_19__delegated_top_up__within_the_last_slice_only(
    stage: Stage, minute: int, error: ContractError | None
) -> None:
    job_id = a_running_job(stage, 100 * CREDIT, may_top_up=True)
    after_minutes(stage, minute)
    call = stage.world.meta_scheduler.top_up_job_delegate(job_id)
    if error:
        stage.refused(SCHEDULER, call, error)
    else:
        event = one(stage.must(SCHEDULER, call), ev.JobToppedUp)
        assert (event.payer, event.amount) == (CUSTOMER, 30 * CREDIT)


def test_vector_20__unclaimed_top_up__is_refunded(stage: Stage) -> None:
    job_id = a_running_job(stage, 100 * CREDIT)
    stage.must(CUSTOMER, stage.world.meta_scheduler.top_up_job(job_id, 50 * CREDIT))
    after_minutes(stage, 10)
    assert settled(stage.report(job_id, S.FINISHED, 10))[2] == 140 * CREDIT


def test_vector_21__top_up_by_a_stranger__needs_the_minimum(stage: Stage) -> None:
    job_id = a_running_job(stage)
    meta = stage.world.meta_scheduler
    stage.must(STRANGER, stage.world.credit.approve(meta.address, 2**256 - 1))
    small = er.InsufficientFunds(9 * CREDIT, 10 * CREDIT)
    stage.refused(STRANGER, meta.top_up_job(job_id, 9 * CREDIT), small)
    stage.must(STRANGER, meta.top_up_job(job_id, 10 * CREDIT))
    for anyone in (CUSTOMER, STRANGER):
        stage.refused(anyone, meta.top_up_job(job_id, 0), er.InsufficientFunds(0, 1))


@pytest.mark.parametrize(("minute", "cost"), [(9, 5), (10, 0)])
def test_vectors_22_23__cancel_of_a_scheduled_job__costs_until_the_deadline(
    stage: Stage, minute: int, cost: int
) -> None:
    stage.set_constant("startJobTimeout", 0)
    job_id = stage.a_job_in(S.SCHEDULED)
    after_minutes(stage, minute)
    outcome = stage.must(CUSTOMER, stage.world.meta_scheduler.cancel_job(job_id))
    assert settled(outcome) == (cost * CREDIT, 0, (1000 - cost) * CREDIT)
    assert read(stage.world.queues.cancelling_size(PROVIDER)) == 1


def test_vector_24__cancellation_fee__is_bounded_by_the_paid_minutes(stage: Stage) -> None:
    stage.join(PRICES_OF_1, BIG_NODES)
    job_id = stage.a_job_in(S.SCHEDULED, 100 * CREDIT, **GPU_JOB)
    outcome = stage.must(CUSTOMER, stage.world.meta_scheduler.cancel_job(job_id))
    assert settled(outcome) == (8808 * CREDIT // 100, 0, 1192 * CREDIT // 100)


@pytest.mark.parametrize(
    ("reported", "billed", "is_too_much"),
    [(0, 1, False), (100, 100, False), (105, 105, False), (106, 90, True), (200, 90, True)],
)
def test_vector_25__report_after_a_cancel__stops_at_its_grace(
    stage: Stage, reported: int, billed: int, is_too_much: bool
) -> None:
    job_id = a_running_job(stage)
    after_minutes(stage, 30)
    stage.must(CUSTOMER, stage.world.meta_scheduler.cancel_job(job_id))
    after_minutes(stage, 200)
    outcome = stage.report(job_id, S.CANCELLED, reported)
    assert settled(outcome)[2] == (1000 - billed) * CREDIT
    assert has(outcome, ev.BilledTooMuchEvent) == is_too_much


@pytest.mark.parametrize(
    ("checkpoint_s", "split"),
    [(None, (0, 0, 100)), (1859, (24, 6, 70)), (9000, (80, 20, 0))],
)
def test_vectors_26_to_28__expiry__pays_up_to_the_last_checkpoint(
    stage: Stage, checkpoint_s: int | None, split: tuple[int, int, int]
) -> None:
    job_id = a_running_job(stage, 100 * CREDIT)
    meta = stage.world.meta_scheduler
    if checkpoint_s:
        stage.at(checkpoint_s)
        stage.must(PROVIDER, meta.checkpoint_job(job_id))
    stage.at(9599)
    deadline = stage.started_at + 9600
    early = er.DeadlineNotReached(deadline - 1, deadline)
    stage.refused(STRANGER, meta.expire_job(job_id), early)
    stage.at(9600)
    outcome = stage.must(STRANGER, meta.expire_job(job_id))
    assert settled(outcome) == tuple(part * CREDIT for part in split)
    job = stage.job(job_id)
    assert (job.status, job.last_error) == (S.PANICKED, "expired")


def test_vector_29__ban__does_not_touch_a_running_job(stage: Stage) -> None:
    job_id = a_running_job(stage)
    after_minutes(stage, 10)
    stage.must(OPERATOR, stage.world.providers.ban(PROVIDER))
    after_minutes(stage, 30)
    assert settled(stage.report(job_id, S.FINISHED, 30)) == (
        24 * CREDIT,
        6 * CREDIT,
        970 * CREDIT,
    )


def test_vector_30__unclaimed_job__is_freed_by_anybody_at_the_deadline(stage: Stage) -> None:
    job_id = stage.a_job_in(S.META_SCHEDULED)
    meta, deadline = stage.world.meta_scheduler, stage.terms(job_id).deadline
    stage.at(599)
    early = er.DeadlineNotReached(deadline - 1, deadline)
    stage.refused(STRANGER, meta.timeout_job(job_id), early)
    outcome = stage.must(STRANGER, meta.timeout_job(job_id))
    assert has(outcome, ev.JobRefusedEvent)
    assert stage.job(job_id).status == S.PENDING
    assert stage.terms(job_id).cost_per_minute == 0


@pytest.mark.parametrize(
    ("checkpoint_s", "split"), [(None, (0, 0, 10_000)), (7200, (72, 18, 9910))]
)
def test_vectors_37_38__cancel_without_an_answer__expires_a_day_later(
    stage: Stage, checkpoint_s: int | None, split: tuple[int, int, int]
) -> None:
    job_id = a_running_job(stage, 10_000 * CREDIT)
    meta = stage.world.meta_scheduler
    after_minutes(stage, 30)
    stage.must(CUSTOMER, meta.cancel_job(job_id))
    if checkpoint_s:
        stage.at(checkpoint_s)
        stage.must(PROVIDER, meta.checkpoint_job(job_id))
    stage.at(88_199)
    deadline = stage.started_at + 88_200
    early = er.DeadlineNotReached(deadline - 1, deadline)
    stage.refused(STRANGER, meta.expire_job(job_id), early)
    outcome = stage.must(STRANGER, meta.expire_job(job_id))
    assert settled(outcome) == tuple(part * CREDIT for part in split)
