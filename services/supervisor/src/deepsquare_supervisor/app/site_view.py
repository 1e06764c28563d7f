"""One look at the batch system and its accounting, as observations of jobs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from deepsquare.identifiers import JobId
from deepsquare_supervisor.domain.advance import is_of_attempt
from deepsquare_supervisor.domain.batch import Batch, BatchState
from deepsquare_supervisor.domain.job import Job, Phase
from deepsquare_supervisor.domain.observations import (
    BatchEnded,
    BatchSeen,
    BatchUnseen,
    LookUpFailed,
    Observation,
)
from deepsquare_supervisor.ports.batch_system import (
    Accounting,
    AccountingUnavailable,
    BatchSystem,
)


@dataclass(frozen=True, slots=True)
class SiteView:
    """Live and ended batches by job; ``accounting_error`` is "" if accounting answered."""

    live: Mapping[JobId, tuple[Batch, ...]]
    ended: Mapping[JobId, tuple[Batch, ...]]
    accounting_error: str = ""

    def observations(self, job: Job) -> list[Observation]:
        """Return what the view says about a job; nothing where it cannot tell."""
        live = self.live.get(job.job_id, ())
        seen: list[Observation] = [BatchSeen(batch) for batch in live]
        if any(job.batch is None or batch.batch_id == job.batch.batch_id for batch in live):
            return seen
        if not _asks_accounting(job):
            return seen
        if self.accounting_error:
            return [*seen, LookUpFailed()]
        ended = [batch for batch in self.ended.get(job.job_id, ()) if is_of_attempt(job, batch)]
        if ended:
            return [*seen, BatchEnded(max(ended, key=_likeness))]
        return seen or [BatchUnseen()]


def _likeness(batch: Batch) -> tuple[bool, int]:
    """Prefer, of several ended batches of an unremembered job, a real run, then the newest."""
    return (batch.state is not BatchState.CANCELLED, batch.batch_id)


def _asks_accounting(job: Job) -> bool:
    return job.phase < Phase.ENDED


async def look_at_site(
    batches: BatchSystem, accounting: Accounting, jobs: Iterable[Job]
) -> SiteView:
    """Ask the queue first, then accounting about the jobs the queue no longer holds.

    In this order a batch that ends between the two questions is in at least one answer.
    """
    live: dict[JobId, list[Batch]] = defaultdict(list)
    for batch in await batches.live():
        live[batch.job_id].append(batch)
    asked = [job.job_id for job in jobs if _asks_accounting(job) and not _is_in(live, job)]
    try:
        answered = await accounting.ended(asked)
        error = ""
    except AccountingUnavailable as unavailable:
        answered, error = (), unavailable.message
    ended: dict[JobId, list[Batch]] = defaultdict(list)
    for batch in answered:
        ended[batch.job_id].append(batch)
    return SiteView(_frozen(live), _frozen(ended), error)


def _is_in(live: Mapping[JobId, list[Batch]], job: Job) -> bool:
    wanted = job.batch.batch_id if job.batch else None
    return any(wanted in (None, batch.batch_id) for batch in live.get(job.job_id, ()))


def _frozen(batches: Mapping[JobId, list[Batch]]) -> dict[JobId, tuple[Batch, ...]]:
    return {
        job_id: tuple(sorted(of_job, key=lambda batch: batch.batch_id))
        for job_id, of_job in batches.items()
    }
