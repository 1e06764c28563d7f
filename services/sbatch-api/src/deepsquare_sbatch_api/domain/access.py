"""Who may read and write what (api.md section 1): pure decisions on what the chain said."""

from dataclasses import dataclass
from datetime import datetime

from deepsquare.identifiers import Address, BatchLocationHash, JobId


@dataclass(frozen=True)
class JobFacts:
    """What the chain says about one job at one block."""

    job_id: JobId
    customer: Address
    provider: Address | None
    batch_location_hash: BatchLocationHash
    is_hot: bool
    is_with_provider: bool
    """META_SCHEDULED, SCHEDULED or RUNNING."""
    ended_at: datetime | None


def may_run_script(caller: Address, *, script: BatchLocationHash, job: JobFacts) -> bool:
    """Tell whether the caller is the provider that holds the job with exactly this script."""
    return job.is_with_provider and job.provider == caller and job.batch_location_hash == script


def may_write_log(caller: Address, *, job: JobFacts) -> bool:
    """Tell whether the caller is the job's provider; the end of a job does not change it."""
    return job.provider == caller


def may_read_log(caller: Address, *, job: JobFacts) -> bool:
    """Tell whether the caller is the job's customer or its provider."""
    return caller in (job.customer, job.provider)
