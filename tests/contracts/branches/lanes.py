"""The three queues of a provider: how each is filled and worked off, and what all have in common.

A stale entry is dropped when it comes to the head, at most 32 in a call (protocol.md 3.4).
"""

from collections.abc import Callable
from dataclasses import dataclass

from tests.contracts.branches.acts import all_at_once, many_jobs_in
from tests.contracts.branches.facts import happened, queues
from tests.contracts.conformance.stage import CREDIT, CUSTOMER, PROVIDER, Stage
from tests.contracts.invariants.revm import Outcome, read

from deepsquare.chain import events as ev
from deepsquare.chain._generated import errors as er
from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain.abi import load_abi
from deepsquare.chain.call import Call
from deepsquare.chain.contracts import MetaScheduler, ProviderJobQueues
from deepsquare.identifiers import JobId

ALL = 2**256 - 1
Fill = Callable[[Stage, int], list[JobId]]
ClaimEvent = ev.ClaimJobEvent | ev.ClaimNextCancellingJobEvent | ev.ClaimNextTopUpJobEvent


@dataclass(frozen=True)
class Lane:
    """One of the queues."""

    name: str
    push_live: Fill
    push_stale: Fill
    claim_one: Callable[[MetaScheduler], Call]
    claim_many: Callable[[MetaScheduler, int], Call]
    has_claim: Callable[[ProviderJobQueues], bool]

    def size(self, stage: Stage) -> int:
        return int(getattr(queues(stage), self.name))


def claimable_stale(stage: Stage, count: int) -> list[JobId]:
    jobs = many_jobs_in(stage, S.META_SCHEDULED, count)
    all_at_once(stage, CUSTOMER, map(stage.world.meta_scheduler.cancel_job, jobs))
    return jobs


def stops_live(stage: Stage, count: int) -> list[JobId]:
    jobs = many_jobs_in(stage, S.SCHEDULED, count)
    all_at_once(stage, CUSTOMER, map(stage.world.meta_scheduler.cancel_job, jobs))
    return jobs


def stops_stale(stage: Stage, count: int) -> list[JobId]:
    jobs = many_jobs_in(stage, S.RUNNING, count)
    all_at_once(stage, CUSTOMER, map(stage.world.meta_scheduler.cancel_job, jobs))
    all_at_once(stage, PROVIDER, (stage.report_call(job, S.CANCELLED) for job in jobs))
    return jobs


def top_ups_live(stage: Stage, count: int) -> list[JobId]:
    meta, jobs = stage.world.meta_scheduler, many_jobs_in(stage, S.SCHEDULED, count)
    all_at_once(stage, CUSTOMER, (meta.top_up_job(job, CREDIT) for job in jobs))
    return jobs


def top_ups_stale(stage: Stage, count: int) -> list[JobId]:
    jobs = top_ups_live(stage, count)
    all_at_once(stage, CUSTOMER, map(stage.world.meta_scheduler.cancel_job, jobs))
    return jobs


CLAIMABLE = Lane(
    "claimable",
    lambda stage, count: many_jobs_in(stage, S.META_SCHEDULED, count),
    claimable_stale,
    lambda meta: meta.claim_next_job(),
    lambda meta, most: meta.claim_next_jobs(most),
    lambda views: read(views.has_next_claimable_job(PROVIDER)),
)
STOPS = Lane(
    "cancelling",
    stops_live,
    stops_stale,
    lambda meta: meta.claim_next_cancelling_job(),
    lambda meta, most: meta.claim_next_cancelling_jobs(most),
    lambda views: read(views.has_cancelling_job(PROVIDER)),
)
TOP_UPS = Lane(
    "top_up",
    top_ups_live,
    top_ups_stale,
    lambda meta: meta.claim_next_top_up_job(),
    lambda meta, most: meta.claim_next_top_up_jobs(most),
    lambda views: read(views.has_top_up_job(PROVIDER)),
)


def taken(outcome: Outcome) -> list[JobId]:
    """The jobs of the claim events, in their order."""
    return [event.job_id for event in outcome.events if isinstance(event, ClaimEvent)]


def take_one(stage: Stage, lane: Lane) -> list[JobId]:
    """Claim once; the view must have promised that it will not revert."""
    assert lane.has_claim(stage.world.queues)
    return taken(stage.must(PROVIDER, lane.claim_one(stage.world.meta_scheduler)))


def take_many(stage: Stage, lane: Lane, most: int) -> list[JobId]:
    """Claim up to so many; the call must return how many it claimed."""
    outcome = stage.must(PROVIDER, lane.claim_many(stage.world.meta_scheduler, most))
    jobs = taken(outcome)
    returned = load_abi("MetaScheduler").function("claimNextJobs", 1).decode(outcome.output)
    assert returned == len(jobs)
    return jobs


def reverts_with_no_job(stage: Stage, lane: Lane) -> None:
    assert not lane.has_claim(stage.world.queues)
    stage.refused(PROVIDER, lane.claim_one(stage.world.meta_scheduler), er.NoJob())


def skips_all(stage: Stage, lane: Lane) -> None:
    """There are entries, and none of them is live."""
    assert lane.size(stage) > 0
    reverts_with_no_job(stage, lane)


def keeps_32_stale_ones(stage: Stage, lane: Lane) -> None:
    lane.push_stale(stage, 32)
    reverts_with_no_job(stage, lane)
    assert lane.size(stage) == 32


def drops_32_of_33_stale_ones(stage: Stage, lane: Lane) -> None:
    lane.push_stale(stage, 33)
    assert lane.has_claim(stage.world.queues)
    happened(stage.must(PROVIDER, lane.claim_one(stage.world.meta_scheduler)))
    assert lane.size(stage) == 1
    reverts_with_no_job(stage, lane)


def takes_a_live_one_behind_32(stage: Stage, lane: Lane) -> None:
    lane.push_stale(stage, 32)
    live = lane.push_live(stage, 1)
    assert take_one(stage, lane) == live
    assert lane.size(stage) == 0


def takes_none_of_nothing(stage: Stage, lane: Lane) -> None:
    assert take_many(stage, lane, 1) == take_many(stage, lane, ALL) == []


def drops_stale_ones_of_many(stage: Stage, lane: Lane) -> None:
    lane.push_stale(stage, 33)
    assert take_many(stage, lane, 5) == []
    assert lane.size(stage) == 1
    assert take_many(stage, lane, 5) == []
    assert lane.size(stage) == 0


def takes_none_when_none_is_asked_for(stage: Stage, lane: Lane) -> None:
    lane.push_stale(stage, 1)
    lane.push_live(stage, 1)
    assert take_many(stage, lane, 0) == []
    assert lane.size(stage) == 2


def takes_the_oldest(stage: Stage, lane: Lane) -> None:
    jobs = lane.push_live(stage, 3)
    assert take_many(stage, lane, 2) == jobs[:2]
    assert take_many(stage, lane, 2) == jobs[2:]


def takes_64_at_most(stage: Stage, lane: Lane) -> None:
    jobs = lane.push_live(stage, 66)
    assert take_many(stage, lane, 65) == jobs[:64]
    assert take_many(stage, lane, ALL) == jobs[64:]


def stops_at_the_33rd_stale_one(stage: Stage, lane: Lane) -> None:
    first = lane.push_live(stage, 1)
    lane.push_stale(stage, 20)
    second = lane.push_live(stage, 1)
    lane.push_stale(stage, 13)
    third = lane.push_live(stage, 1)
    assert take_many(stage, lane, ALL) == first + second
    assert lane.size(stage) == 2
    assert take_many(stage, lane, ALL) == third
