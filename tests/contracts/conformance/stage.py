"""A grid in this process and the steps of a job's life, each at an exact second."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeVar

from tests.contracts.invariants.revm import BLOCK_TIME_S, Outcome, read
from tests.contracts.invariants.world import (
    CUSTOMERS,
    DEPLOYER,
    OPERATOR,
    PROVIDERS,
    SCHEDULER,
    World,
    new_world,
)

from deepsquare.chain import events as ev
from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain._generated.enums import StorageType
from deepsquare.chain._generated.structs import (
    Job,
    JobDefinition,
    JobTerms,
    Label,
    ProviderHardware,
    ProviderPrices,
)
from deepsquare.chain.call import Call
from deepsquare.chain.contracts.meta_scheduler import Report
from deepsquare.errors import DeepSquareError
from deepsquare.identifiers import Address, JobId

CREDIT = 10**18
CUSTOMER, PROVIDER = CUSTOMERS[0], PROVIDERS[0]
ONE_CREDIT_A_MINUTE = ProviderPrices(0, CREDIT, 0)
BIG_NODES = ProviderHardware(2, (4, 4), (64, 64), (256_000, 256_000))
DEFINITION = JobDefinition(
    gpus=0,
    mem_per_cpu=1,
    cpus_per_task=1,
    ntasks=1,
    batch_location_hash="47DEQpj8HBSa-_TImW-5JCeuQeRkm5N",
    storage_type=StorageType.ANY,
    uses=(),
    affinity=(),
)
E = TypeVar("E")


@lru_cache
def shared_world() -> World:
    return new_world()


@contextmanager
def a_stage(world: World | None = None) -> Iterator["Stage"]:
    """A fresh grid with a provider at a credit a minute and a customer who allowed everything.

    Whoever forges accounts brings a world of their own, as a forgery is not undone at the end.
    """
    world = world or shared_world()
    with world.chain.rewound():
        stage = Stage(world)
        stage.must(CUSTOMER, world.credit.approve(world.meta_scheduler.address, 2**256 - 1))
        stage.join()
        yield stage


@dataclass
class Stage:
    """Does the usual steps; what a test is about it sends itself."""

    world: World
    started_at: int = 0

    def send(self, sender: Address, call: Call) -> Outcome:
        return self.world.chain.send(sender, call)

    def must(self, sender: Address, call: Call) -> Outcome:
        outcome = self.send(sender, call)
        assert outcome.error is None, f"{call.label}: {outcome.error}"
        return outcome

    def refused(self, sender: Address, call: Call, error: DeepSquareError) -> None:
        """Require that a call reverts with exactly this error and these values."""
        found = self.send(sender, call).error
        assert repr(found) == repr(error), f"{call.label}: {found!r}"

    def join(
        self,
        prices: ProviderPrices = ONE_CREDIT_A_MINUTE,
        hardware: ProviderHardware = BIG_NODES,
        *,
        provider: Address = PROVIDER,
        labels: Sequence[Label] = (),
    ) -> None:
        self.must(provider, self.world.providers.register(hardware, prices, labels))
        self.must(OPERATOR, self.world.providers.approve(provider))

    def set_constant(self, name: str, value: int) -> None:
        self.must(DEPLOYER, self.world.constants.set_value(name, value))

    def request(
        self, locked: int = 1000 * CREDIT, *, may_top_up: bool = False, **changes: Any
    ) -> JobId:
        definition = replace(DEFINITION, **changes)
        call = self.world.meta_scheduler.request_new_job(definition, locked, may_top_up=may_top_up)
        return one(self.must(CUSTOMER, call), ev.NewJobRequestEvent).job_id

    def assign(self, job_id: JobId, provider: Address = PROVIDER) -> None:
        self.must(SCHEDULER, self.world.meta_scheduler.meta_schedule(job_id, provider))

    def claim(self, provider: Address = PROVIDER) -> ev.ClaimJobEvent:
        outcome = self.must(provider, self.world.meta_scheduler.claim_next_job())
        return one(outcome, ev.ClaimJobEvent)

    def report(self, job_id: JobId, status: S, minutes: int = 0) -> Outcome:
        return self.send(PROVIDER, self.report_call(job_id, status, minutes))

    def report_call(self, job_id: JobId, status: S, minutes: int = 0) -> Call:
        return self.world.meta_scheduler.provider_set_job_status(job_id, Report(status, minutes))

    def start(self, job_id: JobId) -> None:
        outcome = self.report(job_id, S.RUNNING)
        assert outcome.error is None, outcome.error
        self.started_at = self.world.chain.now_s

    def a_job_in(self, status: S, locked: int = 1000 * CREDIT, **changes: Any) -> JobId:
        """Bring a new job to a status; a cold one by the provider's report where it can be."""
        job_id = self.request(locked, **changes)
        if status >= S.META_SCHEDULED:
            self.assign(job_id)
        if status >= S.SCHEDULED:
            self.claim()
        if status >= S.RUNNING:
            self.start(job_id)
        if status > S.RUNNING:
            assert self.report(job_id, status).error is None
        return job_id

    def at(self, second: int) -> None:
        """Let the next call be mined at this second after the start, or after the last call."""
        base = self.started_at or self.world.chain.now_s
        wait = base + second - self.world.chain.now_s - BLOCK_TIME_S
        assert wait >= 0, "that second has passed"
        self.world.chain.pass_time(wait)

    def job(self, job_id: JobId) -> Job:
        return read(self.world.jobs.get(job_id))

    def terms(self, job_id: JobId) -> JobTerms:
        return read(self.world.jobs.get_terms(job_id))


def one(outcome: Outcome, kind: type[E]) -> E:
    """The only event of a kind."""
    assert outcome.error is None, outcome.error
    found = [event for event in outcome.events if isinstance(event, kind)]
    assert len(found) == 1, f"{len(found)} {kind.__name__} in {outcome.events}"
    return found[0]


def has(outcome: Outcome, kind: type[object]) -> bool:
    return any(isinstance(event, kind) for event in outcome.events)


def settled(outcome: Outcome) -> tuple[int, int, int]:
    """Provider's share, fee and refund, in credit-wei."""
    event = one(outcome, ev.JobSettled)
    return event.provider_amount, event.fee, event.refund
