"""What the meta-scheduler does to a job."""

from dataclasses import dataclass
from typing import TypeAlias

from deepsquare.identifiers import Address, JobId


@dataclass(frozen=True, slots=True)
class Assign:
    """Give a job to a provider."""

    job_id: JobId
    provider: Address


@dataclass(frozen=True, slots=True)
class TimeOut:
    """Take a job back from a provider that did not claim or start it in time."""

    job_id: JobId
    provider: Address


@dataclass(frozen=True, slots=True)
class Expire:
    """End a RUNNING job that its provider never reported."""

    job_id: JobId
    provider: Address


@dataclass(frozen=True, slots=True)
class TopUp:
    """Lock a further slice for a job whose customer has delegated spending."""

    job_id: JobId
    provider: Address


Command: TypeAlias = Assign | TimeOut | Expire | TopUp
