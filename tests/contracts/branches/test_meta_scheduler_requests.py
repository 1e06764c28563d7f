"""The branches of `requestNewJob`."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from tests.contracts.branches.acts import disable_requests, give_the_customer_all_credits
from tests.contracts.branches.facts import CAP, UNLIMITED, Money, happened, money, pending
from tests.contracts.conformance.stage import CREDIT, CUSTOMER, DEFINITION, Stage, one
from tests.contracts.invariants.revm import read
from tests.contracts.invariants.world import CUSTOMERS

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
from deepsquare.chain.call import Call
from deepsquare.chain.contract_error import ContractError
from deepsquare.chain.contracts import MetaScheduler
from deepsquare.chain.errors import Reverted
from deepsquare.identifiers import ZERO_ADDRESS, job_id_from_bytes

Changes = Mapping[str, Any]
MINIMUM = 100 * CREDIT
INCOMPLETE = replace(DEFINITION, ntasks=0)
TOO_LONG = replace(DEFINITION, batch_location_hash="x" * 129)
OTHER_CUSTOMER = CUSTOMERS[1]


def labels(count: int, key_bytes: int = 2, value_bytes: int = 0) -> tuple[Label, ...]:
    return tuple(Label(f"{i:0{key_bytes}d}", "v" * value_bytes) for i in range(count))


def wishes(*found: Label, op: bytes = b"==") -> tuple[Affinity, ...]:
    return tuple(Affinity(label, op) for label in found)


def refused(stage: Stage, changes: Changes, error: ContractError) -> None:
    definition = replace(DEFINITION, **changes)
    call = stage.world.meta_scheduler.request_new_job(definition, MINIMUM)
    stage.refused(CUSTOMER, call, error)


def test_request_new_job__requests_are_disabled__revert_with_newjobrequestdisabled(
    stage: Stage, meta: MetaScheduler
) -> None:
    disable_requests(stage)
    call = meta.request_new_job(DEFINITION, MINIMUM)
    stage.refused(CUSTOMER, call, er.NewJobRequestDisabled())


def test_request_new_job__requests_are_off_and_the_lock_is_none__revert_with_newjobrequestdisabled(
    stage: Stage, meta: MetaScheduler
) -> None:
    disable_requests(stage)
    stage.refused(CUSTOMER, meta.request_new_job(DEFINITION, 0), er.NewJobRequestDisabled())


def test_request_new_job__the_lock_is_below_the_minimum__revert_with_insufficientfunds(
    stage: Stage, meta: MetaScheduler
) -> None:
    call = meta.request_new_job(DEFINITION, MINIMUM - 1)
    stage.refused(CUSTOMER, call, er.InsufficientFunds(MINIMUM - 1, MINIMUM))


def test_request_new_job__lock_and_definition_are_both_wrong__revert_with_insufficientfunds(
    stage: Stage, meta: MetaScheduler
) -> None:
    call = meta.request_new_job(INCOMPLETE, MINIMUM - 1)
    stage.refused(CUSTOMER, call, er.InsufficientFunds(MINIMUM - 1, MINIMUM))


def test_request_new_job__the_lock_is_the_minimum__create_the_job(stage: Stage) -> None:
    stage.set_constant("minimumAmount", 7)
    assert stage.job(stage.request(7)).cost.max_cost == 7


@pytest.mark.parametrize(
    "changes",
    [{"ntasks": 0}, {"cpus_per_task": 0}, {"mem_per_cpu": 0}, {"batch_location_hash": ""}],
)
def test_request_new_job__tasks_cpus_memory_or_script_are_none__revert_with_invalidjobdefinition(
    stage: Stage, changes: Changes
) -> None:
    refused(stage, changes, er.InvalidJobDefinition())


@pytest.mark.parametrize(
    "changes",
    [
        {"uses": (Label("", "value"),)},
        {"uses": (Label("key", "value"), Label("", ""))},
        {"affinity": wishes(Label("", "value"))},
        {"affinity": wishes(Label("key", "value"), Label("", "value"))},
    ],
)
def test_request_new_job__a_label_of_uses_or_affinity_has_no_key__revert_with_invalidjobdefinition(
    stage: Stage, changes: Changes
) -> None:
    refused(stage, changes, er.InvalidJobDefinition())


@pytest.mark.parametrize("op", [b"\0\0", b"=\0", b"=>", b"<>", b"IN", b"i\0", b" <"])
def test_request_new_job__an_operator_of_affinity_is_unknown__revert_with_invalidjobdefinition(
    stage: Stage, op: bytes
) -> None:
    known = wishes(Label("key", "value"))
    refused(stage, {"affinity": known + wishes(Label("k", "v"), op=op)}, er.InvalidJobDefinition())


@pytest.mark.parametrize("op", [b"==", b"!=", b"<\0", b"<=", b">\0", b">=", b"in"])
def test_request_new_job__an_operator_of_affinity_is_one_of_the_seven__store_it(
    stage: Stage, op: bytes
) -> None:
    affinity = wishes(Label("key", "value"), op=op)
    job_id = stage.request(affinity=affinity)
    assert stage.job(job_id).definition.affinity == affinity


def with_storage_type(call: Call, storage_type: int) -> Call:
    """The same request with another word in the place of the storage type."""
    word = 4 + 32 * (4 + 5)
    return replace(
        call, data=call.data[:word] + storage_type.to_bytes(32, "big") + call.data[word + 32 :]
    )


@pytest.mark.parametrize("storage_type", [5, 255])
def test_request_new_job__the_storage_type_is_unknown__revert_without_a_reason(
    stage: Stage, meta: MetaScheduler, storage_type: int
) -> None:
    call = meta.request_new_job(DEFINITION, MINIMUM)
    nothing = Reverted("the contract refused with no reason")
    stage.refused(CUSTOMER, with_storage_type(call, storage_type), nothing)
    stage.must(CUSTOMER, with_storage_type(call, 4))


def test_request_new_job__the_definition_is_incomplete_and_long__revert_with_invalidjobdefinition(
    stage: Stage,
) -> None:
    changes = {"batch_location_hash": "x" * 129, "uses": (Label("", ""),)}
    refused(stage, changes, er.InvalidJobDefinition())


def test_request_new_job__the_batch_location_has_129_bytes__revert_with_jobdefinitiontoolarge(
    stage: Stage,
) -> None:
    refused(stage, {"batch_location_hash": "x" * 129}, er.JobDefinitionTooLarge(129, 128))


def test_request_new_job__the_batch_location_has_128_bytes__return_it_as_it_was_given(
    stage: Stage,
) -> None:
    given = "é" * 64
    assert stage.job(stage.request(batch_location_hash=given)).definition.batch_location_hash == (
        given
    )


@pytest.mark.parametrize(
    "changes", [{"uses": labels(17)}, {"affinity": wishes(*labels(17))}], ids=["uses", "affinity"]
)
def test_request_new_job__there_are_17_uses_or_17_affinities__revert_with_jobdefinitiontoolarge(
    stage: Stage, changes: Changes
) -> None:
    refused(stage, changes, er.JobDefinitionTooLarge(17, 16))


def test_request_new_job__there_are_16_uses_and_16_affinities__return_them_as_they_were_given(
    stage: Stage,
) -> None:
    uses, affinity = labels(16, 3, 5), wishes(*labels(16, 5, 3), op=b"in")
    definition = stage.job(stage.request(uses=uses, affinity=affinity)).definition
    assert (definition.uses, definition.affinity) == (uses, affinity)


@pytest.mark.parametrize(
    "changes",
    [{"uses": labels(1, 65)}, {"affinity": wishes(*labels(1, 65))}],
    ids=["uses", "affinity"],
)
def test_request_new_job__a_label_key_has_65_bytes__revert_with_jobdefinitiontoolarge(
    stage: Stage, changes: Changes
) -> None:
    refused(stage, changes, er.JobDefinitionTooLarge(65, 64))


@pytest.mark.parametrize(
    "changes",
    [{"uses": labels(1, 2, 129)}, {"affinity": wishes(*labels(1, 2, 129))}],
    ids=["uses", "affinity"],
)
def test_request_new_job__a_label_value_has_129_bytes__revert_with_jobdefinitiontoolarge(
    stage: Stage, changes: Changes
) -> None:
    refused(stage, changes, er.JobDefinitionTooLarge(129, 128))


def labels_of_bytes(total: int) -> Changes:
    """Labels at the bounds of key and value, as many as there may be, and one for the rest."""
    uses = labels(10, 64, 128)
    rest = total - 10 * (64 + 128)
    return {"uses": uses, "affinity": wishes(*labels(1, 64, rest - 64))}


def test_request_new_job__all_labels_have_2049_bytes__revert_with_jobdefinitiontoolarge(
    stage: Stage,
) -> None:
    refused(stage, labels_of_bytes(2049), er.JobDefinitionTooLarge(2049, 2048))


def test_request_new_job__all_labels_have_2048_bytes__create_the_job(stage: Stage) -> None:
    changes = labels_of_bytes(2048)
    assert stage.job(stage.request(**changes)).definition == replace(DEFINITION, **changes)


def test_request_new_job__definition_and_lock_are_both_too_big__revert_with_jobdefinitiontoolarge(
    stage: Stage, meta: MetaScheduler
) -> None:
    call = meta.request_new_job(TOO_LONG, CAP + 1)
    stage.refused(CUSTOMER, call, er.JobDefinitionTooLarge(129, 128))


def test_request_new_job__the_lock_is_above_the_cap__revert_with_amounttoolarge(
    stage: Stage, meta: MetaScheduler
) -> None:
    for lock in (CAP + 1, 2**256 - 1):
        stage.refused(CUSTOMER, meta.request_new_job(DEFINITION, lock), er.AmountTooLarge(lock))


def test_request_new_job__the_lock_is_the_cap__lock_all_of_it(stage: Stage) -> None:
    give_the_customer_all_credits(stage)
    job_id = stage.request(CAP)
    assert stage.job(job_id).cost.max_cost == CAP
    assert money(stage) == Money(contract=CAP, escrow=CAP)


def test_request_new_job__the_customer_owns_too_little__revert_with_erc20insufficientbalance(
    stage: Stage, meta: MetaScheduler
) -> None:
    owned = money(stage).customer
    error = er.ERC20InsufficientBalance(CUSTOMER, owned, owned + 1)
    stage.refused(CUSTOMER, meta.request_new_job(DEFINITION, owned + 1), error)


def test_request_new_job__the_customer_allowed_too_little__revert_with_erc20insufficientallowance(
    stage: Stage, meta: MetaScheduler
) -> None:
    stage.must(CUSTOMER, stage.world.credit.approve(meta.address, MINIMUM - 1))
    error = er.ERC20InsufficientAllowance(meta.address, MINIMUM - 1, MINIMUM)
    stage.refused(CUSTOMER, meta.request_new_job(DEFINITION, MINIMUM), error)


def test_request_new_job__an_earlier_request_failed__still_use_the_first_nonce(
    stage: Stage,
) -> None:
    jobs = stage.world.jobs
    refused(stage, {"ntasks": 0}, er.InvalidJobDefinition())
    assert read(jobs.customer_nonce(CUSTOMER)) == 0
    assert stage.request() == read(jobs.job_id_by_customer(CUSTOMER, 0))


DEMANDING = JobDefinition(3, 4096, 8, 2, "batch", StorageType(2), labels(2), wishes(*labels(1)))


@pytest.mark.parametrize("may_top_up", [False, True])
def test_request_new_job__nothing_is_wrong__store_a_pending_job_of_the_caller(
    stage: Stage, meta: MetaScheduler, may_top_up: bool
) -> None:
    call = meta.request_new_job(DEMANDING, 150 * CREDIT, name="night", may_top_up=may_top_up)
    job_id = one(stage.must(CUSTOMER, call), ev.NewJobRequestEvent).job_id
    chain = stage.world.chain
    assert stage.job(job_id) == Job(
        job_id=job_id,
        status=S.PENDING,
        customer_addr=CUSTOMER,
        provider_addr=ZERO_ADDRESS,
        definition=DEMANDING,
        cost=JobCost(150 * CREDIT, 0, 0, may_top_up),
        time=JobTime(chain.now_s, 0, 0, 0, chain.block, 0),
        job_name=b"night".ljust(32, b"\0"),
        has_cancel_request=False,
        last_error="",
        exit_code=0,
    )
    assert stage.terms(job_id) == JobTerms(*[0] * 10)


def test_request_new_job__nothing_is_wrong__emit_jobcreated_newjobrequestevent_and_transfer(
    stage: Stage, meta: MetaScheduler
) -> None:
    outcome = stage.must(CUSTOMER, meta.request_new_job(DEFINITION, MINIMUM))
    job_id = read(stage.world.jobs.job_id_by_customer(CUSTOMER, 0))
    happened(
        outcome,
        ev.JobCreated(job_id),
        ev.NewJobRequestEvent(job_id, CUSTOMER),
        ev.Transfer(CUSTOMER, meta.address, MINIMUM),
    )


def test_request_new_job__nothing_is_wrong__move_the_lock_into_the_escrow(stage: Stage) -> None:
    before = money(stage)
    stage.request(MINIMUM)
    stage.request(MINIMUM + 1)
    locked = 2 * MINIMUM + 1
    assert money(stage) - before == Money(customer=-locked, contract=locked, escrow=locked)


def test_request_new_job__nothing_is_wrong__add_the_job_to_the_pending_set(stage: Stage) -> None:
    assert pending(stage) == set()
    first, second = stage.request(), stage.request()
    assert pending(stage) == {first, second}
    assert read(stage.world.jobs.active_job_count(ZERO_ADDRESS)) == 2


def test_request_new_job__nothing_is_wrong__return_the_id_of_the_next_nonce_of_that_customer(
    stage: Stage, meta: MetaScheduler
) -> None:
    jobs, call = stage.world.jobs, meta.request_new_job(DEFINITION, MINIMUM)
    stage.must(OTHER_CUSTOMER, stage.world.credit.approve(meta.address, UNLIMITED))
    for nonce in range(2):
        expected = read(jobs.job_id_by_customer(CUSTOMER, nonce))
        stage.must(OTHER_CUSTOMER, call)
        assert job_id_from_bytes(stage.must(CUSTOMER, call).output) == expected
        assert stage.job(expected).customer_addr == CUSTOMER
    assert read(jobs.customer_nonce(CUSTOMER)) == 2
