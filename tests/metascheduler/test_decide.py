"""The whole decision: who gets which job, what is overdue, whom to avoid."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepsquare.amounts import WEI_PER_CREDIT
from deepsquare.chain import Job, JobStatus, Label, Provider
from deepsquare.identifiers import Address
from deepsquare.testing import (
    a_definition,
    a_job,
    a_job_id,
    a_provider,
    an_address,
    some_hardware,
    some_prices,
    some_terms,
)
from deepsquare_metascheduler.domain.avoidance import AvoidancePolicy, Return
from deepsquare_metascheduler.domain.commands import Assign, Expire, TimeOut, TopUp
from deepsquare_metascheduler.domain.decide import Decision, decide
from deepsquare_metascheduler.domain.hardware import Capacity, demand_of
from deepsquare_metascheduler.domain.matching import RESERVE_AFTER_S
from deepsquare_metascheduler.domain.snapshot import ActiveJob, Snapshot

NOW_S = 1_700_100_000
POLICY = AvoidancePolicy(first_s=600, longest_s=6000)


def waiting(
    number: int, *, cpus: int = 1, waited_s: int = 10, customer: int = 0xC1, **changes: Any
) -> Job:
    job = a_job(JobStatus.PENDING, number=number, definition=a_definition(cpus_per_task=cpus))
    time = replace(job.time, submit=NOW_S - waited_s)
    return replace(job, time=time, customer_addr=an_address(customer), **changes)


def assigned(
    number: int,
    provider: Provider,
    *,
    status: JobStatus = JobStatus.RUNNING,
    cpus: int = 1,
    deadline_s: int = NOW_S + 1,
    customer: int = 0xC1,
) -> ActiveJob:
    job = a_job(status, number=number, definition=a_definition(cpus_per_task=cpus))
    job = replace(job, provider_addr=provider.addr, customer_addr=an_address(customer))
    return ActiveJob(job, some_terms(deadline=deadline_s))


def priced(number: int, credits_per_cpu: float, **changes: Any) -> Provider:
    prices = some_prices(cpu_wei=int(credits_per_cpu * WEI_PER_CREDIT))
    return a_provider(number, prices=prices, **changes)


def decided(**parts: Any) -> Decision:
    return decide(Snapshot(block_number=1, now_s=NOW_S, **parts), POLICY)


def target(decision: Decision, job: Job) -> Address | None:
    targets = [
        c.provider for c in decision.commands if isinstance(c, Assign) and c.job_id == job.job_id
    ]
    assert len(targets) <= 1, "a job is assigned once"
    return targets[0] if targets else None


def test_assign__two_fit__the_cheaper_gets_the_job() -> None:
    dear, cheap = priced(1, 2), priced(2, 1)
    job = waiting(1)
    assert target(decided(pending=(job,), providers=(dear, cheap)), job) == cheap.addr


def test_assign__the_cheaper_is_full__the_next_gets_the_job() -> None:
    dear, cheap = priced(1, 2), priced(2, 1, hardware=some_hardware((4, 64_000, 0)))
    job = waiting(1, cpus=2)
    decision = decided(
        pending=(job,), providers=(dear, cheap), active=(assigned(9, cheap, cpus=3),)
    )
    assert target(decision, job) == dear.addr


def test_assign__everyone_is_full__the_job_waits_and_says_so() -> None:
    only = priced(1, 1, hardware=some_hardware((4, 64_000, 0)))
    job = waiting(1, cpus=2)
    decision = decided(pending=(job,), providers=(only,), active=(assigned(9, only, cpus=3),))
    assert decision.commands == ()
    assert decision.waiting == {job.job_id: {only.addr: "busy"}}


def test_assign__several_in_one_tick__count_against_the_same_capacity() -> None:
    only = priced(1, 1, hardware=some_hardware((4, 64_000, 0)))
    jobs = tuple(waiting(n, cpus=3, waited_s=100 - n) for n in (1, 2))
    decision = decided(pending=jobs, providers=(only,))
    assert decision.commands == (Assign(jobs[0].job_id, only.addr),)


@pytest.mark.parametrize(
    ("provider", "reason"),
    [
        (a_provider(1, is_banned=True), "banned"),
        (priced(1, 1, hardware=some_hardware((1, 64_000, 0))), "cpus: 2 needed, 1 there"),
        (priced(1, 600), "price: a minute costs 1200 credits, more than is locked"),
        (priced(1, 1, labels={"region": "us"}), "label: region=eu is not met"),
    ],
    ids=["banned", "hardware", "price", "label"],
)
def test_assign__nobody_fits__says_why_for_each(provider: Provider, reason: str) -> None:
    definition = a_definition(cpus_per_task=2, uses=(Label("region", "eu"),))
    job = waiting(1, definition=definition)
    if "label" not in reason:
        job = replace(job, definition=replace(definition, uses=()))
    decision = decided(pending=(job,), providers=(provider,))
    assert decision.commands == ()
    assert decision.waiting == {job.job_id: {provider.addr: reason}}


def test_assign__price_equals_the_lock__is_enough() -> None:
    provider = priced(1, 1000)
    job = waiting(1)
    assert target(decided(pending=(job,), providers=(provider,)), job) == provider.addr


def test_assign__equal_prices__the_emptier_gets_the_job() -> None:
    one, two = priced(1, 1), priced(2, 1)
    job = waiting(1)
    for busy, idle in ((one, two), (two, one)):
        decision = decided(pending=(job,), providers=(one, two), active=(assigned(9, busy),))
        assert target(decision, job) == idle.addr


def test_assign__equal_prices_and_load__jobs_spread() -> None:
    providers = tuple(priced(n, 1) for n in (1, 2, 3))
    chosen = {
        target(decided(pending=(waiting(n),), providers=providers), waiting(n))
        for n in range(1, 40)
    }
    assert chosen == {provider.addr for provider in providers}


def test_turns__one_customer_floods__the_other_is_next() -> None:
    only = priced(1, 1, hardware=some_hardware((4, 640_000, 0)))
    flood = tuple(waiting(n, waited_s=500 - n) for n in range(1, 11))
    other = waiting(99, waited_s=1, customer=0xC2)
    decision = decided(pending=(*flood, other), providers=(only,))
    assert target(decision, other) == only.addr
    assert len(decision.commands) == 4


def test_turns__customer_with_running_jobs__comes_after_one_without() -> None:
    only = priced(1, 1, hardware=some_hardware((2, 64_000, 0)))
    mine, other = waiting(1, waited_s=100), waiting(2, waited_s=1, customer=0xC2)
    decision = decided(pending=(mine, other), providers=(only,), active=(assigned(9, only),))
    assert decision.commands == (Assign(other.job_id, only.addr),)


def test_reserve__big_job_waits_long__small_jobs_no_longer_pass_it() -> None:
    only = priced(1, 1, hardware=some_hardware((8, 64_000, 0)))
    busy = (assigned(9, only, cpus=4),)
    small = waiting(2, waited_s=1, customer=0xC2)
    for waited_s, expected in ((RESERVE_AFTER_S - 1, only.addr), (RESERVE_AFTER_S, None)):
        big = waiting(1, cpus=8, waited_s=waited_s)
        decision = decided(pending=(big, small), providers=(only,), active=busy)
        assert target(decision, small) == expected


def test_reserve__job_that_fits_nowhere__keeps_nothing_free() -> None:
    only = priced(1, 1)
    hopeless = waiting(1, cpus=500, waited_s=10 * RESERVE_AFTER_S)
    small = waiting(2)
    assert target(decided(pending=(hopeless, small), providers=(only,)), small) == only.addr


@pytest.mark.parametrize(
    ("status", "command"),
    [
        (JobStatus.META_SCHEDULED, TimeOut),
        (JobStatus.SCHEDULED, TimeOut),
        (JobStatus.RUNNING, Expire),
    ],
)
def test_overdue__at_the_deadline__is_ended_or_taken_back(
    status: JobStatus, command: type[TimeOut | Expire]
) -> None:
    provider = priced(1, 1)
    late = assigned(1, provider, status=status, deadline_s=NOW_S)
    early = assigned(2, provider, status=status, deadline_s=NOW_S + 1)
    assert decided(active=(late, early)).commands == (command(late.job.job_id, provider.addr),)


def delegated(ran_minutes: int, *, slice_minutes: int = 30, **changes: Any) -> ActiveJob:
    """A job whose lock pays 100 minutes."""
    job = a_job(JobStatus.RUNNING, locked_wei=100 * WEI_PER_CREDIT)
    job = replace(
        job,
        cost=replace(job.cost, delegate_spending_authority=True),
        time=replace(job.time, start=NOW_S - 60 * ran_minutes),
        **changes,
    )
    terms = some_terms(top_up_slice_duration_min=slice_minutes, deadline=NOW_S + 999_999)
    return ActiveJob(job, terms)


@pytest.mark.parametrize(
    ("ran_minutes", "slice_minutes", "is_due"),
    [
        (89, 30, False),
        (90, 30, True),
        (100, 30, True),
        (101, 30, False),
        (94, 5, False),
        (95, 5, True),
    ],
)
def test_slices__paid_time_nearly_over__are_taken_within_the_contracts_limits(
    ran_minutes: int, slice_minutes: int, is_due: bool
) -> None:
    one = delegated(ran_minutes, slice_minutes=slice_minutes)
    expected = (TopUp(one.job.job_id, one.job.provider_addr),) if is_due else ()
    assert decided(active=(one,)).commands == expected


def test_slices__cancelled_or_not_delegated_or_not_running__are_not_taken() -> None:
    cancelled = delegated(95, has_cancel_request=True)
    claimed = delegated(95, status=JobStatus.SCHEDULED)
    job = delegated(95).job
    forbidden = replace(job, cost=replace(job.cost, delegate_spending_authority=False))
    others = (cancelled, claimed, ActiveJob(forbidden, cancelled.terms))
    assert decided(active=others).commands == ()


def test_avoid__job_came_back__goes_to_the_dearer_for_a_while_g1() -> None:
    cheap, dear = priced(1, 1), priced(2, 2)
    job, unrelated = waiting(1), waiting(2, customer=0xC2)
    for ago_s, expected in ((599, dear.addr), (600, cheap.addr)):
        back = Return(job.job_id, cheap.addr, NOW_S - ago_s, was_refused=True)
        decision = decided(pending=(job, unrelated), providers=(cheap, dear), returns=(back,))
        assert target(decision, job) == expected
        assert target(decision, unrelated) == cheap.addr, "a refusal concerns one job only"


def test_avoid__provider_let_a_job_time_out__gets_no_job_for_a_while_g1() -> None:
    lazy = priced(1, 1)
    job = waiting(1)
    back = Return(a_job_id(77), lazy.addr, NOW_S - 500, was_refused=False)
    decision = decided(pending=(job,), providers=(lazy,), returns=(back,))
    assert decision.waiting == {
        job.job_id: {lazy.addr: "avoided for 100 s more: a job came back from it"}
    }


def test_avoid__each_further_time__doubles_up_to_the_limit() -> None:
    assert [POLICY.length_s(times) for times in (1, 2, 3, 4, 5, 99)] == [
        600, 1200, 2400, 4800, 6000, 6000,
    ]  # fmt: skip


snapshots = st.builds(
    Snapshot,
    block_number=st.just(1),
    now_s=st.just(NOW_S),
    pending=st.lists(
        st.builds(
            waiting,
            st.integers(1, 10**6),
            cpus=st.integers(1, 40),
            waited_s=st.integers(0, 2000),
            customer=st.integers(1, 4),
        ),
        max_size=12,
        unique_by=lambda job: job.job_id,
    ).map(tuple),
    providers=st.lists(
        st.builds(priced, st.integers(1, 5), st.integers(1, 5)),
        max_size=4,
        unique_by=lambda provider: provider.addr,
    ).map(tuple),
)


@given(snapshots)
def test_decide__any_state__never_overfills_and_covers_every_job(snapshot: Snapshot) -> None:
    decision = decide(snapshot, POLICY)
    job_by_id = {job.job_id: job for job in snapshot.pending}
    assigned_ids = [c.job_id for c in decision.commands]
    assert len(set(assigned_ids)) == len(assigned_ids)
    assert set(assigned_ids) | set(decision.waiting) == set(job_by_id)
    assert not set(assigned_ids) & set(decision.waiting)
    for provider in snapshot.providers:
        taken = Capacity()
        for command in decision.commands:
            if command.provider == provider.addr:
                taken += demand_of(job_by_id[command.job_id].definition)
        assert Capacity(32, 128_000, 0).holds(taken)


@given(snapshots)
def test_decide__same_state__decides_the_same(snapshot: Snapshot) -> None:
    assert decide(snapshot, POLICY) == decide(snapshot, POLICY)
