"""The branches of a job's creation and assignment."""

from dataclasses import replace
from typing import Any

import pytest
from tests.contracts.branches.bound_jobs import (
    CANCELLING,
    CLAIMABLE,
    LOCK,
    MINUTE_S,
    NO_TERMS,
    OTHER_CUSTOMER,
    OTHER_PROVIDER,
    PRICE,
    TERMS,
    TOP_UP,
    BoundJobs,
    Terms,
    bind,
)
from tests.contracts.branches.facts import CAP, UNKNOWN, UNLIMITED, call_of, happened
from tests.contracts.conformance.stage import CUSTOMER, DEFINITION, PROVIDER, Stage
from tests.contracts.invariants.revm import read
from tests.contracts.invariants.world import STRANGER

from deepsquare.chain import events as ev
from deepsquare.chain._generated import errors as er
from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain._generated.enums import StorageType
from deepsquare.chain._generated.structs import (
    Affinity,
    Job,
    JobCost,
    JobDefinition,
    JobTerms,
    JobTime,
    Label,
)
from deepsquare.chain.contract_error import ContractError
from deepsquare.identifiers import ZERO_ADDRESS, Address


@pytest.fixture
def bound(stage: Stage) -> BoundJobs:
    return bind(stage)


FULL = JobDefinition(
    gpus=3,
    mem_per_cpu=4096,
    cpus_per_task=8,
    ntasks=2,
    batch_location_hash="batch",
    storage_type=StorageType.GLOBAL,
    uses=(Label("os", "linux"), Label("arch", "")),
    affinity=(Affinity(Label("region", "eu"), b"!="),),
)


def arguments(
    definition: JobDefinition = DEFINITION, locked: int = LOCK
) -> tuple[Address, JobDefinition, int, bytes, bool]:
    return CUSTOMER, definition, locked, bytes(32), False


def labels(count: int, key_bytes: int = 2, value_bytes: int = 0) -> tuple[Label, ...]:
    return tuple(Label(f"{i:0{key_bytes}d}", "v" * value_bytes) for i in range(count))


def wishes(*found: Label, op: bytes = b"==") -> tuple[Affinity, ...]:
    return tuple(Affinity(label, op) for label in found)


def test_create__others_call__revert_with_metascheduleronly(bound: BoundJobs) -> None:
    bound.refused_to_others("create", *arguments())
    assert len(bound.pending()) == 1


def test_create__others_call_and_nothing_is_right__revert_with_metascheduleronly(
    bound: BoundJobs,
) -> None:
    call = call_of(bound.jobs, "create", *arguments(replace(DEFINITION, ntasks=0), CAP + 1))
    for caller in (STRANGER, CUSTOMER):
        found = bound.chain.send(caller, call).error
        assert repr(found) == repr(er.MetaSchedulerOnly())


@pytest.mark.parametrize(
    "changes",
    [
        {"ntasks": 0},
        {"cpus_per_task": 0},
        {"mem_per_cpu": 0},
        {"batch_location_hash": ""},
        {"uses": (Label("key", ""), Label("", ""))},
        {"affinity": wishes(Label("key", ""), Label("", ""))},
        {"affinity": wishes(Label("key", ""), op=b"=~")},
    ],
)
def test_create__the_definition_is_incomplete__revert_with_invalidjobdefinition(
    bound: BoundJobs, changes: dict[str, Any]
) -> None:
    definition = replace(DEFINITION, **changes)
    bound.refused(er.InvalidJobDefinition(), "create", *arguments(definition))


def test_create__the_definition_is_incomplete_and_too_large__revert_with_invalidjobdefinition(
    bound: BoundJobs,
) -> None:
    definition = replace(DEFINITION, ntasks=0, uses=labels(17), batch_location_hash="x" * 129)
    bound.refused(er.InvalidJobDefinition(), "create", *arguments(definition, CAP + 1))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"batch_location_hash": "x" * 129}, er.JobDefinitionTooLarge(129, 128)),
        ({"uses": labels(17)}, er.JobDefinitionTooLarge(17, 16)),
        ({"affinity": wishes(*labels(17))}, er.JobDefinitionTooLarge(17, 16)),
        ({"uses": labels(1, 65)}, er.JobDefinitionTooLarge(65, 64)),
        ({"affinity": wishes(*labels(1, 2, 129))}, er.JobDefinitionTooLarge(129, 128)),
        ({"uses": labels(16, 64, 65)}, er.JobDefinitionTooLarge(2064, 2048)),
        ({"uses": (*labels(16, 64, 64), Label("k", ""))}, er.JobDefinitionTooLarge(17, 16)),
        (
            {"uses": labels(16, 64, 64), "affinity": wishes(Label("k", ""))},
            er.JobDefinitionTooLarge(2049, 2048),
        ),
    ],
)
def test_create__the_definition_is_too_large__revert_with_jobdefinitiontoolarge(
    bound: BoundJobs, changes: dict[str, Any], error: ContractError
) -> None:
    definition = replace(DEFINITION, **changes)
    bound.refused(error, "create", *arguments(definition))


