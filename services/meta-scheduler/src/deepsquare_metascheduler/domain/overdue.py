"""Which jobs are past their deadline (protocol.md 3.6)."""

from collections.abc import Iterable, Iterator

from deepsquare.chain import JobStatus
from deepsquare_metascheduler.domain.commands import Command, Expire, TimeOut
from deepsquare_metascheduler.domain.snapshot import ActiveJob


def overdue(active: Iterable[ActiveJob], now_s: int) -> Iterator[Command]:
    """Yield what to do with each job whose deadline has passed."""
    for one in active:
        job, deadline_s = one.job, one.terms.deadline
        if not deadline_s or now_s < deadline_s:
            continue
        if job.status is JobStatus.RUNNING:
            yield Expire(job.job_id, job.provider_addr)
        elif job.status in (JobStatus.META_SCHEDULED, JobStatus.SCHEDULED):
            yield TimeOut(job.job_id, job.provider_addr)
