"""What an observer of the chain has seen: events by job, and credits that came and went."""

from collections import defaultdict
from dataclasses import dataclass, field

from deepsquare.chain import events as ev
from deepsquare.chain._generated.structs import Job
from deepsquare.chain.events import GridEvent
from deepsquare.identifiers import Address, JobId


@dataclass
class JobHistory:
    """Events of one job, oldest first."""

    customer: Address
    locked: list[int] = field(default_factory=list)
    transitions: list[ev.JobTransitionEvent] = field(default_factory=list)
    assigned: list[ev.JobAssigned] = field(default_factory=list)
    settled: list[ev.JobSettled] = field(default_factory=list)
    cold_record: Job | None = None


@dataclass
class History:
    """All that happened, by job.

    ``surplus`` is what the MetaScheduler holds beyond its books: credits that were sent directly.
    """

    meta_scheduler: Address
    jobs: dict[JobId, JobHistory] = field(default_factory=dict)
    requested_by: dict[Address, list[JobId]] = field(default_factory=lambda: defaultdict(list))
    surplus: int = 0
    fees_settled: int = 0
    fees_withdrawn: int = 0

    def record(self, events: tuple[GridEvent, ...]) -> None:
        for event in events:
            self._record_job(event)
        self._record_credits(events)

    def _record_credits(self, events: tuple[GridEvent, ...]) -> None:
        """Credits that move without a job are gifts to the contract or fees withdrawn from it."""
        moves = [event for event in events if isinstance(event, ev.Transfer)]
        requests = [event for event in events if isinstance(event, ev.NewJobRequestEvent)]
        if requests:
            for request, lock in zip(requests, moves, strict=True):
                self.jobs[request.job_id].locked.append(lock.value)
        elif not any(isinstance(event, ev.JobToppedUp | ev.JobSettled) for event in events):
            for move in moves:
                self.surplus += move.value if move.to == self.meta_scheduler else 0
                self.fees_withdrawn += move.value if move.from_ == self.meta_scheduler else 0

    def _record_job(self, event: GridEvent) -> None:
        match event:
            case ev.NewJobRequestEvent():
                self.jobs[event.job_id] = JobHistory(event.customer_addr)
                self.requested_by[event.customer_addr].append(event.job_id)
            case ev.JobToppedUp():
                self.jobs[event.job_id].locked.append(event.amount)
            case ev.JobTransitionEvent():
                self.jobs[event.job_id].transitions.append(event)
            case ev.JobAssigned():
                self.jobs[event.job_id].assigned.append(event)
            case ev.JobSettled():
                self.jobs[event.job_id].settled.append(event)
                self.fees_settled += event.fee
            case _:
                pass
