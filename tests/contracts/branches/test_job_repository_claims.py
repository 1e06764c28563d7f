"""The branches of taking jobs and top-ups off a provider's queues."""

from dataclasses import replace

import pytest
from eth_utils.crypto import keccak
from tests.contracts.branches.bound_jobs import (
    CLAIMABLE,
    MINUTE_S,
    NO_JOB,
    NOTHING,
    OTHER_PROVIDER,
    PRICE,
    TOP_UP,
    BoundJobs,
    Claim,
    bind,
    found,
)
from tests.contracts.branches.facts import happened
from tests.contracts.conformance.stage import CUSTOMER, DEFINITION, PROVIDER, Stage

from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain._generated.structs import Label, Popped
from deepsquare.identifiers import Address, JobId, parse_address


@pytest.fixture
def bound(stage: Stage) -> BoundJobs:
    return bind(stage)


def take_top_up(bound: BoundJobs, max_skips: int = 32) -> tuple[Popped, int]:
    popped, minutes = bound.answer(tuple[Popped, int], "claimMinutes", PROVIDER, max_skips)
    return popped, minutes


def blob_address(bound: BoundJobs, content: bytes) -> Address:
    """Where the repository keeps some bytes: by CREATE2, behind a STOP (EIP-1014)."""
    code = b"\0" + content
    creation = b"\x61" + len(code).to_bytes(2) + bytes.fromhex("80600a3d393df3") + code
    deployer = bytes.fromhex(bound.jobs.address[2:])
    address = keccak(b"\xff" + deployer + bytes(32) + keccak(creation))[12:]
    return parse_address("0x" + address.hex())


def cancelled_assignments(bound: BoundJobs, count: int) -> None:
    """Leave stale entries in the claimable queue."""
    for _ in range(count):
        bound.cancel(bound.a_job_in(S.META_SCHEDULED))


def test_claim__others_call__revert_with_metascheduleronly(bound: BoundJobs) -> None:
    bound.a_job_in(S.META_SCHEDULED)
    bound.refused_to_others("claim", PROVIDER, 32)


def test_claim__the_queue_is_empty__answer_that_nothing_was_found(bound: BoundJobs) -> None:
    outcome = bound.must("claim", PROVIDER, 32)
    happened(outcome)
    assert bound.claim() == Claim(NOTHING)


def test_claim__the_head_is_live__take_it_to_scheduled(bound: BoundJobs) -> None:
    job_id = bound.a_job_in(S.META_SCHEDULED)
    before = bound.job(job_id)
    outcome = bound.must("claim", PROVIDER, 0)
    bound.moved(outcome, job_id, S.META_SCHEDULED, S.SCHEDULED)
    assert bound.job(job_id) == replace(
        before,
        status=S.SCHEDULED,
        time=replace(before.time, block_number_state_change=bound.chain.block),
    )
    assert bound.terms(job_id).deadline == bound.chain.now_s + 1440 * MINUTE_S


def test_claim__the_head_is_live__return_customer_paid_minutes_and_definition(
    bound: BoundJobs,
) -> None:
    job_id = bound.a_job_in(S.META_SCHEDULED, 1009)
    assert bound.claim() == Claim(found(job_id), CUSTOMER, 100, DEFINITION)


def test_claim__the_head_is_live__tell_where_its_labels_are_kept(bound: BoundJobs) -> None:
    job_id = bound.a_job_in(S.META_SCHEDULED, uses=(Label("os", "linux"),))
    blob = blob_address(bound, b"\1\2\5oslinux" + b"\0")
    assert bound.claim() == Claim(found(job_id), CUSTOMER, 100, DEFINITION, blob)


def test_claim__several_entries_are_live__take_them_in_the_order_of_assignment(
    bound: BoundJobs,
) -> None:
    jobs = [bound.create() for _ in range(3)]
    order = [jobs[2], jobs[0], jobs[1]]
    for job_id in order:
        bound.assign(job_id)
    for left, job_id in zip((2, 1, 0), order, strict=True):
        assert bound.claim().popped == found(job_id, is_drained=left == 0)
        assert bound.queued(CLAIMABLE) == left


def test_claim__the_lock_pays_for_2_64_minutes__saturate_the_paid_minutes(bound: BoundJobs) -> None:
    job_id = bound.create(2**64)
    bound.assign(job_id, price=1)
    assert bound.claim().paid_minutes == 2**64 - 1


def test_claim__stale_entries_stand_before_a_live_one__drop_them_and_take_it(
    bound: BoundJobs,
) -> None:
    cancelled_assignments(bound, 2)
    job_id = bound.a_job_in(S.META_SCHEDULED)
    assert bound.claim(max_skips=2).popped == found(job_id, skipped=2)
    assert bound.queued(CLAIMABLE) == 0


def test_claim__as_many_stale_entries_as_may_be_dropped__drain_the_queue_and_find_nothing(
    bound: BoundJobs,
) -> None:
    cancelled_assignments(bound, 2)
    assert bound.claim(max_skips=2) == Claim(Popped(NO_JOB, 2, is_drained=True))


def test_claim__more_stale_entries_than_may_be_dropped__drop_so_many_and_find_nothing(
    bound: BoundJobs,
) -> None:
    cancelled_assignments(bound, 3)
    job_id = bound.a_job_in(S.META_SCHEDULED)
    assert bound.claim(max_skips=0) == Claim(Popped(NO_JOB, 0, is_drained=False))
    assert bound.queued(CLAIMABLE) == 4
    assert bound.claim(max_skips=2) == Claim(Popped(NO_JOB, 2, is_drained=False))
    assert bound.queued(CLAIMABLE) == 2
    assert bound.claim(max_skips=2).popped == found(job_id, skipped=1)