def test_create__definition_and_lock_are_too_large__revert_with_jobdefinitiontoolarge(
    bound: BoundJobs,
) -> None:
    definition = replace(DEFINITION, uses=labels(17))
    error = er.JobDefinitionTooLarge(17, 16)
    bound.refused(error, "create", *arguments(definition, CAP + 1))


def test_create__the_lock_is_above_the_cap__revert_with_amounttoolarge(bound: BoundJobs) -> None:
    for locked in (CAP + 1, UNLIMITED):
        bound.refused(er.AmountTooLarge(locked), "create", *arguments(locked=locked))
    assert bound.job(bound.create(CAP)).cost.max_cost == CAP


def test_create__the_id_is_taken__revert_with_invalidjob(bound: BoundJobs) -> None:
    taken = bound.create()
    bound.set_nonce(CUSTOMER, 0)
    assert read(bound.jobs.job_id_by_customer(CUSTOMER, 0)) == taken
    bound.refused(er.InvalidJob(), "create", *arguments())
    bound.set_nonce(CUSTOMER, 1)
    assert bound.create() != taken


@pytest.mark.parametrize("is_delegated", [False, True])
def test_create__nothing_is_wrong__store_a_pending_job_of_that_customer(
    bound: BoundJobs, is_delegated: bool
) -> None:
    changes = {name: getattr(FULL, name) for name in FULL.__slots__}
    job_id = bound.create(is_delegated=is_delegated, **changes)
    assert bound.job(job_id) == Job(
        job_id=job_id,
        status=S.PENDING,
        customer_addr=CUSTOMER,
        provider_addr=ZERO_ADDRESS,
        definition=FULL,
        cost=JobCost(LOCK, 0, 0, is_delegated),
        time=JobTime(bound.chain.now_s, 0, 0, 0, bound.chain.block, 0),
        job_name=b"night".ljust(32, b"\0"),
        has_cancel_request=False,
        last_error="",
        exit_code=0,
    )
    assert bound.terms(job_id) == NO_TERMS


def test_create__nothing_is_wrong__emit_jobcreated_and_nothing_else(bound: BoundJobs) -> None:
    expected = read(bound.jobs.job_id_by_customer(CUSTOMER, 0))
    outcome = bound.must("create", *arguments())
    happened(outcome, ev.JobCreated(expected))
    assert len(outcome.logs) == 1


def test_create__nothing_is_wrong__give_each_customer_the_ids_of_their_own_nonces(
    bound: BoundJobs,
) -> None:
    for nonce in range(2):
        for customer in (CUSTOMER, OTHER_CUSTOMER):
            expected = read(bound.jobs.job_id_by_customer(customer, nonce))
            assert bound.create(customer=customer) == expected
            assert bound.job(expected).customer_addr == customer
            assert read(bound.jobs.customer_nonce(customer)) == nonce + 1


def test_create__nothing_is_wrong__add_the_job_to_the_pending_set_only(bound: BoundJobs) -> None:
    first, second = bound.create(), bound.create()
    assert bound.pending() == {first, second}
    assert bound.active() == set()
    assert [bound.queued(queue, ZERO_ADDRESS) for queue in (CLAIMABLE, CANCELLING, TOP_UP)] == [
        0
    ] * 3


def test_assign__others_call__revert_with_metascheduleronly(bound: BoundJobs) -> None:
    bound.refused_to_others("assign", bound.create(), PROVIDER, PRICE, TERMS.packed())


def test_assign__the_job_is_unknown__revert_with_invalidjob(bound: BoundJobs) -> None:
    bound.refused(er.InvalidJob(), "assign", UNKNOWN, PROVIDER, PRICE, TERMS.packed())


def test_assign__the_lock_is_less_than_the_price_of_a_minute__revert_with_lockedcreditstoolow(
    bound: BoundJobs,
) -> None:
    job_id = bound.create(PRICE - 1)
    error = er.LockedCreditsTooLow(PRICE - 1, PRICE)
    bound.refused(error, "assign", job_id, PROVIDER, PRICE, TERMS.packed())
    assert bound.pending() == {job_id}


