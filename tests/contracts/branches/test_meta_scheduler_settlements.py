"""The branches of `providerSetJobStatus` that end a running job: what is billed, and to whom."""

from dataclasses import replace
from itertools import permutations

import pytest
from tests.contracts.branches.acts import disable_requests, expel
from tests.contracts.branches.facts import Money, Queues, active, happened, money, queues
from tests.contracts.conformance.stage import CREDIT, CUSTOMER, PROVIDER, Stage, settled
from tests.contracts.invariants.reference_jobs import COLD
from tests.contracts.invariants.revm import Outcome, read

from deepsquare.chain import events as ev
from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain._generated.structs import ProviderPrices
from deepsquare.chain.contracts import MetaScheduler
from deepsquare.chain.contracts.meta_scheduler import Report
from deepsquare.identifiers import JobId

LOCK = 1000 * CREDIT


def shares(minutes: int, *, lock: int = LOCK) -> tuple[int, int, int]:
    """Provider's share, fee and refund of so many minutes, a credit each."""
    cost = minutes * CREDIT
    return cost * 8 // 10, cost * 2 // 10, lock - cost


def a_job_after(stage: Stage, second: int, lock: int = LOCK) -> JobId:
    job_id = stage.a_job_in(S.RUNNING, lock)
    stage.at(second)
    return job_id


def overbilled(job_id: JobId, minutes: int) -> ev.BilledTooMuchEvent:
    return ev.BilledTooMuchEvent(job_id, PROVIDER, minutes)


def a_job_started_with(stage: Stage, report: Report) -> JobId:
    job_id = stage.a_job_in(S.SCHEDULED)
    stage.must(PROVIDER, stage.world.meta_scheduler.provider_set_job_status(job_id, report))
    return job_id


def end_with(stage: Stage, job_id: JobId, report: Report) -> Outcome:
    call = stage.world.meta_scheduler.provider_set_job_status(job_id, report)
    return stage.must(PROVIDER, call)


@pytest.mark.parametrize("status", COLD)
@pytest.mark.parametrize("minutes", [1, 29, 30])
def test_provider_set_job_status__minutes_within_the_elapsed_time_are_reported__bill_them(
    stage: Stage, status: S, minutes: int
) -> None:
    job_id = a_job_after(stage, 60 * 30)
    outcome = stage.report(job_id, status, minutes)
    assert settled(outcome) == shares(minutes)
    assert overbilled(job_id, minutes) not in outcome.events


@pytest.mark.parametrize("minutes", [31, 45])
def test_provider_set_job_status__minutes_within_the_delta_are_reported__bill_them(
    stage: Stage, minutes: int
) -> None:
    job_id = a_job_after(stage, 60 * 30)
    outcome = stage.report(job_id, S.FINISHED, minutes)
    assert settled(outcome) == shares(minutes)
    assert overbilled(job_id, minutes) not in outcome.events


@pytest.mark.parametrize("status", COLD)
def test_provider_set_job_status__more_than_the_delta_is_reported__bill_what_elapsed_and_say_so(
    stage: Stage, status: S
) -> None:
    job_id = a_job_after(stage, 60 * 31 - 1)
    outcome = stage.report(job_id, status, 46)
    assert settled(outcome) == shares(30)
    assert overbilled(job_id, 46) in outcome.events


