"""One job of the reference, and the arithmetic of its settlement, from protocol.md alone."""

from dataclasses import dataclass, field

from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain._generated.structs import JobDefinition
from deepsquare.identifiers import ZERO_ADDRESS, Address, JobId

COLD = frozenset({S.CANCELLED, S.FINISHED, S.FAILED, S.OUT_OF_CREDITS, S.PANICKED})

ALLOWED: dict[S, set[S]] = {
    S.PENDING: {S.META_SCHEDULED, S.CANCELLED, S.PANICKED},
    S.META_SCHEDULED: {S.PENDING, S.SCHEDULED, S.CANCELLED, S.PANICKED},
    S.SCHEDULED: {S.PENDING, S.RUNNING, S.CANCELLED, S.FAILED, S.PANICKED},
    S.RUNNING: {S.CANCELLED, S.FINISHED, S.FAILED, S.OUT_OF_CREDITS, S.PANICKED},
}


@dataclass
class Terms:
    """The snapshot of protocol.md 2.4."""

    cost_per_minute: int
    cut: int
    delta: int
    cancellation_fee: int
    slice: int
    claim_timeout: int
    start_timeout: int
    expire_grace: int


@dataclass
class RefJob:
    """A job as protocol.md describes it; times in seconds, amounts in credit-wei."""

    id: JobId
    customer: Address
    definition: JobDefinition
    max_cost: int
    submit: int
    block: int
    name: bytes
    delegated: bool
    status: S = S.PENDING
    provider: Address = ZERO_ADDRESS
    terms: Terms | None = None
    since: int = 0
    start: int = 0
    end: int = 0
    cancel_requested: int = 0
    panicked: int = 0
    checkpoint: int = 0
    pending_top_up: int = 0
    is_top_up_queued: bool = False
    was_reported: bool = False
    final_cost: int = 0
    last_error: str = ""
    exit_code: int = 0
    locked: list[int] = field(default_factory=list)

    @property
    def is_cold(self) -> bool:
        return self.status in COLD

    @property
    def snapshot(self) -> Terms:
        assert self.terms is not None, "only an assigned job has terms"
        return self.terms

    @property
    def paid_minutes(self) -> int:
        return self.max_cost // self.snapshot.cost_per_minute

    @property
    def deadline(self) -> int | None:
        if self.status == S.META_SCHEDULED:
            return self.since + 60 * self.snapshot.claim_timeout
        if self.status == S.SCHEDULED:
            return self.since + 60 * self.snapshot.start_timeout
        if self.status == S.RUNNING:
            grace = self.snapshot.expire_grace
            deadline = self.start + 60 * (self.paid_minutes + grace)
            if self.cancel_requested:
                return min(deadline, self.cancel_requested + 60 * 24 * grace)
            return deadline
        return None

    def horizon(self, now: int) -> int:
        if not self.cancel_requested:
            return now
        return min(now, self.cancel_requested + 60 * self.snapshot.expire_grace)

    def elapsed(self, now: int) -> int:
        return (self.horizon(now) - self.start) // 60

    def proven(self, now: int) -> int:
        if not self.checkpoint:
            return 0
        return (min(self.checkpoint, self.horizon(now)) - self.start) // 60
