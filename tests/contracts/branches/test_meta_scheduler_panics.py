"""The branches of `panicJob`."""

from dataclasses import replace

import pytest
from tests.contracts.branches.acts import disable_requests
from tests.contracts.branches.facts import (
    SCHEDULER_ROLE,
    UNKNOWN,
    Money,
    Queues,
    active,
    happened,
    money,
    pending,
    queues,
)
from tests.contracts.conformance.stage import CREDIT, CUSTOMER, PROVIDER, Stage
from tests.contracts.invariants.reference_jobs import COLD
from tests.contracts.invariants.revm import read
from tests.contracts.invariants.world import DEPLOYER, SCHEDULER, STRANGER

from deepsquare.chain import events as ev
from deepsquare.chain._generated import errors as er
from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain.contracts import MetaScheduler
from deepsquare.chain.contracts.meta_scheduler import Report
from deepsquare.identifiers import ZERO_ADDRESS, Address, JobId

LOCK = 1000 * CREDIT
HOT = [S.PENDING, S.META_SCHEDULED, S.SCHEDULED, S.RUNNING]
REFUND_ALL = Money(customer=LOCK, contract=-LOCK, escrow=-LOCK)


def a_running_job_with_an_error(stage: Stage) -> JobId:
    job_id = stage.a_job_in(S.SCHEDULED)
    report = Report(S.RUNNING, last_error="node 3 is slow")
    stage.must(PROVIDER, stage.world.meta_scheduler.provider_set_job_status(job_id, report))
    return job_id


def panic(stage: Stage, job_id: JobId, error: str = "") -> Money:
    before = money(stage)
    stage.must(SCHEDULER, stage.world.meta_scheduler.panic_job(job_id, error))
    return money(stage) - before


@pytest.mark.parametrize("caller", [STRANGER, CUSTOMER, PROVIDER, DEPLOYER])
def test_panic_job__the_caller_lacks_the_role__revert_with_accesscontrolunauthorizedaccount(
    stage: Stage, meta: MetaScheduler, caller: Address
) -> None:
    job_id = stage.a_job_in(S.RUNNING)
    error = er.AccessControlUnauthorizedAccount(caller, SCHEDULER_ROLE)
    stage.refused(caller, meta.panic_job(job_id, ""), error)


def test_panic_job__the_job_is_unknown_too__revert_with_accesscontrolunauthorizedaccount(
    stage: Stage, meta: MetaScheduler
) -> None:
    error = er.AccessControlUnauthorizedAccount(STRANGER, SCHEDULER_ROLE)
    stage.refused(STRANGER, meta.panic_job(UNKNOWN, ""), error)


def test_panic_job__the_job_is_unknown__revert_with_invalidjob(
    stage: Stage, meta: MetaScheduler
) -> None:
    stage.refused(SCHEDULER, meta.panic_job(UNKNOWN, ""), er.InvalidJob())


def test_panic_job__the_job_is_panicked__revert_with_samestatuserror(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.PANICKED)
    stage.refused(SCHEDULER, meta.panic_job(job_id, ""), er.SameStatusError())


@pytest.mark.parametrize("status", [s for s in COLD if s != S.PANICKED])
def test_panic_job__the_job_is_cold_otherwise__revert_with_jobhotstatusonly(
    stage: Stage, meta: MetaScheduler, status: S
) -> None:
    job_id = stage.a_job_in(status)
    stage.refused(SCHEDULER, meta.panic_job(job_id, ""), er.JobHotStatusOnly(status))


def test_panic_job__no_error_is_given__keep_the_one_of_the_report(stage: Stage) -> None:
    job_id = a_running_job_with_an_error(stage)
    panic(stage, job_id)
    assert stage.job(job_id).last_error == "node 3 is slow"


def test_panic_job__an_error_is_given__store_it_in_place_of_the_one_of_the_report(
    stage: Stage,
) -> None:
    job_id = a_running_job_with_an_error(stage)
    panic(stage, job_id, "the site is down")
    assert stage.job(job_id).last_error == "the site is down"


def test_panic_job__the_error_has_257_bytes__store_the_first_256(stage: Stage) -> None:
    whole, long = stage.request(), stage.request()
    panic(stage, whole, "a" * 255 + "b")
    panic(stage, long, "a" * 255 + "bc")
    assert {stage.job(job).last_error for job in (whole, long)} == {"a" * 255 + "b"}


@pytest.mark.parametrize("status", [S.PENDING, S.META_SCHEDULED])
def test_panic_job__the_job_is_pending_or_meta_scheduled__stop_nobody(
    stage: Stage, status: S
) -> None:
    job_id = stage.a_job_in(status)
    panic(stage, job_id)
    assert queues(stage).cancelling == 0
    assert not read(stage.world.queues.has_next_claimable_job(PROVIDER))


