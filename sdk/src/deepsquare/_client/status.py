"""A job as its customer sees it: what stage it is in, since when, why, and until when.

Pure functions of what was read from the chain at one block; chain time is the only clock.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from deepsquare._client.exit_status import ExitStatus, parse_wait_status
from deepsquare.chain import BlockRef, Job, JobStatus, JobTerms
from deepsquare.chain.contracts.meta_scheduler import job_name_from_bytes
from deepsquare.chain.statuses import HOT
from deepsquare.identifiers import ZERO_ADDRESS, Address, JobId

_EPOCH = datetime.fromtimestamp(0, UTC)

_FROM_RUNNING = frozenset(
    {JobStatus.RUNNING, JobStatus.FINISHED, JobStatus.FAILED, JobStatus.OUT_OF_CREDITS}
)
"""Statuses that jobs come to from RUNNING; FAILED also from SCHEDULED, which is rare."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What a job is waiting for or doing, and since when.

    ``jobs_ahead`` counts the jobs that wait for an assignment too, at most; ``deadline`` is when
    anybody may end this stage. ``observed_at`` is chain time: how old the answer is.
    """

    status: JobStatus
    why: str
    since: datetime | None
    deadline: datetime | None
    observed_at: datetime
    observed_block: int
    jobs_ahead: int | None = None


@dataclass(frozen=True, slots=True)
class JobState:
    """All the chain says about a job at one block."""

    job: Job
    terms: JobTerms
    block: BlockRef

    @property
    def id(self) -> JobId:
        """The job's id."""
        return self.job.job_id

    @property
    def name(self) -> str:
        """The name its customer gave it."""
        return job_name_from_bytes(self.job.job_name)

    @property
    def status(self) -> JobStatus:
        """The status on chain."""
        return self.job.status

    @property
    def is_over(self) -> bool:
        """Whether the job has ended and will never change."""
        return self.job.status not in HOT

    @property
    def has_run(self) -> bool:
        """Whether the batch was ever started; the start of one that was not is its end."""
        times, status = self.job.time, self.job.status
        return status in _FROM_RUNNING or (self.is_over and times.start < times.end)

    @property
    def customer(self) -> Address:
        """Who pays."""
        return self.job.customer_addr

    @property
    def provider(self) -> Address | None:
        """Who runs it; None while nobody does."""
        return None if self.job.provider_addr == ZERO_ADDRESS else self.job.provider_addr

    @property
    def exit_status(self) -> ExitStatus | None:
        """How the batch script ended; None if it did not run to an end, or nobody knows how."""
        is_known = self.job.status is JobStatus.FINISHED or (
            self.job.status is JobStatus.FAILED and self.job.exit_code != 0
        )
        return parse_wait_status(self.job.exit_code) if is_known else None

    @property
    def observed_at(self) -> datetime:
        """Chain time of the block that was read."""
        return moment(self.block.timestamp) or _EPOCH

    @property
    def submitted_at(self) -> datetime | None:
        """When it was requested."""
        return moment(self.job.time.submit)

    @property
    def started_at(self) -> datetime | None:
        """When it began to run; equal to the end if it never did."""
        return moment(self.job.time.start)

    @property
    def ended_at(self) -> datetime | None:
        """When it ended."""
        return moment(self.job.time.end)

    @property
    def cost_per_minute_wei(self) -> int | None:
        """The frozen price; None while nobody has the job, and after its end."""
        return self.terms.cost_per_minute or None

    @property
    def paid_until(self) -> datetime | None:
        """When the credits that are locked run out; None unless it runs."""
        if self.job.status is not JobStatus.RUNNING or not self.terms.cost_per_minute:
            return None
        minutes = self.job.cost.max_cost // self.terms.cost_per_minute
        return later(self.job.time.start, minutes=minutes)


def moment(unix_s: int) -> datetime | None:
    """Return chain time as a date in UTC; None for 0 and for what no calendar holds."""
    try:
        return datetime.fromtimestamp(unix_s, UTC) if unix_s else None
    except (OverflowError, ValueError, OSError):
        return None


def later(unix_s: int, *, minutes: int) -> datetime | None:
    """Return a moment some minutes after chain time; None for what no calendar holds."""
    start = moment(unix_s)
    try:
        return start + timedelta(minutes=minutes) if start else None
    except OverflowError:
        return None


def stage_of(state: JobState, *, pending_jobs: int | None = None) -> Stage:
    """Explain a job; ``pending_jobs`` is how many wait for an assignment, this one included."""
    ahead = max(0, pending_jobs - 1) if pending_jobs is not None else None
    return Stage(
        status=state.status,
        why=_why(state),
        since=_since(state),
        deadline=moment(state.terms.deadline),
        observed_at=state.observed_at,
        observed_block=state.block.number,
        jobs_ahead=ahead if state.status is JobStatus.PENDING else None,
    )


def _why(state: JobState) -> str:
    if state.is_over:
        return _end_reason(state)
    if state.job.has_cancel_request:
        return "the cancellation was sent; the provider is stopping the batch"
    return {
        JobStatus.PENDING: "waiting for the meta-scheduler to find a provider",
        JobStatus.META_SCHEDULED: f"assigned to {state.provider}, which has to claim it",
        JobStatus.SCHEDULED: f"claimed by {state.provider}, in its batch queue",
        JobStatus.RUNNING: f"running at {state.provider}",
    }[state.status]


def _end_reason(state: JobState) -> str:
    error = state.job.last_error
    told = f": {error}" if error else ""
    if state.status is JobStatus.FINISHED:
        return "finished"
    if state.status is JobStatus.FAILED:
        exited = state.exit_status.shown if state.exit_status else ""
        return f"failed{f' with {exited}' if exited else ''}{told if error != exited else ''}"
    return {
        JobStatus.CANCELLED: "cancelled",
        JobStatus.OUT_OF_CREDITS: "stopped when the time that was paid for was used up",
        JobStatus.PANICKED: "lost by the grid or the provider",
    }[state.status] + told


def _since(state: JobState) -> datetime | None:
    """Return when the stage began; for the two without a record it follows from the deadline."""
    times, terms = state.job.time, state.terms
    if state.is_over:
        return moment(times.end)
    if state.status is JobStatus.RUNNING:
        return moment(times.start)
    if state.status is JobStatus.META_SCHEDULED and terms.deadline:
        return moment(terms.deadline - 60 * terms.claim_job_timeout)
    if state.status is JobStatus.SCHEDULED and terms.deadline:
        return moment(terms.deadline - 60 * terms.start_job_timeout)
    return moment(times.submit)
