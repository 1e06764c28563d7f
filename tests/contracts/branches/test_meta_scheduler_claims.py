"""The branches of `claimNextJob` and `claimNextJobs`."""

from dataclasses import replace
from typing import Any

from tests.contracts.branches import lanes
from tests.contracts.branches.acts import all_at_once, disable_requests, many_jobs_in
from tests.contracts.branches.facts import Queues, active, happened, money, queues
from tests.contracts.branches.lanes import CLAIMABLE, take_many, take_one
from tests.contracts.conformance.stage import (
    BIG_NODES,
    CREDIT,
    CUSTOMER,
    DEFINITION,
    ONE_CREDIT_A_MINUTE,
    PROVIDER,
    Stage,
)
from tests.contracts.invariants.world import OPERATOR, PROVIDERS, SCHEDULER, STRANGER

from deepsquare.chain import events as ev
from deepsquare.chain._generated import errors as er
from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain._generated.structs import Affinity, Label, ProviderPrices
from deepsquare.chain.call import Call
from deepsquare.chain.contracts import MetaScheduler

OTHER, WAITING = PROVIDERS[1], PROVIDERS[2]


def is_for_members(stage: Stage, call: Call) -> None:
    """Require a call to be refused to the banned, the removed, the waiting and strangers."""
    providers = stage.world.providers
    stage.join(provider=OTHER)
    stage.must(WAITING, providers.register(BIG_NODES, ONE_CREDIT_A_MINUTE, ()))
    stage.must(OPERATOR, providers.ban(PROVIDER))
    stage.must(OPERATOR, providers.remove(OTHER))
    for caller in (PROVIDER, OTHER, WAITING, STRANGER):
        stage.refused(caller, call, er.ProviderNotJoined())


def test_claim_next_job__the_caller_is_not_joined_or_banned__revert_with_providernotjoined(
    stage: Stage, meta: MetaScheduler
) -> None:
    stage.a_job_in(S.META_SCHEDULED)
    is_for_members(stage, meta.claim_next_job())
    assert CLAIMABLE.has_claim(stage.world.queues)


def test_claim_next_job__it_has_nothing_to_claim_either__revert_with_providernotjoined(
    stage: Stage, meta: MetaScheduler
) -> None:
    stage.refused(STRANGER, meta.claim_next_job(), er.ProviderNotJoined())


def test_claim_next_job__an_empty_queue__revert_with_nojob(stage: Stage) -> None:
    lanes.reverts_with_no_job(stage, CLAIMABLE)


def test_claim_next_job__just_32_stale_entries__revert_with_nojob_and_keep_them(
    stage: Stage,
) -> None:
    lanes.keeps_32_stale_ones(stage, CLAIMABLE)


def test_claim_next_job__just_33_stale_entries__drop_32_without_an_event(stage: Stage) -> None:
    lanes.drops_32_of_33_stale_ones(stage, CLAIMABLE)


def test_claim_next_job__a_live_entry_behind_32_stale_ones__claim_it(stage: Stage) -> None:
    lanes.takes_a_live_one_behind_32(stage, CLAIMABLE)


def test_claim_next_job__a_live_entry_behind_33_stale_ones__drop_32_first_and_claim_it_next(
    stage: Stage,
) -> None:
    CLAIMABLE.push_stale(stage, 33)
    live = CLAIMABLE.push_live(stage, 1)
    assert take_one(stage, CLAIMABLE) == []
    assert queues(stage) == Queues(claimable=2)
    assert take_one(stage, CLAIMABLE) == live


def test_claim_next_job__its_job_was_cancelled_panicked_refused_or_timed_out__skip_the_entry(
    stage: Stage, meta: MetaScheduler
) -> None:
    jobs = many_jobs_in(stage, S.META_SCHEDULED, 4)
    stage.must(CUSTOMER, meta.cancel_job(jobs[0]))
    stage.must(SCHEDULER, meta.panic_job(jobs[1], ""))
    stage.must(PROVIDER, meta.refuse_job(jobs[2]))
    stage.must(SCHEDULER, meta.timeout_job(jobs[3]))
    lanes.skips_all(stage, CLAIMABLE)