def test_claim__the_job_went_to_another_provider__drop_the_entry_of_the_first(
    bound: BoundJobs,
) -> None:
    job_id = bound.a_job_in(S.META_SCHEDULED)
    bound.take_back(job_id)
    bound.assign(job_id, OTHER_PROVIDER)
    assert bound.claim() == Claim(Popped(NO_JOB, 1, is_drained=True))
    assert bound.claim(OTHER_PROVIDER).popped == found(job_id)


def test_claim__the_job_came_back_to_the_provider__take_it_once(bound: BoundJobs) -> None:
    job_id = bound.a_job_in(S.META_SCHEDULED)
    bound.take_back(job_id)
    bound.assign(job_id)
    assert bound.claim().popped == found(job_id, is_drained=False)
    assert bound.claim() == Claim(Popped(NO_JOB, 1, is_drained=True))


def test_claim__the_queue_ran_empty_before__take_what_was_queued_since(bound: BoundJobs) -> None:
    for _ in range(3):
        job_id = bound.a_job_in(S.META_SCHEDULED)
        assert bound.claim().popped == found(job_id)


def topped_up(bound: BoundJobs, amount: int = 2 * PRICE) -> JobId:
    job_id = bound.a_job_in(S.RUNNING)
    bound.must("topUp", job_id, amount)
    return job_id


def test_claim_minutes__others_call__revert_with_metascheduleronly(bound: BoundJobs) -> None:
    topped_up(bound)
    bound.refused_to_others("claimMinutes", PROVIDER, 32)


def test_claim_minutes__the_queue_is_empty__answer_that_nothing_was_found(bound: BoundJobs) -> None:
    happened(bound.must("claimMinutes", PROVIDER, 32))
    assert take_top_up(bound) == (NOTHING, 0)


def test_claim_minutes__the_head_is_live__return_its_whole_minutes_and_keep_the_rest(
    bound: BoundJobs,
) -> None:
    job_id = topped_up(bound, 2 * PRICE + 5)
    before = bound.job(job_id)
    assert take_top_up(bound, 0) == (found(job_id), 2)
    assert bound.job(job_id) == replace(before, cost=replace(before.cost, pending_top_up=5))


def test_claim_minutes__the_head_is_live__emit_nothing(bound: BoundJobs) -> None:
    topped_up(bound)
    happened(bound.must("claimMinutes", PROVIDER, 32))


def test_claim_minutes__the_head_is_live__clear_the_mark_so_that_the_next_can_be_queued(
    bound: BoundJobs,
) -> None:
    job_id = topped_up(bound, 2 * PRICE + 5)
    take_top_up(bound)
    bound.must("topUp", job_id, 4)
    assert bound.queued(TOP_UP) == 0
    bound.must("topUp", job_id, 1)
    assert bound.queued(TOP_UP) == 1
    assert take_top_up(bound) == (found(job_id), 1)
    assert bound.job(job_id).cost.pending_top_up == 0


def test_claim_minutes__several_top_ups_of_a_job_wait__return_their_sum_at_once(
    bound: BoundJobs,
) -> None:
    job_id = topped_up(bound, PRICE)
    bound.must("topUp", job_id, 25)
    assert take_top_up(bound) == (found(job_id), 3)
    assert bound.job(job_id).cost.pending_top_up == 5


def test_claim_minutes__a_top_up_of_2_64_minutes__saturate_the_minutes(bound: BoundJobs) -> None:
    job_id = bound.create(1)
    bound.assign(job_id, price=1)
    bound.claim()
    bound.must("topUp", job_id, 2**64)
    assert take_top_up(bound) == (found(job_id), 2**64 - 1)
    assert bound.job(job_id).cost.pending_top_up == 0


def test_claim_minutes__the_job_has_ended_or_was_taken_back__drop_the_entry(
    bound: BoundJobs,
) -> None:
    ended, returned = topped_up(bound), bound.a_job_in(S.SCHEDULED)
    bound.must("topUp", returned, PRICE)
    bound.report(ended, S.FINISHED)
    bound.take_back(returned)
    assert take_top_up(bound) == (Popped(NO_JOB, 2, is_drained=True), 0)


def test_claim_minutes__the_job_came_back_and_was_not_topped_up__drop_the_entry(
    bound: BoundJobs,
) -> None:
    job_id = bound.a_job_in(S.SCHEDULED)
    bound.must("topUp", job_id, PRICE)
    bound.take_back(job_id)
    bound.assign(job_id)
    bound.claim()
    assert take_top_up(bound) == (Popped(NO_JOB, 1, is_drained=True), 0)


def test_claim_minutes__the_job_came_back_and_was_topped_up__return_the_new_minutes_once(
    bound: BoundJobs,
) -> None:
    job_id = bound.a_job_in(S.SCHEDULED)
    bound.must("topUp", job_id, 3 * PRICE)
    bound.take_back(job_id)
    bound.assign(job_id)
    bound.claim()
    bound.must("topUp", job_id, 2 * PRICE)
    assert take_top_up(bound) == (found(job_id, is_drained=False), 2)
    assert take_top_up(bound) == (Popped(NO_JOB, 1, is_drained=True), 0)


def test_claim_minutes__more_stale_entries_than_may_be_dropped__drop_so_many_and_find_nothing(
    bound: BoundJobs,
) -> None:
    for _ in range(3):
        bound.report(topped_up(bound), S.FINISHED)
    job_id = topped_up(bound)
    assert take_top_up(bound, 2) == (Popped(NO_JOB, 2, is_drained=False), 0)
    assert take_top_up(bound, 2) == (found(job_id, skipped=1), 2)
