"""What somebody does to a job: chosen first, made a call when the job and the time are known."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from tests.contracts.invariants.acts import Act, JobActs
from tests.contracts.invariants.reference_grid import CANCELLING, CLAIMABLE, TOP_UP
from tests.contracts.invariants.reference_jobs import RefJob
from tests.contracts.invariants.world import SCHEDULER, STRANGER

from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.identifiers import ZERO_ADDRESS, Address

MOST_MINUTES = 2**64 - 1
ANCHORS = ("elapsed", "allowed", "clock", "clock and delta", "paid", "proven", "nothing", "most")
"""What the minutes of a report are near to; the clock does not know of a cancel."""

HOT = (S.PENDING, S.META_SCHEDULED, S.SCHEDULED, S.RUNNING)
USUAL_STATUSES: Mapping[str, tuple[S, ...]] = {
    "next": HOT,
    "cancel": HOT,
    "panic": HOT,
    "set delegate": HOT,
    "top up": (S.SCHEDULED, S.RUNNING),
    "top up delegate": (S.SCHEDULED, S.RUNNING),
    "assign": (S.PENDING,),
    "timeout": (S.META_SCHEDULED, S.SCHEDULED),
    "refuse": (S.META_SCHEDULED, S.SCHEDULED),
    "expire": (S.RUNNING,),
    "report": (S.SCHEDULED, S.RUNNING),
    "checkpoint": (S.RUNNING,),
    "claim to stop": (S.SCHEDULED, S.RUNNING),
    "claim top-up": (S.SCHEDULED, S.RUNNING),
}
"""Where each deed mostly has an effect."""


@dataclass(frozen=True)
class Deed:
    """A deed and all that may be open about it; ``who`` is None for whoever usually does it."""

    what: str
    who: Address | None
    provider: Address
    flag: bool
    amount: int
    text: str
    status: S
    anchor: str
    beyond: int

    def by(self, who: Address) -> "Deed":
        """Return the same deed of somebody in particular."""
        return replace(self, who=who)

    def __repr__(self) -> str:
        """Leave out the default names and shorten the text: a run shows a hundred of these."""
        values = [getattr(self, name) for name in _SHOWN]
        return f"Deed({self.what!r}, {', '.join(map(str, values))}, {self.text[:5]!r})"


_SHOWN = ("who", "provider", "flag", "amount", "status", "anchor", "beyond")


def to_act(acts: JobActs, deed: Deed, job: RefJob, *, now: int) -> Act:
    """Return the call that does the deed to a job in the second ``now``."""
    return _MAKERS[deed.what](acts, deed, job, now)


def _provider(deed: Deed, job: RefJob) -> Address:
    return deed.who or (deed.provider if job.provider == ZERO_ADDRESS else job.provider)


def _next(acts: JobActs, deed: Deed, job: RefJob, now: int) -> Act:
    """The natural next step of its life."""
    if job.status == S.PENDING:
        return acts.meta_schedule(deed.who or SCHEDULER, job.id, deed.provider)
    provider = _provider(deed, job)
    if job.status == S.META_SCHEDULED:
        return acts.claim(provider, CLAIMABLE, job)
    if job.status == S.SCHEDULED:
        return acts.report(provider, job.id, S.RUNNING, 0)
    elapsed = job.elapsed(now) if job.status == S.RUNNING else 0
    return acts.report(provider, job.id, S.FINISHED, elapsed)


def _report(acts: JobActs, deed: Deed, job: RefJob, now: int) -> Act:
    minutes = _anchored(deed.anchor, job, now) + deed.beyond
    within = min(max(0, minutes), MOST_MINUTES)
    return acts.report(_provider(deed, job), job.id, deed.status, within)


def _anchored(anchor: str, job: RefJob, now: int) -> int:
    if job.status != S.RUNNING:
        return 0
    clock, delta = (now - job.start) // 60, job.snapshot.delta
    return {
        "elapsed": job.elapsed(now),
        "allowed": job.elapsed(now) + delta,
        "clock": clock,
        "clock and delta": clock + delta,
        "paid": job.paid_minutes,
        "proven": job.proven(now),
        "nothing": 0,
        "most": MOST_MINUTES,
    }[anchor]


_MAKERS: Mapping[str, Callable[[JobActs, Deed, RefJob, int], Act]] = {
    "next": _next,
    "report": _report,
    "cancel": lambda a, d, job, _: a.cancel(d.who or job.customer, job.id),
    "panic": lambda a, d, job, _: a.panic(d.who or SCHEDULER, job.id, d.text),
    "set delegate": lambda a, d, job, _: a.set_delegate(d.who or job.customer, job.id, d.flag),
    "top up": lambda a, d, job, _: a.top_up(d.who or job.customer, job.id, d.amount),
    "top up delegate": lambda a, d, job, _: a.top_up_delegate(d.who or SCHEDULER, job.id),
    "assign": lambda a, d, job, _: a.meta_schedule(d.who or SCHEDULER, job.id, d.provider),
    "timeout": lambda a, d, job, _: a.timeout(d.who or (SCHEDULER if d.flag else STRANGER), job.id),
    "refuse": lambda a, d, job, _: a.refuse(_provider(d, job), job.id),
    "expire": lambda a, d, job, _: a.expire(d.who or STRANGER, job.id),
    "checkpoint": lambda a, d, job, _: a.checkpoint(_provider(d, job), job.id),
    "claim to stop": lambda a, d, job, _: a.claim(_provider(d, job), CANCELLING, job),
    "claim top-up": lambda a, d, job, _: a.claim(_provider(d, job), TOP_UP, job),
}
