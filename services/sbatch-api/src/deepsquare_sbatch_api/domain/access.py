"""Who may read and write what (api.md section 1): pure decisions on what the chain said."""

import re
from dataclasses import dataclass
from datetime import datetime

from deepsquare.hashing import HASH_LENGTH
from deepsquare.identifiers import Address, BatchLocationHash, JobId
from deepsquare_sbatch_api.domain.errors import NotFound

_HASH = re.compile(rf"[A-Za-z0-9_-]{{{HASH_LENGTH}}}")


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


def parse_script_hash(text: str) -> BatchLocationHash:
    """Read the hash of a script; what cannot be one raises `NotFound`, as an unknown one does."""
    if not _HASH.fullmatch(text):
        raise NotFound("script")
    return BatchLocationHash(text)


def may_run_script(caller: Address, *, script: BatchLocationHash, job: JobFacts) -> bool:
    """Tell whether the caller is the provider that holds the job with exactly this script."""
    return job.is_with_provider and job.provider == caller and job.batch_location_hash == script


def may_write_log(caller: Address, *, job: JobFacts) -> bool:
    """Tell whether the caller is the job's provider; the end of a job does not change it."""
    return job.provider == caller


def may_read_log(caller: Address, *, job: JobFacts) -> bool:
    """Tell whether the caller is the job's customer or its provider."""
    return caller in (job.customer, job.provider)