def test_assign__the_lock_is_the_price_of_a_minute__assign_the_job(bound: BoundJobs) -> None:
    job_id = bound.create(PRICE)
    bound.assign(job_id)
    assert bound.status(job_id) == S.META_SCHEDULED


def test_assign__the_job_is_assigned__revert_with_samestatuserror(bound: BoundJobs) -> None:
    job_id = bound.a_job_in(S.META_SCHEDULED)
    for provider in (PROVIDER, OTHER_PROVIDER):
        bound.refused(er.SameStatusError(), "assign", job_id, provider, PRICE, TERMS.packed())


@pytest.mark.parametrize("status", [S.SCHEDULED, S.RUNNING])
def test_assign__the_job_is_claimed_or_running__revert_with_invalidtransition(
    bound: BoundJobs, status: S
) -> None:
    job_id = bound.a_job_in(status)
    error = er.InvalidTransition(status, S.META_SCHEDULED)
    bound.refused(error, "assign", job_id, OTHER_PROVIDER, PRICE, TERMS.packed())


@pytest.mark.parametrize(
    "status", [S.CANCELLED, S.FINISHED, S.FAILED, S.OUT_OF_CREDITS, S.PANICKED]
)
def test_assign__the_job_is_cold__revert_with_jobhotstatusonly(bound: BoundJobs, status: S) -> None:
    job_id = bound.a_job_in(status)
    error = er.JobHotStatusOnly(status)
    bound.refused(error, "assign", job_id, PROVIDER, PRICE, TERMS.packed())


def test_assign__nothing_is_in_the_way__make_it_meta_scheduled_and_return_the_customer(
    bound: BoundJobs,
) -> None:
    job_id = bound.create()
    before = bound.job(job_id)
    outcome = bound.must("assign", job_id, PROVIDER, PRICE, TERMS.packed())
    bound.moved(outcome, job_id, S.PENDING, S.META_SCHEDULED)
    assert outcome.output == bytes(12) + bytes.fromhex(CUSTOMER[2:])
    assert bound.job(job_id) == replace(
        before,
        status=S.META_SCHEDULED,
        provider_addr=PROVIDER,
        time=replace(before.time, block_number_state_change=bound.chain.block),
    )


def test_assign__nothing_is_in_the_way__freeze_the_price_and_the_terms(bound: BoundJobs) -> None:
    job_id = bound.create()
    bound.assign(job_id, price=7, terms=Terms(100, 1440, 60, 1439, 10080, 43200, 10079))
    assert bound.terms(job_id) == JobTerms(
        cost_per_minute=7,
        deepsquare_cut=100,
        bill_duration_delta_minute=1440,
        cancellation_fee_minute=60,
        top_up_slice_duration_min=1439,
        claim_job_timeout=10080,
        start_job_timeout=43200,
        expire_grace_minute=10079,
        last_checkpoint=0,
        deadline=bound.chain.now_s + 10080 * MINUTE_S,
    )


def test_assign__nothing_is_in_the_way__queue_it_as_claimable(bound: BoundJobs) -> None:
    job_id = bound.create()
    bound.assign(job_id)
    assert [bound.queued(queue) for queue in (CLAIMABLE, CANCELLING, TOP_UP)] == [1, 0, 0]
    assert bound.claim().popped.job_id == job_id


def test_assign__other_jobs_wait_or_are_active__move_only_that_job_between_the_sets(
    bound: BoundJobs,
) -> None:
    jobs = [bound.create() for _ in range(4)]
    for place, index in enumerate((0, 3, 1, 2), start=1):
        bound.assign(jobs[index])
        moved = {jobs[i] for i in (0, 3, 1, 2)[:place]}
        assert bound.active() == moved
        assert bound.pending() == set(jobs) - moved


def test_assign__it_was_assigned_before__use_the_new_price_and_terms(bound: BoundJobs) -> None:
    job_id = bound.a_job_in(S.META_SCHEDULED)
    bound.must("timeout", job_id, False)
    bound.assign(job_id, OTHER_PROVIDER, price=11, terms=Terms(claim=20))
    terms = bound.terms(job_id)
    assert (terms.cost_per_minute, terms.claim_job_timeout) == (11, 20)
    assert bound.job(job_id).provider_addr == OTHER_PROVIDER
    assert (bound.active(), bound.active(OTHER_PROVIDER)) == (set(), {job_id})
