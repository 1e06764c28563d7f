"""Which provider gets which job.

The cheapest provider that fits gets the job. Fitting means: joined and not banned, hardware as the
contract checks it, labels, price within the locked credits, not avoided, and free capacity now. A
job that only lacks free capacity waits: meanwhile another provider may become free.

Jobs are served in turns between customers: whoever has the fewest active jobs is next, then who
waited longest. Small jobs pass a big one that waits, but not for ever: the job that has waited
longest, and for `RESERVE_AFTER_S`, comes first, and its cheapest provider is kept free for it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from deepsquare.amounts import format_credits
from deepsquare.chain import Job, Provider
from deepsquare.identifiers import Address, JobId
from deepsquare.labels import unmet
from deepsquare.pricing import cost_per_minute
from deepsquare_metascheduler.domain.avoidance import Avoidance
from deepsquare_metascheduler.domain.commands import Assign
from deepsquare_metascheduler.domain.hardware import Capacity, capacity_of, demand_of, shortage
from deepsquare_metascheduler.domain.snapshot import Snapshot

RESERVE_AFTER_S = 900
"""How long a job waits for capacity, in seconds, before a provider may be kept free for it."""


@dataclass(slots=True)
class Offer:
    """A provider and what is left of it while a plan is made."""

    provider: Provider
    whole: Capacity
    free: Capacity
    is_reserved: bool = False

    @property
    def load(self) -> float:
        """How full it is, 0 to 1 or above."""
        return (self.whole - self.free).share_of(self.whole)


@dataclass(frozen=True, slots=True)
class Plan:
    """Assignments, and why the other jobs wait: a sentence per provider."""

    assignments: tuple[Assign, ...]
    waiting: dict[JobId, dict[Address, str]]


def plan_assignments(snapshot: Snapshot, avoided: Avoidance) -> Plan:
    """Assign as many PENDING jobs as fit now."""
    maker = _PlanMaker(snapshot, avoided)
    eldest = maker.eldest()
    if eldest:
        maker.place(eldest, is_eldest=True)
    for job in _in_turns(snapshot):
        if job is not eldest:
            maker.place(job)
    return Plan(tuple(maker.assignments), maker.waiting)


@dataclass(slots=True)
class _PlanMaker:
    snapshot: Snapshot
    avoided: Avoidance
    assignments: list[Assign] = field(default_factory=list)
    waiting: dict[JobId, dict[Address, str]] = field(default_factory=dict)
    offers: list[Offer] = field(init=False)

    def __post_init__(self) -> None:
        self.offers = [_offer(p, self.snapshot) for p in self.snapshot.providers]

    def eldest(self) -> Job | None:
        """Return the job that waited longest of those that waited too long and fit somewhere."""
        before_s = self.snapshot.now_s - RESERVE_AFTER_S
        waiting = (job for job in self.snapshot.pending if job.time.submit <= before_s)
        for job in sorted(waiting, key=_age):
            if any(not self._why_never(job, offer) for offer in self.offers):
                return job
        return None

    def place(self, job: Job, *, is_eldest: bool = False) -> None:
        """Assign a job or note why it waits."""
        reasons = {o.provider.addr: self._why_never(job, o) for o in self.offers}
        fitting = [offer for offer in self.offers if not reasons[offer.provider.addr]]
        fitting.sort(key=lambda offer: _preference(job, offer))
        demand = demand_of(job.definition)
        for offer in fitting:
            if offer.free.holds(demand) and not offer.is_reserved:
                offer.free -= demand
                self.assignments.append(Assign(job.job_id, offer.provider.addr))
                return
        if is_eldest:
            fitting[0].is_reserved = True
        busy = {offer.provider.addr: "busy" for offer in fitting}
        self.waiting[job.job_id] = {a: why for a, why in reasons.items() if why} | busy

    def _why_never(self, job: Job, offer: Offer) -> str:
        """Return why a provider cannot get a job whatever its load, or nothing."""
        return next(self._obstacles(job, offer), "")

    def _obstacles(self, job: Job, offer: Offer) -> Iterator[str]:
        provider, definition = offer.provider, job.definition
        if provider.is_banned:
            yield "banned"
        if avoided_s := self._avoided_s(job, provider):
            yield f"avoided for {avoided_s} s more: a job came back from it"
        if lacking := shortage(definition, provider.provider_hardware, offer.whole):
            yield str(lacking)
        if condition := unmet(definition.uses, definition.affinity, provider.labels):
            yield f"label: {condition} is not met"
        cost_wei = cost_per_minute(definition, provider.provider_prices)
        if cost_wei > job.cost.max_cost:
            yield f"price: a minute costs {format_credits(cost_wei)} credits, more than is locked"

    def _avoided_s(self, job: Job, provider: Provider) -> int:
        until_s = self.avoided.until_s(job.job_id, provider.addr)
        return max(0, until_s - self.snapshot.now_s)


def _offer(provider: Provider, snapshot: Snapshot) -> Offer:
    whole = capacity_of(provider.provider_hardware)
    used = Capacity()
    for one in snapshot.active_by_provider.get(provider.addr, ()):
        used += demand_of(one.job.definition)
    return Offer(provider, whole, whole - used)


def _preference(job: Job, offer: Offer) -> tuple[int, float, bytes]:
    """Cheapest first; equal prices share the work: the emptier one, then a lot drawn by job."""
    lot = sha256(f"{job.job_id}{offer.provider.addr}".encode()).digest()
    return cost_per_minute(job.definition, offer.provider.provider_prices), offer.load, lot


def _age(job: Job) -> tuple[int, JobId]:
    return job.time.submit, job.job_id


def _in_turns(snapshot: Snapshot) -> Iterator[Job]:
    """Yield the PENDING jobs, customers taking turns by their number of active jobs."""
    queues: dict[Address, list[Job]] = {}
    for job in sorted(snapshot.pending, key=_age):
        queues.setdefault(job.customer_addr, []).append(job)
    active: dict[Address, int] = dict.fromkeys(queues, 0)
    for one in snapshot.active:
        if one.job.customer_addr in active:
            active[one.job.customer_addr] += 1
    turns = [
        (active[customer] + place, job.time.submit, job.job_id, job)
        for customer, jobs in queues.items()
        for place, job in enumerate(jobs)
    ]
    for _, _, _, job in sorted(turns, key=lambda turn: turn[:3]):
        yield job
