"""The branches of `multicall` and `tryMulticall`."""

import pytest
from tests.contracts.branches.acts import many_jobs_in
from tests.contracts.branches.facts import UNKNOWN, Money, happened, money, pending
from tests.contracts.conformance.stage import (
    CREDIT,
    CUSTOMER,
    DEFINITION,
    PROVIDER,
    Stage,
    has,
    settled,
)
from tests.contracts.invariants.revm import Outcome, read

from deepsquare.chain import events as ev
from deepsquare.chain._generated import errors as er
from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain.call import Call
from deepsquare.chain.contract_error import ContractError
from deepsquare.chain.contracts import MetaScheduler
from deepsquare.chain.contracts.meta_scheduler import decode_multicall, decode_try_multicall
from deepsquare.chain.errors import Reverted
from deepsquare.chain.reverts import decode_revert
from deepsquare.identifiers import JobId, job_id_from_bytes

LOCK = 100 * CREDIT
NOTHING_SUCH = b"\xde\xad\xbe\xef"


def a_request(meta: MetaScheduler, locked: int = LOCK) -> Call:
    return meta.request_new_job(DEFINITION, locked)


def a_call_of_no_function(meta: MetaScheduler) -> Call:
    return Call(meta.address, NOTHING_SUCH, "nothing")


def next_ids(stage: Stage, count: int) -> list[JobId]:
    jobs = stage.world.jobs
    nonce = read(jobs.customer_nonce(CUSTOMER))
    return [read(jobs.job_id_by_customer(CUSTOMER, nonce + i)) for i in range(count)]


def failures(outcome: Outcome) -> list[tuple[int, str]]:
    """Index and error of each call that failed, of events and of results alike."""
    told = [event for event in outcome.events if isinstance(event, ev.CallFailed)]
    results = decode_try_multicall(outcome.output)
    returned = [(i, reason) for i, (is_done, reason) in enumerate(results) if not is_done]
    assert returned == [(event.index, event.reason) for event in told]
    return [(index, repr(decode_revert(reason))) for index, reason in returned]


def shown(error: ContractError) -> str:
    return repr(error)


def test_multicall__no_calls__return_nothing(stage: Stage, meta: MetaScheduler) -> None:
    outcome = stage.must(CUSTOMER, meta.multicall([]))
    assert decode_multicall(outcome.output) == ()
    assert outcome.logs == ()


@pytest.mark.parametrize("position", [0, 1, 2])
def test_multicall__a_call_that_fails__revert_with_its_error(
    stage: Stage, meta: MetaScheduler, position: int
) -> None:
    calls = [a_request(meta)] * 2
    calls.insert(position, a_request(meta, 1))
    stage.refused(CUSTOMER, meta.multicall(calls), er.InsufficientFunds(1, LOCK))


def test_multicall__a_call_that_fails__undo_the_calls_before_it(
    stage: Stage, meta: MetaScheduler
) -> None:
    before = money(stage)
    calls = [a_request(meta), meta.cancel_job(UNKNOWN)]
    stage.refused(CUSTOMER, meta.multicall(calls), er.InvalidJob())
    assert read(stage.world.jobs.customer_nonce(CUSTOMER)) == 0
    assert (pending(stage), money(stage)) == (set(), before)


def test_multicall__a_call_of_no_function__revert_with_no_data_as_the_call_does(
    stage: Stage, meta: MetaScheduler
) -> None:
    nothing = Reverted("the contract refused with no reason")
    calls = [a_request(meta), a_call_of_no_function(meta)]
    stage.refused(CUSTOMER, meta.multicall(calls), nothing)
    stage.refused(CUSTOMER, a_call_of_no_function(meta), nothing)


def test_multicall__a_multicall_among_the_calls__do_its_calls_too(
    stage: Stage, meta: MetaScheduler
) -> None:
    ids = next_ids(stage, 3)
    inner = meta.multicall([a_request(meta)] * 2)
    outcome = stage.must(CUSTOMER, meta.multicall([inner, a_request(meta)]))
    assert pending(stage) == set(ids)
    assert len(decode_multicall(outcome.output)) == 2


def test_multicall__calls_that_succeed__do_them_as_the_caller_in_order(
    stage: Stage, meta: MetaScheduler
) -> None:
    [job_id], before = next_ids(stage, 1), money(stage)
    calls = [
        a_request(meta),
        meta.set_delegate_spending_authority(job_id, is_allowed=True),
        meta.cancel_job(job_id),
        a_request(meta, 2 * LOCK),
    ]
    stage.must(CUSTOMER, meta.multicall(calls))
    job = stage.job(job_id)
    assert (job.customer_addr, job.status) == (CUSTOMER, S.CANCELLED)
    assert job.cost.delegate_spending_authority
    assert money(stage) - before == Money(customer=-2 * LOCK, contract=2 * LOCK, escrow=2 * LOCK)


def test_multicall__calls_that_succeed__return_their_results_in_order(
    stage: Stage, meta: MetaScheduler
) -> None:
    first, second = next_ids(stage, 2)
    calls = [a_request(meta), meta.cancel_job(first), a_request(meta)]
    results = decode_multicall(stage.must(CUSTOMER, meta.multicall(calls)).output)
    assert (job_id_from_bytes(results[0]), results[1]) == (first, b"")
    assert job_id_from_bytes(results[2]) == second


