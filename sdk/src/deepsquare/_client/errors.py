"""Errors of the client, beside those of the workflow, the chain and the sbatch API.

Refused
├── JobNotFound            no job of that id, prefix or name
├── JobAmbiguous           a prefix or name that fits several jobs
├── NotYourJob             the job belongs to another customer
├── JobHasEnded            the job is over; nothing can be changed
├── NotRunning             the job must be claimed or running for this
├── NoProvider             no provider fits; the reasons, per provider
├── CreditsTooLow          less than the grid or the cheapest provider takes
├── InsufficientCredits    the balance is lower than the amount
├── AllowanceTooLow        the allowance is lower than the amount, and no permit is signed
├── InsufficientGas        no native coin to pay the transaction with
├── NoCreditsGiven         neither an amount nor a duration was given
└── JobEndedBadly          how a job ended, raised by `JobResult.check`
    ├── JobFailed          with exit code and the end of its log
    ├── JobCancelled
    ├── OutOfCredits
    └── JobPanicked
Unavailable
└── WaitTimeout            the wait is over, the job goes on
"""

from collections.abc import Mapping, Sequence

from deepsquare.amounts import format_credits
from deepsquare.errors import Refused, Unavailable
from deepsquare.identifiers import Address, JobId


class JobNotFound(Refused):
    """No job has this id, prefix or name."""

    code = "job_not_found"


class JobAmbiguous(Refused):
    """Several jobs fit; ``details["job_ids"]`` lists them."""

    code = "job_ambiguous"

    def __init__(self, reference: str, job_ids: Sequence[JobId]) -> None:
        shown = ", ".join(job_ids[:5])
        super().__init__(
            f'"{reference}" fits {len(job_ids)} jobs: {shown}; give more of the id',
            details={"job_ids": list(job_ids)},
        )


class NotYourJob(Refused):
    """The job belongs to another customer."""

    code = "not_your_job"

    def __init__(self, job_id: JobId, *, customer: Address, caller: Address) -> None:
        super().__init__(
            f"job {job_id} belongs to {customer}, not to {caller}",
            details={"customer": customer, "caller": caller},
        )


class JobHasEnded(Refused):
    """The job is over; its state does not allow this."""

    code = "job_has_ended"


class NotRunning(Refused):
    """The job has not been claimed by a provider yet; its state does not allow this."""

    code = "not_running"


class NoProvider(Refused):
    """No provider fits; ``reasons`` maps each provider to why."""

    code = "no_provider"

    def __init__(self, reasons: Mapping[Address, str]) -> None:
        listed = "; ".join(f"{provider}: {reason}" for provider, reason in reasons.items())
        super().__init__(
            f"no provider fits: {listed or 'the grid has none'}", details={"reasons": dict(reasons)}
        )
        self.reasons = dict(reasons)


class CreditsTooLow(Refused):
    """The amount is below what the grid, or the cheapest provider that fits, takes."""

    code = "credits_too_low"

    def __init__(self, *, given_wei: int, needed_wei: int, why: str) -> None:
        super().__init__(
            f"{format_credits(given_wei)} credits are too low: {why} "
            f"{format_credits(needed_wei)} credits",
            details={"given_wei": str(given_wei), "needed_wei": str(needed_wei)},
        )
        self.given_wei, self.needed_wei = given_wei, needed_wei


class InsufficientCredits(Refused):
    """The balance of the account is lower than the amount."""

    code = "insufficient_credits"

    def __init__(self, *, need_wei: int, have_wei: int) -> None:
        super().__init__(
            f"you have {format_credits(have_wei)} credits and need {format_credits(need_wei)}",
            details={"need_wei": str(need_wei), "have_wei": str(have_wei)},
        )
        self.need_wei, self.have_wei = need_wei, have_wei


class AllowanceTooLow(Refused):
    """The grid's allowance is lower than the amount, and signing a permit was switched off."""

    code = "allowance_too_low"

    def __init__(self, *, need_wei: int, have_wei: int) -> None:
        super().__init__(
            f"the grid may take {format_credits(have_wei)} of your credits and needs "
            f"{format_credits(need_wei)}: run `deepsquare allowance "
            f"{format_credits(need_wei)}`, or leave out --no-permit",
            details={"need_wei": str(need_wei), "have_wei": str(have_wei)},
        )
        self.need_wei, self.have_wei = need_wei, have_wei


class NoCreditsGiven(Refused):
    """Neither an amount of credits nor a duration was given."""

    code = "no_credits_given"

    def __init__(self) -> None:
        super().__init__("say how much to lock: give an amount of credits, or minutes")


class JobEndedBadly(Refused):
    """A job that ended without success; ``tail`` is the end of its log."""

    code = "job_ended_badly"

    def __init__(self, message: str, *, exit_code: int | None = None, tail: str = "") -> None:
        super().__init__(message, details={"exit_code": exit_code, "tail": tail})
        self.exit_code, self.tail = exit_code, tail


class JobFailed(JobEndedBadly):
    """The job failed by its own exit code or by a signal."""

    code = "job_failed"


class JobCancelled(JobEndedBadly):
    """The job was cancelled."""

    code = "job_cancelled"


class OutOfCredits(JobEndedBadly):
    """The time that was paid for is used up."""

    code = "out_of_credits"


class JobPanicked(JobEndedBadly):
    """The grid or the provider lost the job."""

    code = "job_panicked"


class WaitTimeout(Unavailable):
    """The wait is over, the job goes on."""

    code = "wait_timeout"