def test_claim_next_job__its_job_went_to_another_provider__skip_the_entry(
    stage: Stage, meta: MetaScheduler
) -> None:
    stage.join(provider=OTHER)
    job_id = stage.a_job_in(S.META_SCHEDULED)
    stage.must(PROVIDER, meta.refuse_job(job_id))
    stage.assign(job_id, OTHER)
    lanes.skips_all(stage, CLAIMABLE)
    assert stage.claim(OTHER).job_id == job_id


def test_claim_next_job__two_entries_of_a_job_that_came_back__claim_the_first_and_skip_the_second(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.META_SCHEDULED)
    stage.must(SCHEDULER, meta.timeout_job(job_id))
    stage.assign(job_id)
    assert queues(stage) == Queues(claimable=2)
    assert take_one(stage, CLAIMABLE) == [job_id]
    lanes.skips_all(stage, CLAIMABLE)


def test_claim_next_job__an_entry_of_another_provider__not_see_it(
    stage: Stage, meta: MetaScheduler
) -> None:
    stage.join(provider=OTHER)
    stage.a_job_in(S.META_SCHEDULED)
    stage.refused(OTHER, meta.claim_next_job(), er.NoJob())
    assert queues(stage, OTHER) == Queues()


def test_claim_next_job__a_job_is_past_its_claim_deadline__claim_it(stage: Stage) -> None:
    job_id = stage.a_job_in(S.META_SCHEDULED)
    stage.at(60 * 1000)
    assert take_one(stage, CLAIMABLE) == [job_id]


def test_claim_next_job__the_lock_pays_for_more_than_2_64_minutes__announce_2_64_less_one(
    stage: Stage,
) -> None:
    stage.join(ProviderPrices(0, 1, 0))
    stage.set_constant("minimumAmount", 1)
    for lock, minutes in ((2**64 - 2, 2**64 - 2), (2**64, 2**64 - 1), (2**70, 2**64 - 1)):
        stage.assign(stage.request(lock))
        assert stage.claim().max_duration_minute == minutes


def test_claim_next_job__requests_are_disabled__claim_the_job(stage: Stage) -> None:
    job_id = stage.a_job_in(S.META_SCHEDULED)
    disable_requests(stage)
    assert take_one(stage, CLAIMABLE) == [job_id]


def test_claim_next_job__several_live_entries__claim_the_oldest(stage: Stage) -> None:
    jobs = many_jobs_in(stage, S.META_SCHEDULED, 3)
    assert [take_one(stage, CLAIMABLE) for _ in jobs] == [[job] for job in jobs]


def test_claim_next_job__several_live_entries__record_scheduled_and_restart_the_clock(
    stage: Stage,
) -> None:
    job_id, other = many_jobs_in(stage, S.META_SCHEDULED, 2)
    stage.at(60 * 5)
    job, terms, before = stage.job(job_id), stage.terms(job_id), money(stage)
    stage.claim()
    chain = stage.world.chain
    time = replace(job.time, block_number_state_change=chain.block)
    assert stage.job(job_id) == replace(job, status=S.SCHEDULED, time=time)
    assert stage.terms(job_id) == replace(terms, deadline=chain.now_s + 60 * 1440)
    assert stage.job(other).status == S.META_SCHEDULED
    assert active(stage) == {job_id, other}
    assert money(stage) == before


