"""The branches of `checkpointJob` and `expireJob`: work attested, and work that nobody reported."""

from dataclasses import replace

import pytest
from tests.contracts.branches.acts import disable_requests, expel
from tests.contracts.branches.facts import (
    UNKNOWN,
    Money,
    Queues,
    active,
    happened,
    money,
    queues,
)
from tests.contracts.conformance.stage import CREDIT, CUSTOMER, PROVIDER, Stage
from tests.contracts.invariants.reference_jobs import COLD
from tests.contracts.invariants.revm import read
from tests.contracts.invariants.world import DEPLOYER, OPERATOR, PROVIDERS, SCHEDULER, STRANGER

from deepsquare.chain import events as ev
from deepsquare.chain._generated import errors as er
from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain.contracts import MetaScheduler
from deepsquare.chain.contracts.meta_scheduler import Report
from deepsquare.identifiers import ZERO_ADDRESS, Address, JobId

LOCK = 100 * CREDIT + CREDIT // 2
"""Pays for a hundred minutes and a half."""
DEADLINE_S = 60 * (100 + 60)
GRACE_S, GRACES_S = 60 * 60, 60 * 60 * 24
LONG_LOCK = 10_000 * CREDIT
REFUND_ALL = Money(customer=LOCK, contract=-LOCK, escrow=-LOCK)
NOT_RUNNING = [S.PENDING, S.META_SCHEDULED, S.SCHEDULED, *COLD]


def attest(stage: Stage, job_id: JobId, second: int) -> None:
    stage.at(second)
    stage.must(PROVIDER, stage.world.meta_scheduler.checkpoint_job(job_id))


def ask_to_stop(stage: Stage, job_id: JobId, second: int) -> None:
    stage.at(second)
    stage.must(CUSTOMER, stage.world.meta_scheduler.cancel_job(job_id))


def expire(stage: Stage, job_id: JobId, second: int = DEADLINE_S) -> Money:
    before = money(stage)
    stage.at(second)
    stage.must(STRANGER, stage.world.meta_scheduler.expire_job(job_id))
    return money(stage) - before


def paid(minutes: int, *, lock: int = LOCK) -> Money:
    """What expiry moves when so many minutes are billed, a credit each, a fifth of it the fee."""
    return Money(
        customer=lock - minutes * CREDIT,
        provider=minutes * CREDIT * 8 // 10,
        contract=minutes * CREDIT * 2 // 10 - lock,
        escrow=-lock,
        fees=minutes * CREDIT * 2 // 10,
    )


def is_early(stage: Stage, job_id: JobId, deadline_s: int) -> None:
    """Require that nobody can expire a job a second before that time after its start."""
    deadline = stage.started_at + deadline_s
    assert stage.terms(job_id).deadline == deadline
    for offset, caller in enumerate((STRANGER, PROVIDER, SCHEDULER, CUSTOMER)):
        stage.at(deadline_s - 4 + offset)
        error = er.DeadlineNotReached(deadline - 4 + offset, deadline)
        stage.refused(caller, stage.world.meta_scheduler.expire_job(job_id), error)


def test_checkpoint_job__the_job_is_unknown__revert_with_invalidjob(
    stage: Stage, meta: MetaScheduler
) -> None:
    stage.refused(PROVIDER, meta.checkpoint_job(UNKNOWN), er.InvalidJob())


@pytest.mark.parametrize("caller", [STRANGER, CUSTOMER, SCHEDULER, PROVIDERS[1]])
def test_checkpoint_job__the_caller_is_not_the_provider__revert_with_jobprovideronly(
    stage: Stage, meta: MetaScheduler, caller: Address
) -> None:
    job_id = stage.a_job_in(S.RUNNING)
    stage.refused(caller, meta.checkpoint_job(job_id), er.JobProviderOnly(caller, PROVIDER))


def test_checkpoint_job__the_job_does_not_run_either__revert_with_jobprovideronly(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.PENDING)
    error = er.JobProviderOnly(PROVIDER, ZERO_ADDRESS)
    stage.refused(PROVIDER, meta.checkpoint_job(job_id), error)


@pytest.mark.parametrize("status", [s for s in NOT_RUNNING if s != S.PENDING])
def test_checkpoint_job__the_job_does_not_run__revert_with_runningstatusonly(
    stage: Stage, meta: MetaScheduler, status: S
) -> None:
    job_id = stage.a_job_in(status)
    stage.refused(PROVIDER, meta.checkpoint_job(job_id), er.RunningStatusOnly(status))


def test_checkpoint_job__the_job_is_running__record_the_time_without_an_event(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.RUNNING)
    job, terms, before = stage.job(job_id), stage.terms(job_id), money(stage)
    assert terms.last_checkpoint == 0
    outcome = stage.must(PROVIDER, meta.checkpoint_job(job_id))
    assert outcome.logs == ()
    assert stage.terms(job_id) == replace(terms, last_checkpoint=stage.world.chain.now_s)
    assert (stage.job(job_id), money(stage)) == (job, before)


