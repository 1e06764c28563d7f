"""What the supervisor is to do for one job, in the imperative.

Every command may be given again: its effect is looked up before it is made.
"""

from dataclasses import dataclass

from deepsquare.identifiers import Address, BatchLocationHash, JobId
from deepsquare_supervisor.domain.batch import SlurmId
from deepsquare_supervisor.domain.claim import Shape
from deepsquare_supervisor.domain.ending import Ending


@dataclass(frozen=True, slots=True)
class FetchScript:
    """Get the script from the sbatch API and check its hash."""

    job_id: JobId
    script_hash: BatchLocationHash


@dataclass(frozen=True, slots=True)
class SubmitBatch:
    """Hand the script to the batch system, which was seen to hold no batch of the job."""

    job_id: JobId
    script_hash: BatchLocationHash
    customer: Address
    shape: Shape
    limit_minutes: int


@dataclass(frozen=True, slots=True)
class SetTimeLimit:
    """Make the total run time of a batch this many minutes."""

    job_id: JobId
    batch_id: SlurmId
    minutes: int


@dataclass(frozen=True, slots=True)
class CancelBatch:
    """End a batch: by TERM to its shell, or at once (``is_hard``)."""

    job_id: JobId
    batch_id: SlurmId
    is_hard: bool


@dataclass(frozen=True, slots=True)
class ReportRunning:
    """Tell the chain that the job runs."""

    job_id: JobId


@dataclass(frozen=True, slots=True)
class ReportEnd:
    """Tell the chain how the job ended."""

    job_id: JobId
    ending: Ending


@dataclass(frozen=True, slots=True)
class RefuseJob:
    """Hand the job back to the pool; the chain keeps no reason, the site's log does."""

    job_id: JobId
    reason: str


@dataclass(frozen=True, slots=True)
class AttestRunning:
    """Attest on chain that the job has run until now; counts only if nobody reports its end."""

    job_id: JobId


@dataclass(frozen=True, slots=True)
class TakeJobs:
    """Claim assigned jobs, at most ``limit``."""

    limit: int


@dataclass(frozen=True, slots=True)
class TakeStops:
    """Empty the queue of stop requests; what they ask for is read from the jobs themselves."""

    limit: int


@dataclass(frozen=True, slots=True)
class TakeTopUps:
    """Empty the queue of top-ups; what is paid is read from the jobs themselves."""

    limit: int


SiteCommand = FetchScript | SubmitBatch | SetTimeLimit | CancelBatch
"""Done at the provider's site, each at once."""

JobReport = ReportRunning | ReportEnd | RefuseJob | AttestRunning
"""Said of one job on chain."""

QueueCommand = TakeJobs | TakeStops | TakeTopUps
"""Work on this provider's queues on chain."""

ChainCommand = JobReport | QueueCommand
"""Done on chain, many in one transaction, in order."""

Command = SiteCommand | JobReport
"""What may be due for one job."""
