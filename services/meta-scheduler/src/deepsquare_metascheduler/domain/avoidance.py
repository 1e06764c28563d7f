"""Whom not to give a job again at once.

A job that comes back from a provider, refused or timed out, is not given to the same provider for a
while; a provider that let a job time out gets no job at all for a while (faults.md G1). Each
further time doubles the while. What came back is read from the chain, so a restart forgets nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from deepsquare.identifiers import Address, JobId


@dataclass(frozen=True, slots=True)
class Return:
    """A job went back to PENDING."""

    job_id: JobId
    provider: Address
    at_s: int
    was_refused: bool
    """Handed back by the provider itself; otherwise it was timed out."""


@dataclass(frozen=True, slots=True)
class AvoidancePolicy:
    """How long, at first and at most."""

    first_s: int
    longest_s: int

    def length_s(self, times: int) -> int:
        """Return the length after so many times."""
        doublings = min(times - 1, 30)
        return min(self.first_s << doublings, self.longest_s)


@dataclass(frozen=True, slots=True)
class Avoidance:
    """Until when, in chain time, to avoid whom."""

    until_by_pair: dict[tuple[JobId, Address], int]
    until_by_provider: dict[Address, int]

    def until_s(self, job_id: JobId, provider: Address) -> int:
        """Return the end of the avoidance, 0 if there is none."""
        return max(
            self.until_by_pair.get((job_id, provider), 0), self.until_by_provider.get(provider, 0)
        )


def avoidance(returns: Iterable[Return], policy: AvoidancePolicy) -> Avoidance:
    """Work out whom to avoid from all recent returns, in any order."""
    by_pair: dict[tuple[JobId, Address], list[int]] = {}
    by_provider: dict[Address, list[int]] = {}
    for one in returns:
        by_pair.setdefault((one.job_id, one.provider), []).append(one.at_s)
        if not one.was_refused:
            by_provider.setdefault(one.provider, []).append(one.at_s)
    return Avoidance(
        {pair: max(times) + policy.length_s(len(times)) for pair, times in by_pair.items()},
        {who: max(times) + policy.length_s(len(times)) for who, times in by_provider.items()},
    )