def test_checkpoint_job__it_was_attested_before__record_the_later_time(stage: Stage) -> None:
    job_id = stage.a_job_in(S.RUNNING)
    for second in (100, 200):
        attest(stage, job_id, second)
    assert stage.terms(job_id).last_checkpoint == stage.started_at + 200


def test_checkpoint_job__the_customer_has_requested_a_stop__record_the_time(stage: Stage) -> None:
    job_id = stage.a_job_in(S.RUNNING)
    ask_to_stop(stage, job_id, 50)
    attest(stage, job_id, 100)
    assert stage.terms(job_id).last_checkpoint == stage.started_at + 100


@pytest.mark.parametrize("is_removed", [False, True])
def test_checkpoint_job__the_provider_is_banned_or_removed__record_the_time(
    stage: Stage, is_removed: bool
) -> None:
    job_id = stage.a_job_in(S.RUNNING)
    expel(stage, is_removed=is_removed)
    attest(stage, job_id, 100)
    assert stage.terms(job_id).last_checkpoint == stage.started_at + 100


def test_checkpoint_job__its_deadline_is_near__not_move_the_deadline(stage: Stage) -> None:
    job_id = stage.a_job_in(S.RUNNING, LOCK)
    attest(stage, job_id, DEADLINE_S - 1)
    assert stage.terms(job_id).deadline == stage.started_at + DEADLINE_S


def test_expire_job__the_job_is_unknown__revert_with_invalidjob(
    stage: Stage, meta: MetaScheduler
) -> None:
    stage.refused(STRANGER, meta.expire_job(UNKNOWN), er.InvalidJob())


@pytest.mark.parametrize("status", NOT_RUNNING)
def test_expire_job__the_job_does_not_run__revert_with_runningstatusonly(
    stage: Stage, meta: MetaScheduler, status: S
) -> None:
    job_id = stage.a_job_in(status)
    stage.refused(STRANGER, meta.expire_job(job_id), er.RunningStatusOnly(status))


def test_expire_job__the_job_runs_within_its_paid_time_and_grace__revert_with_deadlinenotreached(
    stage: Stage,
) -> None:
    is_early(stage, stage.a_job_in(S.RUNNING, LOCK), DEADLINE_S)


