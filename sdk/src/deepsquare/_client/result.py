"""How a job ended."""

from dataclasses import dataclass

from deepsquare._client.billing import JobBill
from deepsquare._client.errors import (
    JobCancelled,
    JobEndedBadly,
    JobFailed,
    JobPanicked,
    OutOfCredits,
)
from deepsquare._client.exit_status import ExitStatus
from deepsquare._client.status import JobState, stage_of
from deepsquare.chain import JobStatus


@dataclass(frozen=True, slots=True)
class JobResult:
    """How a job ended."""

    state: JobState
    bill: JobBill
    tail: str
    """The end of the log, if the job ended badly and the log could be read."""

    @property
    def status(self) -> JobStatus:
        """The final status."""
        return self.state.status

    @property
    def exit_status(self) -> ExitStatus | None:
        """How the batch script ended, None if it did not run to an end."""
        return self.state.exit_status

    @property
    def exit_code(self) -> int | None:
        """The exit code, 128 + n for signal n, None if the script did not run to an end."""
        return self.exit_status.code if self.exit_status else None

    def check(self) -> None:
        """Return if the job finished; raise how it ended otherwise.

        Raises `JobFailed`, `JobCancelled`, `OutOfCredits` or `JobPanicked`.
        """
        if self.status is JobStatus.FINISHED:
            return
        kind = _ENDINGS[self.status]
        why = stage_of(self.state).why
        raise kind(f"job {self.state.id} {why}", exit_code=self.exit_code, tail=self.tail)


_ENDINGS: dict[JobStatus, type[JobEndedBadly]] = {
    JobStatus.FAILED: JobFailed,
    JobStatus.CANCELLED: JobCancelled,
    JobStatus.OUT_OF_CREDITS: OutOfCredits,
    JobStatus.PANICKED: JobPanicked,
}
