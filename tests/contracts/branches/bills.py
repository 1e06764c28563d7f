"""Running jobs at a minute of their time, and what they cost when they end there."""

from dataclasses import replace

from tests.contracts.branches.bound_jobs import LOCK, MINUTE_S, REFUNDED, BoundJobs
from tests.contracts.conformance.stage import CUSTOMER

from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain._generated.structs import Ending
from deepsquare.identifiers import JobId


def bill(final_cost: int, *, locked: int = LOCK, cut: int = 20) -> Ending:
    """The ending of a job of that cost, at which the fee is rounded down."""
    fee = final_cost * cut // 100
    amounts = replace(REFUNDED, provider_amount=final_cost - fee, fee=fee)
    return replace(amounts, refund=locked - final_cost)


def over(ending: Ending) -> Ending:
    """The same, after a report of more than can be."""
    return replace(ending, is_overbilled=True)


def after_minutes(bound: BoundJobs, minutes: int, locked: int = LOCK) -> JobId:
    """A job whose next call comes so many minutes after its start."""
    job_id = bound.a_job_in(S.RUNNING, locked)
    bound.next_call_at(bound.chain.now_s + minutes * MINUTE_S)
    return job_id


def cancelled_at_30(bound: BoundJobs, *, then_at: int, locked: int = 10_000) -> JobId:
    """A running job with a cancel request, and the next call so many minutes after its start."""
    job_id = bound.a_job_in(S.RUNNING, locked)
    started_s = bound.chain.now_s
    bound.next_call_at(started_s + 30 * MINUTE_S)
    bound.must("cancel", job_id, CUSTOMER)
    bound.next_call_at(started_s + then_at * MINUTE_S)
    return job_id