@pytest.mark.parametrize("status", [S.PENDING, S.META_SCHEDULED])
def test_panic_job__the_job_is_pending_or_meta_scheduled__emit_transition_settlement_and_transfer(
    stage: Stage, meta: MetaScheduler, status: S
) -> None:
    job_id = stage.a_job_in(status)
    provider = PROVIDER if status == S.META_SCHEDULED else ZERO_ADDRESS
    happened(
        stage.must(SCHEDULER, meta.panic_job(job_id, "")),
        ev.JobTransitionEvent(job_id, status, S.PANICKED),
        ev.JobSettled(job_id, provider, CUSTOMER, 0, 0, LOCK),
        ev.Transfer(meta.address, CUSTOMER, LOCK),
    )


@pytest.mark.parametrize("status", [S.META_SCHEDULED, S.SCHEDULED])
def test_panic_job__the_job_came_back_to_pending__end_as_if_never_assigned(
    stage: Stage, meta: MetaScheduler, status: S
) -> None:
    job_id = stage.a_job_in(status)
    stage.must(PROVIDER, meta.refuse_job(job_id))
    happened(
        stage.must(SCHEDULER, meta.panic_job(job_id, "")),
        ev.JobTransitionEvent(job_id, S.PENDING, S.PANICKED),
        ev.JobSettled(job_id, ZERO_ADDRESS, CUSTOMER, 0, 0, LOCK),
        ev.Transfer(meta.address, CUSTOMER, LOCK),
    )
    job = stage.job(job_id)
    assert (job.provider_addr, job.cost.final_cost, job.cost.max_cost) == (ZERO_ADDRESS, 0, LOCK)


@pytest.mark.parametrize("status", [S.SCHEDULED, S.RUNNING])
def test_panic_job__the_job_is_scheduled_or_running__ask_the_provider_to_stop(
    stage: Stage, status: S
) -> None:
    job_id = stage.a_job_in(status)
    panic(stage, job_id)
    assert queues(stage) == Queues(cancelling=1)
    assert read(stage.world.queues.has_cancelling_job(PROVIDER))


@pytest.mark.parametrize("status", [S.SCHEDULED, S.RUNNING])
def test_panic_job__the_job_is_scheduled_or_running__emit_transition_settlement_transfer_and_stop(
    stage: Stage, meta: MetaScheduler, status: S
) -> None:
    job_id = stage.a_job_in(status)
    happened(
        stage.must(SCHEDULER, meta.panic_job(job_id, "")),
        ev.JobTransitionEvent(job_id, status, S.PANICKED),
        ev.JobStopRequested(job_id, PROVIDER),
        ev.JobSettled(job_id, PROVIDER, CUSTOMER, 0, 0, LOCK),
        ev.Transfer(meta.address, CUSTOMER, LOCK),
    )


def test_panic_job__the_provider_was_asked_to_stop_already__not_ask_again(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.RUNNING)
    stage.must(CUSTOMER, meta.cancel_job(job_id))
    outcome = stage.must(SCHEDULER, meta.panic_job(job_id, ""))
    assert ev.JobStopRequested(job_id, PROVIDER) not in outcome.events
    assert queues(stage) == Queues(cancelling=1)


def test_panic_job__the_provider_has_attested_work__pay_the_provider_nothing(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.RUNNING)
    stage.at(60 * 20)
    stage.must(PROVIDER, meta.checkpoint_job(job_id))
    assert panic(stage, job_id) == REFUND_ALL


def test_panic_job__the_job_was_topped_up__refund_the_top_up_too(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.RUNNING)
    stage.must(CUSTOMER, meta.top_up_job(job_id, 7 * CREDIT))
    whole = LOCK + 7 * CREDIT
    assert panic(stage, job_id) == Money(customer=whole, contract=-whole, escrow=-whole)
    assert stage.job(job_id).cost.pending_top_up == 0


@pytest.mark.parametrize("status", HOT)
def test_panic_job__requests_are_disabled__refund_the_whole_lock(stage: Stage, status: S) -> None:
    job_id = stage.a_job_in(status)
    disable_requests(stage)
    assert panic(stage, job_id) == REFUND_ALL


@pytest.mark.parametrize("status", HOT)
def test_panic_job__the_job_is_hot__refund_the_whole_lock(stage: Stage, status: S) -> None:
    assert panic(stage, stage.a_job_in(status)) == REFUND_ALL


@pytest.mark.parametrize("status", HOT)
def test_panic_job__the_job_is_hot__end_the_job_as_panicked(stage: Stage, status: S) -> None:
    other, job_id = stage.a_job_in(status), stage.a_job_in(status)
    before = stage.job(job_id)
    panic(stage, job_id, "lost")
    chain = stage.world.chain
    time = replace(
        before.time,
        start=before.time.start or chain.now_s,
        end=chain.now_s,
        panic_timestamp=chain.now_s,
        block_number_state_change=chain.block,
    )
    ended = replace(before, status=S.PANICKED, time=time, last_error="lost")
    assert stage.job(job_id) == ended
    assert pending(stage) | active(stage) == {other}
