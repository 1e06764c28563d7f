"""The records of all open jobs: in memory, and in the journal before anything is done with them."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import structlog

from deepsquare.identifiers import JobId
from deepsquare_supervisor.domain.advance import advance, open_job
from deepsquare_supervisor.domain.claim import ChainJob
from deepsquare_supervisor.domain.job import Job, Phase, Policy
from deepsquare_supervisor.domain.observations import Observation
from deepsquare_supervisor.ports.journal import Intent, Journal

log = structlog.get_logger(__name__)


class Register:
    """Applies observations to records and keeps what changed."""

    def __init__(self, journal: Journal, policy: Policy) -> None:
        self.policy = policy
        self._journal = journal
        self._jobs = {job.job_id: job for job in journal.open_jobs()}
        self._unsaved: dict[JobId, list[str]] = {}

    def __iter__(self) -> Iterator[Job]:
        return iter(tuple(self._jobs.values()))

    def __getitem__(self, job_id: JobId) -> Job:
        return self._jobs[job_id]

    def __contains__(self, job_id: object) -> bool:
        return job_id in self._jobs

    def job_ids(self) -> tuple[JobId, ...]:
        """Return the ids of all open jobs."""
        return tuple(self._jobs)

    def admit(self, chain: ChainJob, *, now: int) -> bool:
        """Open the record of a job this provider holds, or take up an older one of the journal."""
        if chain.job_id in self._jobs:
            return True
        known = self._journal.find_job(chain.job_id)
        if not known and not chain.standing.is_held:
            return False
        self._jobs[chain.job_id] = known or open_job(chain, now=now)
        if not known:
            self._note(self._jobs[chain.job_id], "admitted")
        return True

    def apply(self, job_id: JobId, observations: Iterable[Observation]) -> Job:
        """Take observations into account; call `save` before acting on the result."""
        for observation in observations:
            before = self._jobs[job_id]
            after = advance(before, observation, self.policy).job
            self._jobs[job_id] = after
            if _is_worth_keeping(before, after):
                self._note(after, type(observation).__name__)
            if (before.attempt, before.phase, before.hand_back) != (
                after.attempt,
                after.phase,
                after.hand_back,
            ):
                _tell(after)
        return self._jobs[job_id]

    def save(self) -> None:
        """Bring all changes to disk; closed records leave memory."""
        if self._unsaved:
            changes = [(self._jobs[job_id], names) for job_id, names in self._unsaved.items()]
            self._journal.save_jobs(changes)
            self._unsaved.clear()
        for job in self:
            if job.phase is Phase.CLOSED:
                del self._jobs[job.job_id]

    def begin(self, intent: Intent, observation: Observation | None) -> int:
        """Bring an intent and the change it makes to its record to disk, in one piece."""
        job = self.apply(intent.job_id, [observation] if observation else [])
        number = self._journal.begin(intent, job)
        self._unsaved.pop(job.job_id, None)
        return number

    def _note(self, job: Job, what: str) -> None:
        self._unsaved.setdefault(job.job_id, []).append(what)


def _is_worth_keeping(before: Job, after: Job) -> bool:
    """Tell whether more changed than the time of the last look."""
    same_look = replace(
        after,
        now=before.now,
        chain=replace(
            after.chain, read_block=before.chain.read_block, read_at=before.chain.read_at
        ),
    )
    return same_look != before


def _tell(job: Job) -> None:
    log.info(
        "job advanced",
        job_id=job.job_id,
        attempt=job.attempt,
        phase=job.phase.name,
        standing=job.chain.standing.value,
        batch_id=job.batch.batch_id if job.batch else None,
        hand_back=job.hand_back,
        reason=job.reason or None,
    )