def test_provider_set_job_status__too_much_is_reported_in_the_first_minute__bill_nothing(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = a_job_after(stage, 59)
    happened(
        stage.report(job_id, S.FINISHED, 16),
        ev.JobTransitionEvent(job_id, S.RUNNING, S.FINISHED),
        overbilled(job_id, 16),
        ev.JobSettled(job_id, PROVIDER, CUSTOMER, 0, 0, LOCK),
        ev.Transfer(meta.address, CUSTOMER, LOCK),
    )


@pytest.mark.parametrize("second", [1, 60 * 30, 60 * 2000])
def test_provider_set_job_status__no_minute_is_reported__bill_one(
    stage: Stage, second: int
) -> None:
    job_id = a_job_after(stage, second)
    assert settled(stage.report(job_id, S.FINISHED, 0)) == shares(1)


def test_provider_set_job_status__the_greatest_duration_is_reported__bill_what_elapsed_and_say_so(
    stage: Stage,
) -> None:
    job_id = a_job_after(stage, 60 * 30)
    outcome = stage.report(job_id, S.FAILED, 2**64 - 1)
    assert settled(outcome) == shares(30)
    assert overbilled(job_id, 2**64 - 1) in outcome.events


@pytest.mark.parametrize("minutes", [101, 215, 216])
def test_provider_set_job_status__more_than_the_paid_time_is_reported__bill_the_paid_time(
    stage: Stage, minutes: int
) -> None:
    lock = 100 * CREDIT + CREDIT // 2
    job_id = a_job_after(stage, 60 * 200, lock)
    outcome = stage.report(job_id, S.OUT_OF_CREDITS, minutes)
    assert settled(outcome) == shares(100, lock=lock)
    assert (overbilled(job_id, minutes) in outcome.events) == (minutes == 216)


def test_provider_set_job_status__all_of_the_lock_is_billed__transfer_nothing_to_the_customer(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = a_job_after(stage, 60 * 100, 100 * CREDIT)
    happened(
        stage.report(job_id, S.FINISHED, 100),
        ev.JobTransitionEvent(job_id, S.RUNNING, S.FINISHED),
        ev.JobSettled(job_id, PROVIDER, CUSTOMER, 80 * CREDIT, 20 * CREDIT, 0),
        ev.Transfer(meta.address, PROVIDER, 80 * CREDIT),
    )


@pytest.mark.parametrize(
    ("minute", "reported", "billed"),
    [(50, 65, 65), (50, 66, 50), (90, 105, 105), (200, 105, 105), (200, 106, 90), (900, 0, 1)],
)
def test_provider_set_job_status__the_customer_requested_a_stop__bill_no_later_than_its_grace(
    stage: Stage, meta: MetaScheduler, minute: int, reported: int, billed: int
) -> None:
    job_id = a_job_after(stage, 60 * 30)
    stage.must(CUSTOMER, meta.cancel_job(job_id))
    stage.set_constant("expireGraceMinute", 15)
    stage.at(60 * minute)
    outcome = stage.report(job_id, S.CANCELLED, reported)
    assert settled(outcome) == shares(billed)
    assert (overbilled(job_id, reported) in outcome.events) == (billed < reported)


@pytest.mark.parametrize(("price", "provider", "fee"), [(21, 17, 4), (1, 1, 0), (4, 4, 0)])
def test_provider_set_job_status__the_fee_is_no_whole_wei__round_it_down_in_favour_of_the_provider(
    stage: Stage, price: int, provider: int, fee: int
) -> None:
    stage.join(ProviderPrices(0, price, 0))
    job_id = a_job_after(stage, 60)
    assert settled(stage.report(job_id, S.FINISHED, 1)) == (provider, fee, LOCK - price)


@pytest.mark.parametrize("cut", [0, 100])
def test_provider_set_job_status__the_cut_is_nothing_or_all__transfer_no_share_of_zero(
    stage: Stage, meta: MetaScheduler, cut: int
) -> None:
    stage.set_constant("deepsquareCut", cut)
    job_id = a_job_after(stage, 60 * 30)
    provider, fee = (30 * CREDIT, 0) if cut == 0 else (0, 30 * CREDIT)
    refund = ev.Transfer(meta.address, CUSTOMER, LOCK - 30 * CREDIT)
    share = ev.Transfer(meta.address, PROVIDER, provider)
    happened(
        stage.report(job_id, S.FINISHED, 30),
        ev.JobTransitionEvent(job_id, S.RUNNING, S.FINISHED),
        ev.JobSettled(job_id, PROVIDER, CUSTOMER, provider, fee, LOCK - 30 * CREDIT),
        *([share, refund] if provider else [refund]),
    )
    assert money(stage).fees == fee


def test_provider_set_job_status__prices_and_constants_have_changed__bill_by_the_frozen_terms(
    stage: Stage,
) -> None:
    job_id = stage.a_job_in(S.RUNNING)
    for name in ("deepsquareCut", "billDurationDeltaMinute", "expireGraceMinute"):
        stage.set_constant(name, 99)
    stage.join(ProviderPrices(0, 7 * CREDIT, 0))
    stage.at(60 * 30)
    assert settled(stage.report(job_id, S.FINISHED, 46)) == shares(30)


def test_provider_set_job_status__it_was_topped_up__count_it_and_drop_what_is_pending(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.RUNNING, 100 * CREDIT)
    stage.must(CUSTOMER, meta.top_up_job(job_id, 50 * CREDIT))
    stage.at(60 * 200)
    assert settled(stage.report(job_id, S.FINISHED, 140)) == shares(140, lock=150 * CREDIT)
    assert stage.job(job_id).cost.pending_top_up == 0
    assert not read(stage.world.queues.has_top_up_job(PROVIDER))


def test_provider_set_job_status__no_error_is_given__keep_the_one_of_the_start(
    stage: Stage,
) -> None:
    job_id = a_job_started_with(stage, Report(S.RUNNING, last_error="slow"))
    end_with(stage, job_id, Report(S.FINISHED))
    assert stage.job(job_id).last_error == "slow"


def test_provider_set_job_status__an_error_is_given__replace_the_one_of_the_start(
    stage: Stage,
) -> None:
    job_id = a_job_started_with(stage, Report(S.RUNNING, last_error="a" * 200))
    end_with(stage, job_id, Report(S.FAILED, last_error="exit 1"))
    assert stage.job(job_id).last_error == "exit 1"


def test_provider_set_job_status__the_error_has_257_bytes__store_the_first_256(
    stage: Stage,
) -> None:
    job_id = stage.a_job_in(S.RUNNING)
    end_with(stage, job_id, Report(S.FAILED, last_error="a" * 255 + "bc"))
    assert stage.job(job_id).last_error == "a" * 255 + "b"


@pytest.mark.parametrize("exit_code", [0, 256, -(2**63), 2**63 - 1])
def test_provider_set_job_status__the_exit_code_is_given__replace_the_one_of_the_start(
    stage: Stage, exit_code: int
) -> None:
    job_id = a_job_started_with(stage, Report(S.RUNNING, exit_code=5))
    end_with(stage, job_id, Report(S.FAILED, exit_code=exit_code))
    assert stage.job(job_id).exit_code == exit_code


@pytest.mark.parametrize("is_removed", [False, True])
def test_provider_set_job_status__provider_and_intake_are_no_more__still_settle(
    stage: Stage, is_removed: bool
) -> None:
    job_id = stage.a_job_in(S.RUNNING)
    expel(stage, is_removed=is_removed)
    disable_requests(stage)
    stage.at(60 * 30)
    assert settled(stage.report(job_id, S.FINISHED, 30)) == shares(30)


def test_provider_set_job_status__an_own_report_answers_a_stop__make_the_entry_of_the_stop_stale(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.RUNNING)
    stage.must(CUSTOMER, meta.cancel_job(job_id))
    assert read(stage.world.queues.has_cancelling_job(PROVIDER))
    assert stage.report(job_id, S.CANCELLED).error is None
    assert not read(stage.world.queues.has_cancelling_job(PROVIDER))
    assert queues(stage) == Queues(cancelling=1)


@pytest.mark.parametrize("status", COLD)
def test_provider_set_job_status__it_ends__record_status_end_and_final_cost(
    stage: Stage, status: S
) -> None:
    job_id = a_job_after(stage, 60 * 30)
    before = stage.job(job_id)
    end_with(stage, job_id, Report(status, 20, "over", 9))
    chain = stage.world.chain
    time = replace(
        before.time,
        end=chain.now_s,
        panic_timestamp=chain.now_s if status == S.PANICKED else 0,
        block_number_state_change=chain.block,
    )
    assert stage.job(job_id) == replace(
        before,
        status=status,
        cost=replace(before.cost, final_cost=20 * CREDIT),
        time=time,
        last_error="over",
        exit_code=9,
    )
    assert stage.terms(job_id).cost_per_minute == 0


@pytest.mark.parametrize("order", permutations(range(3)))
def test_provider_set_job_status__it_ends__leave_the_active_set(
    stage: Stage, order: tuple[int, ...]
) -> None:
    jobs = [stage.a_job_in(S.RUNNING) for _ in order]
    left = set(jobs)
    for position in order:
        assert stage.report(jobs[position], S.FINISHED).error is None
        left.remove(jobs[position])
        assert active(stage) == left


@pytest.mark.parametrize("status", COLD)
def test_provider_set_job_status__it_ends__emit_transition_settlement_and_transfers(
    stage: Stage, meta: MetaScheduler, status: S
) -> None:
    job_id, before = a_job_after(stage, 60 * 30), money(stage)
    provider, fee, refund = shares(30)
    happened(
        stage.report(job_id, status, 30),
        ev.JobTransitionEvent(job_id, S.RUNNING, status),
        ev.JobSettled(job_id, PROVIDER, CUSTOMER, provider, fee, refund),
        ev.Transfer(meta.address, PROVIDER, provider),
        ev.Transfer(meta.address, CUSTOMER, refund),
    )
    assert money(stage) - before == Money(
        customer=refund, provider=provider, contract=fee - LOCK, escrow=-LOCK, fees=fee
    )