def test_try_multicall__no_calls__return_nothing(stage: Stage, meta: MetaScheduler) -> None:
    outcome = stage.must(CUSTOMER, meta.try_multicall([]))
    assert decode_try_multicall(outcome.output) == ()
    assert outcome.logs == ()


@pytest.mark.parametrize("position", [0, 1, 2])
def test_try_multicall__a_call_that_fails_between_others__do_the_others(
    stage: Stage, meta: MetaScheduler, position: int
) -> None:
    ids = next_ids(stage, 2)
    calls = [a_request(meta)] * 2
    calls.insert(position, a_request(meta, 1))
    outcome = stage.must(CUSTOMER, meta.try_multicall(calls))
    assert pending(stage) == set(ids)
    results = decode_try_multicall(outcome.output)
    assert [is_done for is_done, _ in results] == [i != position for i in range(3)]
    assert [job_id_from_bytes(result) for is_done, result in results if is_done] == ids


def test_try_multicall__a_call_that_fails_between_others__tell_its_index_and_error(
    stage: Stage, meta: MetaScheduler
) -> None:
    calls = [a_request(meta), a_request(meta, 1), a_request(meta)]
    outcome = stage.must(CUSTOMER, meta.try_multicall(calls))
    assert failures(outcome) == [(1, shown(er.InsufficientFunds(1, LOCK)))]


def test_try_multicall__a_call_that_fails_between_others__leave_no_trace_of_it(
    stage: Stage, meta: MetaScheduler
) -> None:
    """The failing request has stored its job and told so when its payment fails."""
    stage.must(CUSTOMER, stage.world.credit.approve(meta.address, 2 * LOCK))
    ids, before = next_ids(stage, 2), money(stage)
    calls = [a_request(meta), a_request(meta, 3 * LOCK), a_request(meta)]
    outcome = stage.must(CUSTOMER, meta.try_multicall(calls))
    error = er.ERC20InsufficientAllowance(meta.address, LOCK, 3 * LOCK)
    assert failures(outcome) == [(1, shown(error))]
    created = [event.job_id for event in outcome.events if isinstance(event, ev.JobCreated)]
    assert created == ids
    assert money(stage) - before == Money(customer=-2 * LOCK, contract=2 * LOCK, escrow=2 * LOCK)


def test_try_multicall__a_call_of_no_function__tell_an_empty_error(
    stage: Stage, meta: MetaScheduler
) -> None:
    calls = [a_call_of_no_function(meta), a_request(meta)]
    outcome = stage.must(CUSTOMER, meta.try_multicall(calls))
    assert decode_try_multicall(outcome.output)[0] == (False, b"")
    assert ev.CallFailed(0, b"") in outcome.events
    assert len(pending(stage)) == 1


def test_try_multicall__only_calls_that_fail__do_nothing_but_tell_them(
    stage: Stage, meta: MetaScheduler
) -> None:
    before = money(stage)
    outcome = stage.must(CUSTOMER, meta.try_multicall([meta.cancel_job(UNKNOWN)] * 2))
    reason = er.InvalidJob.selector
    happened(outcome, ev.CallFailed(0, reason), ev.CallFailed(1, reason))
    assert money(stage) == before


def test_try_multicall__a_multicall_that_fails_among_the_calls__undo_all_of_that_multicall(
    stage: Stage, meta: MetaScheduler
) -> None:
    ids = next_ids(stage, 1)
    whole = meta.multicall([a_request(meta), meta.cancel_job(UNKNOWN)])
    outcome = stage.must(CUSTOMER, meta.try_multicall([whole, a_request(meta)]))
    assert failures(outcome) == [(0, shown(er.InvalidJob()))]
    assert pending(stage) == set(ids)


def test_try_multicall__a_report_that_a_stop_made_impossible__take_the_other_reports(
    stage: Stage, meta: MetaScheduler
) -> None:
    jobs = many_jobs_in(stage, S.SCHEDULED, 3)
    stage.must(CUSTOMER, meta.cancel_job(jobs[1]))
    reports = [stage.report_call(job, S.RUNNING) for job in jobs]
    outcome = stage.must(PROVIDER, meta.try_multicall(reports))
    assert failures(outcome) == [(1, shown(er.JobHotStatusOnly(S.CANCELLED)))]
    assert [stage.job(job).status for job in jobs] == [S.RUNNING, S.CANCELLED, S.RUNNING]


def test_try_multicall__calls_that_succeed__do_them_and_return_their_results(
    stage: Stage, meta: MetaScheduler
) -> None:
    [job_id] = next_ids(stage, 1)
    calls = [a_request(meta), meta.cancel_job(job_id)]
    outcome = stage.must(CUSTOMER, meta.try_multicall(calls))
    [(is_done, result), cancelled] = decode_try_multicall(outcome.output)
    assert (is_done, job_id_from_bytes(result)) == (True, job_id)
    assert cancelled == (True, b"")
    assert settled(outcome) == (0, 0, LOCK)
    assert not has(outcome, ev.CallFailed)
