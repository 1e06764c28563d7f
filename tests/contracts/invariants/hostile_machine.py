"""The same grid over a hostile token (protocol.md 1.5): no call from inside a payment takes effect
twice or too early, no refusal leaves a trace, and every job goes on once the token pays again."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule
from tests.contracts.invariants import choices as choose
from tests.contracts.invariants import invariants
from tests.contracts.invariants.acts import Act
from tests.contracts.invariants.choices import Step
from tests.contracts.invariants.deeds import HOT, USUAL_STATUSES, Deed, to_act
from tests.contracts.invariants.history import History
from tests.contracts.invariants.hostile_reference import Attack, HostileReference, Vice
from tests.contracts.invariants.hostile_world import HostileToken, hostile_world
from tests.contracts.invariants.machine import GridMachine
from tests.contracts.invariants.play import Play
from tests.contracts.invariants.reference_jobs import RefJob
from tests.contracts.invariants.world import DEPLOYER, STRANGER, World

from deepsquare.chain import events as ev
from deepsquare.chain.events import GridEvent
from deepsquare.errors import DeepSquareError

VICES = (Vice.LIES, Vice.REVERTS, Vice.SKIMS)
PAYING = ("cancel", "report", "report", "next", "expire", "panic", "top up", "top up delegate")
INNER = (*PAYING, "cancel", "panic", "assign", "timeout", "refuse", "checkpoint", "claim top-up")


@dataclass(frozen=True)
class Plan:
    """An attack: the call it is made on, the vice, and what the token calls meanwhile."""

    number: int
    step: Step
    vice: Vice
    patience: int
    inner: Sequence[Deed]


attacks = st.builds(
    Plan,
    number=choose.job_numbers,
    step=choose.steps(*PAYING),
    vice=st.sampled_from([*VICES, *[Vice.CALLS_BEFORE, Vice.CALLS_AFTER] * 3]),
    patience=st.sampled_from([0, 0, 0, 1]),
    inner=st.lists(choose.deeds(*INNER), min_size=1, max_size=2),
)


class HostileHistory(History):
    """Events say what jobs owe; what became of the credits only the token's books can say."""

    def __init__(self, reference: HostileReference) -> None:
        super().__init__(reference.meta_scheduler)
        self._reference = reference

    def _record_credits(self, events: tuple[GridEvent, ...]) -> None:
        self.surplus = self._reference.surplus
        for event in events:
            if isinstance(event, ev.NewJobRequestEvent):
                locked = self._reference.jobs[event.job_id].locked[0]
                self.jobs[event.job_id].locked.insert(0, locked)
        self.fees_withdrawn = self.fees_settled - self._reference.fees


class HostilePlay(Play):
    """Attacks, and undoes what the reference did before the token refused to pay."""

    reference: HostileReference

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.token = HostileToken(world.credit.address)
        self.history = HostileHistory(self.reference)

    def apply(self, act: Act) -> DeepSquareError | None:
        if self.reference.attack is None and self.reference.surplus >= 0:
            return super().apply(act)
        before = copy.deepcopy(self.reference.__dict__)
        if error := super().apply(act):
            self.reference.__dict__.update(before)
        return error

    def check_payments(self, act: Act, events: tuple[Any, ...]) -> None:
        """What the token does is its own business; the books are compared all the same."""

    def do_attacked(self, act: Act, vice: Vice, patience: int, inner: Act) -> None:
        """Make a call while the token is hostile, then have the token behave again."""
        self._turn(vice, patience, inner)
        self.reference.attack = Attack(vice, patience, inner.apply)
        self.do(act)
        self._turn(Vice.NONE, 0, inner)
        self.reference.attack = None

    def _turn(self, vice: Vice, patience: int, inner: Act) -> None:
        outcome = self.world.chain.send(STRANGER, self.token.turn(vice, patience, inner.call))
        assert outcome.error is None, outcome.error

    def mend(self) -> None:
        """Give the MetaScheduler what the token has kept from it."""
        missing = -self.reference.surplus
        if missing > 0:
            meta = self.world.meta_scheduler.address
            self.do(self.of_grid.give(DEPLOYER, meta, missing))


class HostileMachine(GridMachine):
    """All that happens in a `GridMachine`, and attacks by the token."""

    play: HostilePlay
    powers = ("open", "withdraw", "gift", "allowance")
    """The token knows no permits, and is to keep its role."""

    @staticmethod
    def find_world() -> World:
        return hostile_world()

    def make_play(self) -> Play:
        return HostilePlay(self.world)

    def check_exits(self) -> None:
        self.play.mend()
        invariants.check_exits(self.world, self.play.history)

    @rule(attacks=st.lists(attacks, min_size=1, max_size=4))
    def attack(self, attacks: Sequence[Plan]) -> None:
        """Jobs are paid, or paid for, while the token is hostile."""
        for plan in attacks:
            job = self.play.pick(plan.number, USUAL_STATUSES[plan.step.deed.what])
            if job and not job.is_cold:
                self.wait_for(job, plan.step)
                act = self.to_act(plan.step.deed, job)
                inner = self.inside(plan.inner, self.target(plan.number, job))
                self.do_attacked(act, plan, inner)

    @rule(attacks=st.lists(attacks, min_size=1, max_size=4))
    def attack_on(self, attacks: Sequence[Plan]) -> None:
        """Attacks are what this machine is for: they get another rule's share of the calls."""
        self.attack(attacks)

    @rule(number=choose.job_numbers, plan=attacks, amount=choose.locks)
    def attack_request(self, number: int, plan: Plan, amount: int) -> None:
        """A job is asked for while the token is hostile."""
        if job := self.play.pick(number, HOT):
            customers, reference = self.world.cast.customers, self.play.reference
            customer = customers[number % len(customers)]
            nonce = reference.nonce(customer)
            act = self.play.of_job.request(
                customer, choose.USUAL_JOB, amount, nonce=nonce, flag=True
            )
            self.do_attacked(act, plan, self.inside(plan.inner, job))

    def target(self, number: int, job: RefJob) -> RefJob:
        """Return what the token calls about: the very job, or another, if it can one of its own."""
        token, jobs = self.play.token.address, self.play.reference.jobs.values()
        others = [j for j in jobs if j is not job and not j.is_cold]
        own = [j for j in others if token in (j.customer, j.provider)]
        among = own or others
        return among[number % len(among)] if among and number % 5 < 3 else job

    def do_attacked(self, act: Act, plan: Plan, inner: Act) -> None:
        self.is_broken = True
        self.play.do_attacked(act, plan.vice, plan.patience, inner)
        self.is_broken = False

    def inside(self, deeds: Sequence[Deed], job: RefJob) -> Act:
        """Return what the token calls: one deed, or several in a batch."""
        token, acts = self.play.token.address, self.play.of_job
        inner = [to_act(acts, deed.by(token), job, now=self.play.next_second + 1) for deed in deeds]
        return inner[0] if len(inner) == 1 else acts.batch(token, inner, is_trying=True)