def test_expire_job__the_job_was_topped_up__revert_with_deadlinenotreached_of_the_longer_time(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.RUNNING, LOCK)
    stage.must(CUSTOMER, meta.top_up_job(job_id, CREDIT // 2))
    is_early(stage, job_id, DEADLINE_S + 60)


def test_expire_job__a_stop_was_requested_less_than_24_graces_ago__revert_with_deadlinenotreached(
    stage: Stage,
) -> None:
    job_id = stage.a_job_in(S.RUNNING, LONG_LOCK)
    ask_to_stop(stage, job_id, 1800)
    is_early(stage, job_id, 1800 + GRACES_S)


def test_expire_job__a_stop_was_requested_late__keep_the_earlier_deadline_of_the_paid_time(
    stage: Stage,
) -> None:
    job_id = stage.a_job_in(S.RUNNING, LOCK)
    ask_to_stop(stage, job_id, 1800)
    is_early(stage, job_id, DEADLINE_S)
    assert expire(stage, job_id) == REFUND_ALL


def test_expire_job__the_constants_have_changed_since__keep_the_deadline_of_the_assignment(
    stage: Stage,
) -> None:
    job_id = stage.a_job_in(S.RUNNING, LOCK)
    stage.set_constant("expireGraceMinute", 15)
    is_early(stage, job_id, DEADLINE_S)


@pytest.mark.parametrize("caller", [STRANGER, CUSTOMER, PROVIDER, DEPLOYER])
def test_expire_job__anyone_calls__end_the_job_as_panicked_with_expired_as_its_error(
    stage: Stage, meta: MetaScheduler, caller: Address
) -> None:
    job_id = stage.a_job_in(S.RUNNING, LOCK)
    before = stage.job(job_id)
    stage.at(DEADLINE_S)
    stage.must(caller, meta.expire_job(job_id))
    chain = stage.world.chain
    time = replace(
        before.time,
        end=chain.now_s,
        panic_timestamp=chain.now_s,
        block_number_state_change=chain.block,
    )
    ended = replace(before, status=S.PANICKED, time=time, last_error="expired")
    assert stage.job(job_id) == ended
    assert active(stage) == set()


def test_expire_job__the_report_of_its_start_had_an_error__show_expired_in_its_place(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.SCHEDULED, LOCK)
    report = Report(S.RUNNING, last_error="slow")
    stage.must(PROVIDER, meta.provider_set_job_status(job_id, report))
    stage.started_at = stage.world.chain.now_s
    expire(stage, job_id)
    assert stage.job(job_id).last_error == "expired"


def test_expire_job__nothing_was_attested__refund_the_whole_lock(stage: Stage) -> None:
    job_id = stage.a_job_in(S.RUNNING, LOCK)
    assert expire(stage, job_id) == REFUND_ALL
    assert stage.job(job_id).cost.final_cost == 0


def test_expire_job__nothing_was_attested__emit_transition_settlement_transfer_and_stop(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.RUNNING, LOCK)
    stage.at(DEADLINE_S)
    happened(
        stage.must(STRANGER, meta.expire_job(job_id)),
        ev.JobTransitionEvent(job_id, S.RUNNING, S.PANICKED),
        ev.JobStopRequested(job_id, PROVIDER),
        ev.JobSettled(job_id, PROVIDER, CUSTOMER, 0, 0, LOCK),
        ev.Transfer(meta.address, CUSTOMER, LOCK),
    )


def test_expire_job__it_was_attested_within_the_first_minute__refund_the_whole_lock(
    stage: Stage,
) -> None:
    job_id = stage.a_job_in(S.RUNNING, LOCK)
    attest(stage, job_id, 59)
    assert expire(stage, job_id) == REFUND_ALL


@pytest.mark.parametrize(("second", "minutes"), [(60, 1), (1859, 30), (1860, 31), (5999, 99)])
def test_expire_job__it_was_attested_after_some_minutes__pay_whole_minutes_until_then_with_the_cut(
    stage: Stage, second: int, minutes: int
) -> None:
    job_id = stage.a_job_in(S.RUNNING, LOCK)
    attest(stage, job_id, second)
    assert expire(stage, job_id) == paid(minutes)
    assert stage.job(job_id).cost.final_cost == minutes * CREDIT


def test_expire_job__it_was_attested_after_some_minutes__emit_all_that_it_does(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.RUNNING, LOCK)
    attest(stage, job_id, 60 * 30)
    stage.at(DEADLINE_S)
    happened(
        stage.must(STRANGER, meta.expire_job(job_id)),
        ev.JobTransitionEvent(job_id, S.RUNNING, S.PANICKED),
        ev.JobStopRequested(job_id, PROVIDER),
        ev.JobSettled(job_id, PROVIDER, CUSTOMER, 24 * CREDIT, 6 * CREDIT, LOCK - 30 * CREDIT),
        ev.Transfer(meta.address, PROVIDER, 24 * CREDIT),
        ev.Transfer(meta.address, CUSTOMER, LOCK - 30 * CREDIT),
    )


def test_expire_job__it_was_attested_after_the_paid_time__pay_the_paid_minutes_and_refund_the_rest(
    stage: Stage,
) -> None:
    job_id = stage.a_job_in(S.RUNNING, LOCK)
    attest(stage, job_id, 60 * 120)
    assert expire(stage, job_id) == paid(100)


def test_expire_job__it_was_attested_after_the_billing_horizon__pay_the_minutes_until_the_horizon(
    stage: Stage,
) -> None:
    job_id = stage.a_job_in(S.RUNNING, LONG_LOCK)
    ask_to_stop(stage, job_id, 1800)
    attest(stage, job_id, 1800 + GRACE_S + 60)
    assert expire(stage, job_id, 1800 + GRACES_S) == paid(90, lock=LONG_LOCK)


def test_expire_job__it_was_attested_before_the_billing_horizon__pay_the_minutes_until_then(
    stage: Stage,
) -> None:
    job_id = stage.a_job_in(S.RUNNING, LONG_LOCK)
    ask_to_stop(stage, job_id, 1800)
    attest(stage, job_id, 1800 + GRACE_S - 60)
    assert expire(stage, job_id, 1800 + GRACES_S) == paid(89, lock=LONG_LOCK)


def test_expire_job__no_stop_was_requested__ask_the_provider_to_stop(stage: Stage) -> None:
    job_id = stage.a_job_in(S.RUNNING, LOCK)
    expire(stage, job_id)
    assert queues(stage) == Queues(cancelling=1)
    assert read(stage.world.queues.has_cancelling_job(PROVIDER))


def test_expire_job__a_stop_was_requested__not_ask_again(stage: Stage, meta: MetaScheduler) -> None:
    job_id = stage.a_job_in(S.RUNNING, LOCK)
    ask_to_stop(stage, job_id, 60)
    stage.at(DEADLINE_S)
    outcome = stage.must(STRANGER, meta.expire_job(job_id))
    assert ev.JobStopRequested(job_id, PROVIDER) not in outcome.events
    assert queues(stage) == Queues(cancelling=1)


def test_expire_job__requests_are_disabled_and_the_provider_removed__still_settle(
    stage: Stage,
) -> None:
    job_id = stage.a_job_in(S.RUNNING, LOCK)
    attest(stage, job_id, 60 * 30)
    disable_requests(stage)
    stage.must(OPERATOR, stage.world.providers.remove(PROVIDER))
    assert expire(stage, job_id) == paid(30)


def test_expire_job__the_cut_has_changed_since__take_the_cut_of_the_assignment(
    stage: Stage,
) -> None:
    job_id = stage.a_job_in(S.RUNNING, LOCK)
    stage.set_constant("deepsquareCut", 50)
    attest(stage, job_id, 60 * 30)
    assert expire(stage, job_id) == paid(30)