def test_claim_next_job__several_live_entries__emit_jobtransitionevent_and_claimjobevent(
    stage: Stage, meta: MetaScheduler
) -> None:
    label = Label("os", "debian")
    definition = replace(DEFINITION, uses=(label,), affinity=(Affinity(label, b"!="),))
    job_id = stage.a_job_in(
        S.META_SCHEDULED, 969 * CREDIT + 1, uses=definition.uses, affinity=definition.affinity
    )
    stage.a_job_in(S.META_SCHEDULED)
    happened(
        stage.must(PROVIDER, meta.claim_next_job()),
        ev.JobTransitionEvent(job_id, S.META_SCHEDULED, S.SCHEDULED),
        ev.ClaimJobEvent(CUSTOMER, PROVIDER, job_id, 969, definition),
    )


def test_claim_next_jobs__the_caller_is_not_joined_or_banned__revert_with_providernotjoined(
    stage: Stage, meta: MetaScheduler
) -> None:
    stage.a_job_in(S.META_SCHEDULED)
    is_for_members(stage, meta.claim_next_jobs(0))
    for caller in (PROVIDER, STRANGER):
        stage.refused(caller, meta.claim_next_jobs(1), er.ProviderNotJoined())


def test_claim_next_jobs__nothing_to_claim__return_0(stage: Stage) -> None:
    lanes.takes_none_of_nothing(stage, CLAIMABLE)


def test_claim_next_jobs__only_stale_entries__drop_them_and_return_0(stage: Stage) -> None:
    lanes.drops_stale_ones_of_many(stage, CLAIMABLE)


def test_claim_next_jobs__none_is_asked_for__return_0_and_keep_the_queue(stage: Stage) -> None:
    lanes.takes_none_when_none_is_asked_for(stage, CLAIMABLE)


def test_claim_next_jobs__fewer_are_asked_for_than_wait__claim_so_many_of_the_oldest(
    stage: Stage,
) -> None:
    lanes.takes_the_oldest(stage, CLAIMABLE)


def test_claim_next_jobs__more_are_asked_for_than_wait__claim_all(stage: Stage) -> None:
    jobs = many_jobs_in(stage, S.META_SCHEDULED, 3)
    assert take_many(stage, CLAIMABLE, 4) == jobs
    assert {stage.job(job).status for job in jobs} == {S.SCHEDULED}


def test_claim_next_jobs__more_than_64_are_asked_for__claim_64(stage: Stage) -> None:
    lanes.takes_64_at_most(stage, CLAIMABLE)


def some_labels(count: int) -> tuple[Label, ...]:
    return tuple(Label(f"key {i}", "value" * (7 * i % 16)) for i in range(count))


def test_claim_next_jobs__definitions_of_different_size__tell_each_as_it_was_requested(
    stage: Stage, meta: MetaScheduler
) -> None:
    """Memory is given back after each claim: nothing of one may show in the next."""
    requested = {}
    for count in (0, 15, 1, 5, 0, 9):
        wishes = tuple(Affinity(label, b"in") for label in some_labels(16 - count))
        changes: dict[str, Any] = {
            "batch_location_hash": "r" * 8 * (16 - count),
            "uses": some_labels(count),
            "affinity": wishes,
        }
        job_id = stage.a_job_in(S.META_SCHEDULED, **changes)
        requested[job_id] = replace(DEFINITION, **changes)
    claimed = stage.must(PROVIDER, meta.claim_next_jobs(64)).events
    told = [event for event in claimed if isinstance(event, ev.ClaimJobEvent)]
    assert {event.job_id: event.job_definition for event in told} == requested


def test_claim_next_jobs__stale_entries_between_live_ones__claim_the_live_ones(
    stage: Stage, meta: MetaScheduler
) -> None:
    jobs = many_jobs_in(stage, S.META_SCHEDULED, 6)
    all_at_once(stage, CUSTOMER, map(meta.cancel_job, jobs[::2]))
    assert take_many(stage, CLAIMABLE, 6) == jobs[1::2]
    assert queues(stage) == Queues()


def test_claim_next_jobs__a_33rd_stale_entry_after_live_ones__stop_there(stage: Stage) -> None:
    lanes.stops_at_the_33rd_stale_one(stage, CLAIMABLE)
