"""Which running jobs get a further slice of their customer's credits (protocol.md 3.2).

Only jobs whose customer has delegated spending, and whose paid time is nearly over.
"""

from collections.abc import Iterable, Iterator

from deepsquare.chain import JobStatus
from deepsquare.pricing import elapsed_minutes, paid_minutes
from deepsquare_metascheduler.domain.commands import TopUp
from deepsquare_metascheduler.domain.snapshot import ActiveJob

LEAD_MINUTES = 10
"""How long before the end of the paid time: the provider needs a while to take note of it."""


def slices_due(active: Iterable[ActiveJob], now_s: int) -> Iterator[TopUp]:
    """Yield a top-up for each job that needs one, never earlier than the contract allows."""
    for one in active:
        if _may_be_topped_up(one) and _is_due(one, now_s):
            yield TopUp(one.job.job_id, one.job.provider_addr)


def _may_be_topped_up(one: ActiveJob) -> bool:
    job = one.job
    return (
        job.status is JobStatus.RUNNING
        and job.cost.delegate_spending_authority
        and not job.has_cancel_request
    )


def _is_due(one: ActiveJob, now_s: int) -> bool:
    paid = paid_minutes(one.job.cost.max_cost, one.terms.cost_per_minute)
    remaining = paid - elapsed_minutes(one.job, one.terms, now_s)
    return 0 <= remaining <= min(LEAD_MINUTES, one.terms.top_up_slice_duration_min)
