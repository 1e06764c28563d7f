"""The state of the grid at one block, as far as assigning jobs needs it."""

from dataclasses import dataclass
from functools import cached_property

from deepsquare.chain import Job, JobTerms, Provider
from deepsquare.identifiers import Address
from deepsquare_metascheduler.domain.avoidance import Return


@dataclass(frozen=True, slots=True)
class ActiveJob:
    """A job assigned to a provider, and its terms."""

    job: Job
    terms: JobTerms


@dataclass(frozen=True)
class Snapshot:
    """Everything read at one block."""

    block_number: int
    now_s: int
    """Chain time: the clock of all deadlines."""

    pending: tuple[Job, ...] = ()
    active: tuple[ActiveJob, ...] = ()
    providers: tuple[Provider, ...] = ()
    """Joined providers, banned ones too."""

    returns: tuple[Return, ...] = ()
    """Jobs that went back to PENDING lately."""

    @cached_property
    def active_by_provider(self) -> dict[Address, list[ActiveJob]]:
        """The active jobs of each provider that has any."""
        found: dict[Address, list[ActiveJob]] = {}
        for one in self.active:
            found.setdefault(one.job.provider_addr, []).append(one)
        return found
