"""The branches of `metaSchedule`."""

from dataclasses import replace
from typing import Any

import pytest
from tests.contracts.branches.acts import disable_requests
from tests.contracts.branches.facts import (
    SCHEDULER_ROLE,
    UNKNOWN,
    Queues,
    active,
    happened,
    money,
    pending,
    queues,
)
from tests.contracts.conformance.stage import (
    BIG_NODES,
    CREDIT,
    CUSTOMER,
    ONE_CREDIT_A_MINUTE,
    PROVIDER,
    Stage,
    one,
)
from tests.contracts.invariants.reference_jobs import COLD
from tests.contracts.invariants.revm import read
from tests.contracts.invariants.world import DEPLOYER, OPERATOR, PROVIDERS, SCHEDULER, STRANGER

from deepsquare.chain import events as ev
from deepsquare.chain._generated import errors as er
from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain._generated.structs import JobTerms, ProviderHardware, ProviderPrices
from deepsquare.chain.contracts import MetaScheduler
from deepsquare.identifiers import Address, JobId

LOCK = 1000 * CREDIT
REMOVED, WAITING, BANNED = PROVIDERS
MOST = 2**64 - 1
DEMANDING: dict[str, Any] = {"gpus": 2, "mem_per_cpu": 1000, "cpus_per_task": 4, "ntasks": 3}
PRICES = ProviderPrices(85 * CREDIT // 10, 95 * CREDIT // 100, 8 * 10**13)
PRICE_OF_DEMANDING = 2936 * CREDIT // 100
"""12 CPUs of 0.95 + 1000 * 8e-5 credits each, and 2 GPUs of 8.5 credits."""


@pytest.mark.parametrize("caller", [STRANGER, CUSTOMER, PROVIDER, DEPLOYER])
def test_meta_schedule__the_caller_lacks_the_role__revert_with_accesscontrolunauthorizedaccount(
    stage: Stage, meta: MetaScheduler, caller: Address
) -> None:
    error = er.AccessControlUnauthorizedAccount(caller, SCHEDULER_ROLE)
    stage.refused(caller, meta.meta_schedule(stage.request(), PROVIDER), error)


def test_meta_schedule__all_else_is_wrong_too__revert_with_accesscontrolunauthorizedaccount(
    stage: Stage, meta: MetaScheduler
) -> None:
    error = er.AccessControlUnauthorizedAccount(STRANGER, SCHEDULER_ROLE)
    stage.refused(STRANGER, meta.meta_schedule(UNKNOWN, STRANGER), error)


def test_meta_schedule__the_provider_is_not_joined_or_banned__revert_with_providernotjoined(
    stage: Stage, meta: MetaScheduler
) -> None:
    providers = stage.world.providers
    stage.join(provider=BANNED)
    stage.must(OPERATOR, providers.remove(REMOVED))
    stage.must(WAITING, providers.register(BIG_NODES, ONE_CREDIT_A_MINUTE, ()))
    stage.must(OPERATOR, providers.ban(BANNED))
    job_id = stage.request()
    for provider in (STRANGER, REMOVED, WAITING, BANNED):
        stage.refused(SCHEDULER, meta.meta_schedule(job_id, provider), er.ProviderNotJoined())


def test_meta_schedule__provider_and_job_are_both_unknown__revert_with_providernotjoined(
    stage: Stage, meta: MetaScheduler
) -> None:
    stage.refused(SCHEDULER, meta.meta_schedule(UNKNOWN, STRANGER), er.ProviderNotJoined())


def test_meta_schedule__only_the_job_is_unknown__revert_with_invalidjob(
    stage: Stage, meta: MetaScheduler
) -> None:
    stage.refused(SCHEDULER, meta.meta_schedule(UNKNOWN, PROVIDER), er.InvalidJob())


def test_meta_schedule__the_job_is_meta_scheduled__revert_with_samestatuserror(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.META_SCHEDULED)
    stage.refused(SCHEDULER, meta.meta_schedule(job_id, PROVIDER), er.SameStatusError())


@pytest.mark.parametrize("status", [S.SCHEDULED, S.RUNNING])
def test_meta_schedule__the_job_is_scheduled_or_running__revert_with_invalidtransition(
    stage: Stage, meta: MetaScheduler, status: S
) -> None:
    job_id = stage.a_job_in(status)
    error = er.InvalidTransition(status, S.META_SCHEDULED)
    stage.refused(SCHEDULER, meta.meta_schedule(job_id, PROVIDER), error)


@pytest.mark.parametrize("status", COLD)
def test_meta_schedule__the_job_is_cold__revert_with_jobhotstatusonly(
    stage: Stage, meta: MetaScheduler, status: S
) -> None:
    job_id = stage.a_job_in(status)
    stage.refused(SCHEDULER, meta.meta_schedule(job_id, PROVIDER), er.JobHotStatusOnly(status))


def test_meta_schedule__the_job_is_cold_and_too_demanding__revert_with_jobhotstatusonly(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.request(ntasks=129)
    stage.must(CUSTOMER, meta.cancel_job(job_id))
    call = meta.meta_schedule(job_id, PROVIDER)
    stage.refused(SCHEDULER, call, er.JobHotStatusOnly(S.CANCELLED))


def lacks_hardware(
    stage: Stage, resource: int, required: int, available: int, **demand: Any
) -> None:
    call = stage.world.meta_scheduler.meta_schedule(stage.request(**demand), PROVIDER)
    stage.refused(SCHEDULER, call, er.InsufficientHardware(resource, required, available))


def test_meta_schedule__cpus_memory_and_gpus_are_too_few__revert_with_insufficienthardware_of_cpus(
    stage: Stage,
) -> None:
    lacks_hardware(stage, 0, 129, 128, ntasks=43, cpus_per_task=3, mem_per_cpu=512_001, gpus=9)


def test_meta_schedule__memory_and_gpus_are_too_few__revert_with_insufficienthardware_of_memory(
    stage: Stage,
) -> None:
    lacks_hardware(stage, 1, 512_016, 512_000, ntasks=4, cpus_per_task=4, mem_per_cpu=32001, gpus=9)


def test_meta_schedule__gpus_are_too_few_and_no_node_fits__revert_with_insufficienthardware_of_gpus(
    stage: Stage,
) -> None:
    lacks_hardware(stage, 2, 9, 8, cpus_per_task=65, gpus=9)


def test_meta_schedule__the_greatest_of_all_demands__revert_with_insufficienthardware_of_cpus(
    stage: Stage,
) -> None:
    demand = {"ntasks": MOST, "cpus_per_task": MOST, "mem_per_cpu": MOST, "gpus": MOST}
    lacks_hardware(stage, 0, MOST**2, 128, **demand)


def test_meta_schedule__no_node_has_the_cpus__revert_with_insufficienthardware_of_a_node(
    stage: Stage,
) -> None:
    lacks_hardware(stage, 3, 65, 0, cpus_per_task=65)


def test_meta_schedule__no_node_has_the_memory__revert_with_insufficienthardware_of_a_node(
    stage: Stage,
) -> None:
    lacks_hardware(stage, 3, 4, 0, cpus_per_task=4, mem_per_cpu=64_001)


def test_meta_schedule__each_node_lacks_one_of_both__revert_with_insufficienthardware_of_a_node(
    stage: Stage,
) -> None:
    uneven = ProviderHardware(2, (0, 0), (128, 8), (64_000, 1_000_000))
    stage.join(hardware=uneven)
    lacks_hardware(stage, 3, 64, 0, cpus_per_task=64, mem_per_cpu=8000)


def test_meta_schedule__no_node_fits_nor_the_lock__revert_with_insufficienthardware_of_a_node(
    stage: Stage, meta: MetaScheduler
) -> None:
    stage.set_constant("minimumAmount", 1)
    call = meta.meta_schedule(stage.request(1, cpus_per_task=65), PROVIDER)
    stage.refused(SCHEDULER, call, er.InsufficientHardware(3, 65, 0))


@pytest.mark.parametrize("nodes", [2, 3])
def test_meta_schedule__only_the_last_node_fits__assign_the_job(stage: Stage, nodes: int) -> None:
    cpus, memory = (1,) * (nodes - 1) + (32,), (10,) * (nodes - 1) + (640,)
    stage.join(hardware=ProviderHardware(nodes, (0,) * nodes, cpus, memory))
    job_id = stage.request(cpus_per_task=32, mem_per_cpu=20)
    stage.assign(job_id)
    assert stage.job(job_id).status == S.META_SCHEDULED


def test_meta_schedule__the_lock_is_a_wei_less_than_a_minute_costs__revert_with_lockedcreditstoolow(
    stage: Stage, meta: MetaScheduler
) -> None:
    stage.join(ProviderPrices(0, LOCK + 1, 0))
    call = meta.meta_schedule(stage.request(LOCK), PROVIDER)
    stage.refused(SCHEDULER, call, er.LockedCreditsTooLow(LOCK, LOCK + 1))


def test_meta_schedule__the_lock_is_just_what_a_minute_costs__assign_the_job(stage: Stage) -> None:
    stage.join(ProviderPrices(0, LOCK, 0))
    job_id = stage.request(LOCK)
    stage.assign(job_id)
    assert stage.terms(job_id).cost_per_minute == LOCK


def test_meta_schedule__all_hardware_is_in_use__assign_the_job(stage: Stage) -> None:
    whole: dict[str, Any] = {"ntasks": 2, "cpus_per_task": 64, "mem_per_cpu": 4000, "gpus": 8}
    stage.a_job_in(S.RUNNING, **whole)
    job_id = stage.request(**whole)
    stage.assign(job_id)
    assert stage.job(job_id).status == S.META_SCHEDULED


def test_meta_schedule__requests_are_disabled__assign_the_job(stage: Stage) -> None:
    job_id = stage.request()
    disable_requests(stage)
    stage.assign(job_id)
    assert stage.job(job_id).status == S.META_SCHEDULED


def test_meta_schedule__the_start_timeout_is_zero__freeze_the_claim_timeout_in_its_place(
    stage: Stage,
) -> None:
    stage.set_constant("startJobTimeout", 0)
    stage.set_constant("claimJobTimeout", 7)
    terms = stage.terms(stage.a_job_in(S.META_SCHEDULED))
    assert (terms.claim_job_timeout, terms.start_job_timeout) == (7, 7)


def test_meta_schedule__the_provider_refused_the_job_and_raised_its_prices__freeze_the_new_price(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.META_SCHEDULED)
    stage.must(PROVIDER, meta.refuse_job(job_id))
    stage.join(ProviderPrices(0, 3 * CREDIT, 0))
    stage.assign(job_id)
    assert stage.terms(job_id).cost_per_minute == 3 * CREDIT


def test_meta_schedule__an_earlier_provider_was_topped_up__count_the_whole_lock(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.a_job_in(S.SCHEDULED, LOCK)
    stage.must(CUSTOMER, meta.top_up_job(job_id, 80 * CREDIT))
    stage.must(PROVIDER, meta.refuse_job(job_id))
    stage.assign(job_id)
    assert stage.claim().max_duration_minute == 1080


def assigned_demanding_job(stage: Stage) -> JobId:
    stage.join(PRICES)
    job_id = stage.request(LOCK, **DEMANDING)
    stage.assign(job_id)
    return job_id


def test_meta_schedule__nothing_is_wrong__store_the_provider_and_the_status(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id = stage.request()
    before = stage.job(job_id)
    stage.must(SCHEDULER, meta.meta_schedule(job_id, PROVIDER))
    time = replace(before.time, block_number_state_change=stage.world.chain.block)
    assert stage.job(job_id) == replace(
        before, status=S.META_SCHEDULED, provider_addr=PROVIDER, time=time
    )


def test_meta_schedule__nothing_is_wrong__freeze_price_and_constants(stage: Stage) -> None:
    changed = {
        "deepsquareCut": 21,
        "billDurationDeltaMinute": 22,
        "cancellationFeeMinute": 23,
        "topUpSliceDurationMin": 24,
        "claimJobTimeout": 25,
        "startJobTimeout": 26,
        "expireGraceMinute": 27,
    }
    for name, value in changed.items():
        stage.set_constant(name, value)
    job_id = assigned_demanding_job(stage)
    deadline = stage.world.chain.now_s + 60 * 25
    frozen = JobTerms(PRICE_OF_DEMANDING, 21, 22, 23, 24, 25, 26, 27, 0, deadline)
    for name, value in changed.items():
        stage.set_constant(name, value + 30)
    stage.join(ProviderPrices(1, 1, 1))
    assert stage.terms(job_id) == frozen


def test_meta_schedule__nothing_is_wrong__move_the_job_to_the_set_and_queue_of_the_provider(
    stage: Stage,
) -> None:
    jobs = [stage.request() for _ in range(3)]
    stage.assign(jobs[0])
    assert (pending(stage), active(stage)) == ({jobs[1], jobs[2]}, {jobs[0]})
    stage.assign(jobs[2])
    assert (pending(stage), active(stage)) == ({jobs[1]}, {jobs[0], jobs[2]})
    assert queues(stage) == Queues(claimable=2)
    assert read(stage.world.queues.has_next_claimable_job(PROVIDER))


def test_meta_schedule__nothing_is_wrong__emit_jobtransitionevent_and_jobassigned(
    stage: Stage, meta: MetaScheduler
) -> None:
    stage.join(PRICES)
    job_id = stage.request(**DEMANDING)
    happened(
        stage.must(SCHEDULER, meta.meta_schedule(job_id, PROVIDER)),
        ev.JobTransitionEvent(job_id, S.PENDING, S.META_SCHEDULED),
        ev.JobAssigned(job_id, PROVIDER, CUSTOMER, PRICE_OF_DEMANDING),
    )


def test_meta_schedule__nothing_is_wrong__move_no_credits(
    stage: Stage, meta: MetaScheduler
) -> None:
    job_id, before = stage.request(), money(stage)
    outcome = stage.must(SCHEDULER, meta.meta_schedule(job_id, PROVIDER))
    assert money(stage) == before
    assert one(outcome, ev.JobAssigned).job_id == job_id
