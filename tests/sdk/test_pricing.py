"""The conformance vectors of protocol.md 4.4 that need no contract, and the rules behind them."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepsquare.amounts import MAX_WEI, WEI_PER_CREDIT, parse_credits
from deepsquare.chain import JobStatus
from deepsquare.pricing import (
    Bill,
    cost_per_minute,
    elapsed_minutes,
    full_refund,
    lock_for_minutes,
    paid_minutes,
    settle_cancel_scheduled,
    settle_expiry,
    settle_report,
)
from deepsquare.testing import a_definition, a_job, some_prices, some_terms
from deepsquare.testing.builders import START_S

VECTOR_1_PRICES = some_prices(
    gpu_wei=parse_credits("8.5"), cpu_wei=parse_credits("0.95"), mem_wei=80_000_000_000_000
)
VECTOR_1_COST = 1_031_920_000_000_000_000


@dataclass(frozen=True)
class Vector:
    number: str
    reported: int
    elapsed_s: int
    final_wei: int
    provider_wei: int
    fee_wei: int
    refund_wei: int
    cost_wei: int = WEI_PER_CREDIT
    locked_wei: int = 1000 * WEI_PER_CREDIT
    is_clamped: bool = False


def credits_(text: str) -> int:
    return parse_credits(text)


REPORTS = [
    Vector(
        "3",
        reported=969,
        elapsed_s=969 * 60,
        cost_wei=VECTOR_1_COST,
        final_wei=999930480000000000000,
        provider_wei=799944384000000000000,
        fee_wei=199986096000000000000,
        refund_wei=69520000000000000,
    ),
    Vector("4", 30, 1800, credits_("30"), credits_("24"), credits_("6"), credits_("970")),
    Vector("5", 45, 1800, credits_("45"), credits_("36"), credits_("9"), credits_("955")),
    Vector(
        "6", 46, 1800, credits_("30"), credits_("24"), credits_("6"), credits_("970"),
        is_clamped=True,
    ),
    Vector("7", 0, 1800, credits_("1"), credits_("0.8"), credits_("0.2"), credits_("999")),
    Vector(
        "8", 200, 12000, credits_("100"), credits_("80"), credits_("20"), 0,
        locked_wei=credits_("100"),
    ),
    Vector(
        "9", 200, 12000, credits_("100"), credits_("80"), credits_("20"), credits_("0.5"),
        locked_wei=credits_("100.5"),
    ),
    Vector("10a", 15, 59, credits_("15"), credits_("12"), credits_("3"), credits_("985")),
    Vector("10b", 16, 59, 0, 0, 0, credits_("1000"), is_clamped=True),
    Vector("11a", 1, 60, 21, 17, 4, 0, cost_wei=21, locked_wei=21),
    Vector("11b", 1, 60, 1, 1, 0, 0, cost_wei=1, locked_wei=1),
    Vector(
        "20", 10, 600, credits_("10"), credits_("8"), credits_("2"), credits_("140"),
        locked_wei=credits_("150"),
    ),
]  # fmt: skip


@pytest.mark.parametrize("vector", REPORTS, ids=lambda vector: f"vector-{vector.number}")
def test_report__from_running__divides_the_lock_as_the_protocol_says(vector: Vector) -> None:
    job = a_job(locked_wei=vector.locked_wei)
    terms = some_terms(vector.cost_wei)
    bill = settle_report(
        job, terms, now_s=START_S + vector.elapsed_s, reported_minutes=vector.reported
    )
    assert bill.final_cost_wei == vector.final_wei
    assert bill.provider_wei == vector.provider_wei
    assert bill.fee_wei == vector.fee_wei
    assert bill.refund_wei == vector.refund_wei
    assert bill.was_clamped is vector.is_clamped


def test_cost_per_minute__vector_1__counts_threads_and_memory() -> None:
    cost = cost_per_minute(a_definition(mem_per_cpu_mb=1024), VECTOR_1_PRICES)
    assert cost == VECTOR_1_COST
    assert paid_minutes(credits_("1000"), cost) == 969


def test_cost_per_minute__vector_2__counts_gpus_once_per_job() -> None:
    definition = a_definition(gpus=2, mem_per_cpu_mb=1000, cpus_per_task=4, ntasks=3)
    cost = cost_per_minute(definition, VECTOR_1_PRICES)
    assert cost == credits_("29.36")
    assert paid_minutes(credits_("100"), cost) == 3


@pytest.mark.parametrize(
    ("reported", "minutes", "is_clamped"),
    [(0, 1, False), (100, 100, False), (105, 105, False), (106, 90, True), (200, 90, True)],
)
def test_report__vector_25_cancelled_at_30_reported_at_200__stops_at_the_horizon(
    reported: int, minutes: int, is_clamped: bool
) -> None:
    job = a_job(cancel_requested_s=START_S + 30 * 60)
    bill = settle_report(job, some_terms(), now_s=START_S + 200 * 60, reported_minutes=reported)
    assert (bill.minutes, bill.was_clamped) == (minutes, is_clamped)


def test_report__vector_16_fee_was_frozen__counts_the_frozen_fee() -> None:
    bill = settle_report(a_job(), some_terms(), now_s=START_S + 1800, reported_minutes=30)
    changed = settle_report(
        a_job(), some_terms(deepsquare_cut=50), now_s=START_S + 1800, reported_minutes=30
    )
    assert (bill.fee_wei, changed.fee_wei) == (credits_("6"), credits_("15"))


CLAIMED = a_job(JobStatus.SCHEDULED)


@pytest.mark.parametrize(("minutes_after_claim", "final"), [(9, "5"), (10, "0")])
def test_cancel__vectors_22_and_23__costs_the_fee_before_the_deadline_only(
    minutes_after_claim: int, final: str
) -> None:
    terms = some_terms(deadline=START_S + 600)
    bill = settle_cancel_scheduled(CLAIMED, terms, now_s=START_S + 60 * minutes_after_claim)
    assert bill.final_cost_wei == credits_(final)
    assert (bill.provider_wei, bill.fee_wei) == (credits_(final), 0)


def test_cancel__vector_24_three_minutes_paid__costs_no_more_than_these() -> None:
    job = replace(CLAIMED, cost=replace(CLAIMED.cost, max_cost=credits_("100")))
    bill = settle_cancel_scheduled(job, some_terms(credits_("29.36")), now_s=START_S)
    assert bill.final_cost_wei == credits_("88.08")
    assert bill.refund_wei == credits_("11.92")


@pytest.mark.parametrize(
    ("vector", "locked", "checkpoint_s", "cancelled_s", "now_s", "final", "provider"),
    [
        ("26", "100", 0, 0, 9600, "0", "0"),
        ("27", "100", 1859, 0, 9600, "30", "24"),
        ("28", "100", 9000, 0, 9600, "100", "80"),
        ("37", "10000", 0, 1800, 88200, "0", "0"),
        ("38", "10000", 7200, 1800, 88200, "90", "72"),
    ],
)
def test_expiry__vectors__pays_up_to_the_last_checkpoint(
    vector: str,
    locked: str,
    checkpoint_s: int,
    cancelled_s: int,
    now_s: int,
    final: str,
    provider: str,
) -> None:
    job = a_job(
        locked_wei=credits_(locked),
        cancel_requested_s=START_S + cancelled_s if cancelled_s else 0,
    )
    terms = some_terms(last_checkpoint=START_S + checkpoint_s if checkpoint_s else 0)
    bill = settle_expiry(job, terms, now_s=START_S + now_s)
    assert bill.final_cost_wei == credits_(final)
    assert bill.provider_wei == credits_(provider)


def test_full_refund__any_job__gives_all_back() -> None:
    bill = full_refund(a_job(locked_wei=7), some_terms())
    assert (bill.refund_wei, bill.final_cost_wei, bill.minutes) == (7, 0, 0)


def test_elapsed__clock_before_the_start__is_not_negative_e2() -> None:
    assert elapsed_minutes(a_job(), some_terms(), START_S - 3600) == 0


def test_paid_minutes__cost_of_zero__is_refused() -> None:
    with pytest.raises(ValueError, match="no paid time"):
        paid_minutes(100, 0)


def test_paid_minutes__one_wei_a_minute__saturates_at_uint64() -> None:
    assert paid_minutes(MAX_WEI, 1) == 2**64 - 1


amounts = st.integers(min_value=1, max_value=MAX_WEI)
minutes = st.integers(min_value=0, max_value=10**6)


@st.composite
def bills(draw: st.DrawFn) -> tuple[Bill, int, int]:
    cost = draw(amounts)
    locked = draw(st.integers(min_value=cost, max_value=MAX_WEI))
    elapsed = draw(minutes)
    terms = some_terms(cost, deepsquare_cut=draw(st.integers(0, 100)))
    reported = draw(minutes)
    bill = settle_report(
        a_job(locked_wei=locked), terms, now_s=START_S + 60 * elapsed, reported_minutes=reported
    )
    return bill, elapsed, locked


@given(bills())
def test_bill__any_report__adds_up_to_the_wei(case: tuple[Bill, int, int]) -> None:
    bill, _, locked = case
    assert bill.provider_wei + bill.fee_wei + bill.refund_wei == locked == bill.locked_wei
    assert min(bill.provider_wei, bill.fee_wei, bill.refund_wei) >= 0


@given(bills())
def test_bill__any_report__is_bounded_by_time_and_lock(case: tuple[Bill, int, int]) -> None:
    bill, elapsed, locked = case
    assert bill.minutes <= max(1, elapsed + 15)
    assert bill.final_cost_wei == bill.minutes * bill.cost_per_minute_wei <= locked


@given(elapsed=minutes, checkpoint=minutes, locked=amounts)
def test_expiry__any_checkpoint__never_pays_more_than_a_report_then(
    elapsed: int, checkpoint: int, locked: int
) -> None:
    """Invariant 14: silence does not pay."""
    job = a_job(locked_wei=locked)
    attested = min(elapsed, checkpoint)
    attested_s = START_S + 60 * attested
    silent = settle_expiry(
        job, some_terms(1, last_checkpoint=attested_s), now_s=START_S + 60 * elapsed
    )
    honest = settle_report(job, some_terms(1), now_s=attested_s, reported_minutes=attested)
    assert silent.provider_wei <= honest.provider_wei


@given(minutes=st.integers(0, 10**6), cost=amounts)
def test_lock_for_minutes__any_cost__pays_exactly_these(minutes: int, cost: int) -> None:
    assert paid_minutes(lock_for_minutes(minutes, cost), cost) == minutes
