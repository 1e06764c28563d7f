"""A world and its reference, kept side by side call by call."""

from collections import Counter
from typing import Any

from tests.contracts.invariants import invariants
from tests.contracts.invariants.acts import Act, GridActs, JobActs
from tests.contracts.invariants.comparison import check_grid, check_job, shown
from tests.contracts.invariants.history import History
from tests.contracts.invariants.reference_grid import Reference
from tests.contracts.invariants.reference_jobs import RefJob
from tests.contracts.invariants.revm import BLOCK_TIME_S, Outcome
from tests.contracts.invariants.world import DEPLOYER, World

from deepsquare.chain import events as ev
from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain.errors import Reverted
from deepsquare.errors import DeepSquareError
from deepsquare.identifiers import Address

AUDIT_EVERY = 40
"""Calls between two looks at the whole state; a call's own job is looked at after each."""
LAST_SECOND = 2**32 - 10**8
"""No wait goes beyond: the contracts count submit times in 32 bits."""
LONGEST_WAIT_S = 10**8


class Play:
    """What a machine's rules do, and what must hold after each call."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.reference: Reference = world.reference()
        self.history = History(world.meta_scheduler.address)
        self.of_job, self.of_grid = JobActs(world), GridActs(world)
        self.calls = 0

    @property
    def next_second(self) -> int:
        """When the next call is made, if nobody waits."""
        return self.world.chain.now_s + BLOCK_TIME_S

    def wait_until(self, second: int) -> None:
        """Have the next call made then, or at once if that is past."""
        wait = second - self.next_second
        if 0 < wait <= LONGEST_WAIT_S and second < LAST_SECOND:
            self.world.chain.pass_time(wait)

    def pick(self, number: int, usual: tuple[S, ...]) -> RefJob | None:
        """Pick a job of the usual statuses; sometimes any, whatever has become of it."""
        jobs = list(self.reference.jobs.values())
        fit = [job for job in jobs if job.status in usual]
        among = jobs if number % 7 == 0 else fit
        return among[number % len(among)] if among else None

    def do(self, act: Act) -> None:
        """Send a call and require what the reference says of it."""
        outcome = self.world.send(act.sender, act.call)
        expected_error = self.apply(act)
        assert not isinstance(outcome.error, Reverted), f"28: {act.call.label} panicked"
        assert shown(outcome.error) == shown(expected_error), act.call.label
        if expected_error is None:
            self._check_events(act, outcome)
        self.history.record(outcome.events)
        self.check_payments(act, outcome.events)
        if job := act.job and self.reference.jobs.get(act.job):
            check_job(self.world, job)
        self.calls += 1
        if self.calls % AUDIT_EVERY == 0:
            self.audit()

    def apply(self, act: Act) -> DeepSquareError | None:
        """Let the reference do it; returns the error it refuses it with."""
        reference, chain = self.reference, self.world.chain
        reference.now, reference.block, reference.events = chain.now_s, chain.block, []
        try:
            act.apply(reference)
        except DeepSquareError as error:
            return error
        return None

    def audit(self) -> None:
        """Look at everything."""
        invariants.check_all(self.world, self.history)
        check_grid(self.world, self.reference)
        for job in self.reference.jobs.values():
            check_job(self.world, job)

    def _check_events(self, act: Act, outcome: Outcome) -> None:
        unexpected = Counter(outcome.events) - Counter(self.reference.events)
        missing = Counter(self.reference.events) - Counter(outcome.events)
        job = self.reference.jobs.get(act.job) if act.job else None
        said = f"{act.call.label} at {self.reference.now}: {unexpected=}, {missing=}, {job=}"
        assert not unexpected + missing, said

    def check_payments(self, act: Act, events: tuple[Any, ...]) -> None:
        """6, 24: credits go where they are owed, and come from who called or delegated it."""
        meta = self.world.meta_scheduler.address
        owed: Counter[tuple[Address, int]] = Counter()
        payers = {act.sender}
        for event in events:
            if isinstance(event, ev.JobSettled):
                owed[event.provider_addr, event.provider_amount] += 1
                owed[event.customer_addr, event.refund] += 1
            if isinstance(event, ev.JobToppedUp) and self.reference.jobs[event.job_id].delegated:
                payers.add(self.reference.jobs[event.job_id].customer)
        for event in events:
            if not isinstance(event, ev.Transfer):
                continue
            if event.from_ == meta and act.sender != DEPLOYER:
                assert owed[event.to, event.value] > 0, "6: nobody else is paid"
                owed[event.to, event.value] -= 1
            elif event.to == meta:
                assert event.from_ in payers, "24: credits are taken from the caller only"
