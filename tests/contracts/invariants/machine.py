"""Everybody calls anything, in any order, while time passes; each call must do what the reference
does, and leave every invariant standing.

Hypothesis switches some rules off in each run, so that runs differ in kind. Rules about one job
take it through odd histories, with calls just before and after the seconds that matter to it.
"""

from collections.abc import Sequence
from functools import lru_cache

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.contracts.invariants import choices as choose
from tests.contracts.invariants import invariants
from tests.contracts.invariants.acts import Act
from tests.contracts.invariants.choices import CREDIT, Step
from tests.contracts.invariants.deeds import HOT, USUAL_STATUSES, Deed, to_act
from tests.contracts.invariants.moments import moments
from tests.contracts.invariants.play import Play
from tests.contracts.invariants.reference_grid import BOUNDS, CANCELLING, CLAIMABLE, TOP_UP, Offer
from tests.contracts.invariants.reference_jobs import RefJob
from tests.contracts.invariants.revm import read
from tests.contracts.invariants.world import (
    CUSTOMERS,
    DEPLOYER,
    OPERATOR,
    SCHEDULER,
    World,
    new_world,
)

from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain._generated.structs import JobDefinition
from deepsquare.identifiers import Address

MANAGEMENT = (
    *["reprice"] * 4,
    *["register", "approve", "approve this", "approve what waits", "unban", "ban", "remove"],
)
LIFE = (S.PENDING, S.META_SCHEDULED, S.SCHEDULED, S.RUNNING)


@lru_cache
def shared_world() -> World:
    return new_world()


class GridMachine(RuleBasedStateMachine):
    """One run: a fresh grid with approved providers and a few jobs, and whatever comes to pass."""

    powers: tuple[str, ...] = ("open", "withdraw", "gift", "allowance", "permit", "role")
    """What `govern` may do."""

    def __init__(self) -> None:
        super().__init__()
        self.world = self.find_world()
        self._rewound = self.world.chain.rewound()
        self._rewound.__enter__()
        self.play = self.make_play()
        self.is_broken = False

    @staticmethod
    def find_world() -> World:
        return shared_world()

    def make_play(self) -> Play:
        return Play(self.world)

    def teardown(self) -> None:
        try:
            if not self.is_broken:
                self.play.audit()
                self.check_exits()
        finally:
            self._rewound.__exit__(None, None, None)

    def check_exits(self) -> None:
        invariants.check_exits(self.world, self.play.history)

    def do(self, *acts: Act) -> None:
        """Make calls; after a failed one nothing is worth looking at."""
        self.is_broken = True
        for act in acts:
            self.play.do(act)
        self.is_broken = False

    @initialize(
        is_flooding=st.sampled_from([False] * 7 + [True]),
        starts=st.lists(choose.statuses, min_size=4, max_size=4),
        deed=choose.deeds("next"),
    )
    def open_for_business(self, is_flooding: bool, starts: list[S], deed: Deed) -> None:
        self.is_flooding = is_flooding
        cast, of_grid = self.world.cast, self.play.of_grid
        for customer in cast.customers:
            self.do(of_grid.allow(customer, 10**9 * CREDIT))
            if not self.play.reference.balances[customer]:
                self.do(of_grid.give(CUSTOMERS[0], customer, 10**6 * CREDIT))
        for provider in cast.providers[:2]:
            self.reprice(provider, choose.FIRST_OFFER)
        for customer, status in zip(cast.customers, starts, strict=False):
            job = self.ask_for(customer, choose.USUAL_JOB, choose.USUAL_LOCK, delegated=True)
            self.walk_to(job, status, deed)

    @invariant()
    def is_solvent(self) -> None:
        meta, reference = self.world.meta_scheduler, self.play.reference
        assert read(meta.total_escrow()) == reference.escrow, "2"
        assert read(meta.accrued_fees()) == reference.fees, "7"

    # one job

    def do_deed(self, number: int, step: Step) -> None:
        if job := self.play.pick(number, USUAL_STATUSES[step.deed.what]):
            self.take_step(job, step)

    def take_step(self, job: RefJob, step: Step) -> None:
        self.wait_for(job, step)
        self.do(self.to_act(step.deed, job))

    def wait_for(self, job: RefJob, step: Step) -> None:
        if step.moment:
            second = moments(job, self.play.next_second).get(step.moment, 0)
            self.play.wait_until(second + step.offset)

    def to_act(self, deed: Deed, job: RefJob) -> Act:
        return to_act(self.play.of_job, deed, job, now=self.play.next_second)

    @rule(number=choose.job_numbers, story=choose.stories)
    def live(self, number: int, story: Sequence[Step]) -> None:
        """Several things happen to one job."""
        if job := self.play.pick(number, (S.RUNNING,)) or self.play.pick(number, HOT):
            for step in story:
                self.take_step(job, step)

    @rule(number=choose.job_numbers, story=choose.stories)
    def live_on(self, number: int, story: Sequence[Step]) -> None:
        """Such stories are what finds most: they get another rule's share of the calls."""
        self.live(number, story)

    def walk_to(self, job: RefJob | None, status: S, deed: Deed) -> None:
        """Take a job the usual way up to some status, if nothing is against it."""
        way = LIFE[: LIFE.index(status)]
        for _ in way:
            if job and job.status in way:
                self.do(self.to_act(deed, job))

    @rule(number=choose.job_numbers, status=choose.statuses, deed=choose.deeds("next"))
    def walk(self, number: int, status: S, deed: Deed) -> None:
        self.walk_to(self.play.pick(number, LIFE[: LIFE.index(status)]), status, deed)

    def ask_for(
        self, customer: Address, definition: JobDefinition, amount: int, *, delegated: bool
    ) -> RefJob | None:
        reference = self.play.reference
        act = self.play.of_job.request(
            customer, definition, amount, nonce=reference.nonce(customer), flag=delegated
        )
        self.do(act)
        return reference.jobs.get(act.job) if act.job else None

    @rule(
        customer=choose.customers,
        definition=choose.definitions,
        amount=choose.locks,
        delegated=st.booleans(),
        status=choose.statuses,
        deed=choose.deeds("next"),
    )
    def request(
        self,
        customer: Address,
        definition: JobDefinition,
        amount: int,
        delegated: bool,
        status: S,
        deed: Deed,
    ) -> None:
        job = self.ask_for(customer, definition, amount, delegated=delegated)
        self.walk_to(job, status, deed)

    @rule(number=choose.job_numbers, step=choose.steps("cancel"))
    def cancel(self, number: int, step: Step) -> None:
        self.do_deed(number, step)

    @rule(number=choose.job_numbers, step=choose.steps("top up", "top up delegate", "set delegate"))
    def pay_more(self, number: int, step: Step) -> None:
        self.do_deed(number, step)

    @rule(number=choose.job_numbers, step=choose.steps("assign", "next"))
    def assign(self, number: int, step: Step) -> None:
        self.do_deed(number, step)

    @rule(number=choose.job_numbers, step=choose.steps("timeout", "panic", "refuse"))
    def take_away(self, number: int, step: Step) -> None:
        self.do_deed(number, step)

    @rule(number=choose.job_numbers, deed=choose.deeds("expire"), offset=st.sampled_from([0, -1]))
    def expire(self, number: int, deed: Deed, offset: int) -> None:
        self.do_deed(number, Step("deadline", offset, deed))

    @rule(number=choose.job_numbers, step=choose.steps("report"))
    def report(self, number: int, step: Step) -> None:
        self.do_deed(number, step)

    @rule(number=choose.job_numbers, step=choose.steps("checkpoint"))
    def checkpoint(self, number: int, step: Step) -> None:
        self.do_deed(number, step)

    # queues

    def claimant(self, number: int, kind: str) -> Address:
        """Prefer providers whose queue holds something."""
        providers, queues = self.world.cast.providers, self.play.reference.queues
        waiting = [p for p in providers if queues[p, kind]] if number % 5 else []
        among = waiting or providers
        return among[number % len(among)]

    @rule(number=choose.job_numbers, kind=choose.kinds)
    def claim(self, number: int, kind: str) -> None:
        self.do(self.play.of_job.claim(self.claimant(number, kind), kind))

    @rule(
        number=choose.job_numbers,
        kind=choose.kinds,
        most=st.sampled_from([0, 1, 2, 5, 2**256 - 1]),
    )
    def claim_many(self, number: int, kind: str, most: int) -> None:
        self.do(self.play.of_job.claim_many(self.claimant(number, kind), kind, most))

    @precondition(lambda self: self.is_flooding)
    @rule(
        provider=choose.providers,
        size=st.sampled_from([32, 33, 34, 66]),
        living=st.integers(0, 2),
        kind=choose.kinds,
    )
    def flood(self, provider: Address, size: int, living: int, kind: str) -> None:
        """More entries of a queue than one call may skip become stale, before a few that live."""
        self.is_flooding = False
        jobs = self._request_many(CUSTOMERS[1], size + living)
        acts = self.play.of_job
        assigned = [acts.meta_schedule(SCHEDULER, job.id, provider) for job in jobs]
        self.do(acts.batch(SCHEDULER, assigned, is_trying=True))
        if kind != CLAIMABLE:
            self.do(acts.claim_many(provider, CLAIMABLE, 2**256 - 1))
        if kind == TOP_UP:
            paid = [acts.top_up(CUSTOMERS[1], job.id, 50 * CREDIT) for job in jobs]
            self.do(acts.batch(CUSTOMERS[1], paid, is_trying=True))
        ended = [acts.cancel(CUSTOMERS[1], job.id) for job in jobs[:size]]
        if kind == CANCELLING:
            ended = [acts.timeout(SCHEDULER, job.id) for job in jobs]
            again = [acts.meta_schedule(SCHEDULER, job.id, provider) for job in jobs[:size]]
            self.do(acts.batch(SCHEDULER, ended + again, is_trying=True))
        else:
            self.do(acts.batch(CUSTOMERS[1], ended, is_trying=True))

    def _request_many(self, customer: Address, count: int) -> list[RefJob]:
        play = self.play
        nonce = play.reference.nonce(customer)
        requests = [
            play.of_job.request(
                customer, choose.USUAL_JOB, choose.USUAL_LOCK, nonce=nonce + i, flag=False
            )
            for i in range(count)
        ]
        self.do(play.of_job.batch(customer, requests, is_trying=False))
        jobs = play.reference.jobs
        return [jobs[act.job] for act in requests if act.job in jobs]

    # batches

    @rule(
        numbers=st.lists(choose.job_numbers, min_size=1, max_size=4),
        deeds=st.lists(
            choose.deeds("next", "report", "checkpoint", "claim top-up", "refuse"),
            min_size=4,
            max_size=4,
        ),
        provider=choose.providers,
        is_trying=st.booleans(),
    )
    def work_on_several(
        self, numbers: list[int], deeds: list[Deed], provider: Address, is_trying: bool
    ) -> None:
        """A provider does something about several jobs in one transaction."""
        picked = [self.play.pick(number, HOT) for number in numbers]
        acts = [
            act
            for job, deed in zip(picked, deeds, strict=False)
            if job and (act := self.to_act(deed, job)).sender == provider
        ]
        self.do(self.play.of_job.batch(provider, acts, is_trying=is_trying))

    # registrations, the operator and credits

    def reprice(self, provider: Address, offer: Offer) -> None:
        of_grid = self.play.of_grid
        self.do(of_grid.register(provider, offer), of_grid.approve(OPERATOR, provider))

    @rule(
        what=st.sampled_from(MANAGEMENT),
        provider=choose.providers,
        offer=choose.offers,
        who=choose.rarely_somebody,
    )
    def manage(self, what: str, provider: Address, offer: Offer, who: Address | None) -> None:
        of_grid, operator = self.play.of_grid, who or OPERATOR
        match what:
            case "reprice":
                if provider in self.play.reference.banned:
                    self.do(of_grid.set_ban(OPERATOR, provider, flag=False))
                self.reprice(provider, offer)
            case "register":
                self.do(of_grid.register(provider, offer))
            case "approve":
                self.do(of_grid.approve(operator, provider))
            case "approve this":
                self.do(of_grid.approve_proposal(operator, provider, offer.digest))
            case "approve what waits":
                proposal = self.play.reference.waiting.get(provider, offer)
                self.do(of_grid.approve_proposal(operator, provider, proposal.digest))
            case "remove":
                self.do(of_grid.remove(operator, provider))
            case _:
                self.do(of_grid.set_ban(operator, provider, flag=what == "ban"))

    @rule(
        name=st.sampled_from(list(BOUNDS)),
        edge=st.sampled_from([-1, 0, 1, 2, 2, 2, 3]),
        who=choose.rarely_somebody,
    )
    def set_constant(self, name: str, edge: int, who: Address | None) -> None:
        low, high = BOUNDS[name]
        value = (low - 1, low, low + 1, min(high, 12 * low + 20), high + 1)[edge + 1]
        if value >= 0:
            self.do(self.play.of_grid.set_constant(who or DEPLOYER, name, value))

    @rule(
        what=choose.powers,
        account=choose.customers,
        amount=st.one_of(choose.amounts, choose.allowances),
        number=st.integers(-1, 2),
        who=choose.rarely_somebody,
    )
    def govern(
        self, what: str, account: Address, amount: int, number: int, who: Address | None
    ) -> None:
        """What happens rarely: so it gets one rule's share of the calls."""
        of_grid, owner = self.play.of_grid, who or DEPLOYER
        match what:
            case "open":
                self.do(of_grid.set_open(owner, number != 0))
            case "withdraw":
                fees = self.play.reference.fees
                amount = fees // 2 if number == 2 else max(0, fees + number)
                self.do(of_grid.withdraw(owner, amount))
            case "permit":
                self.do(of_grid.permit_too_late(account, amount))
            case "role":
                role = "scheduler" if number > 0 else "operator"
                self.do(of_grid.set_role(owner, role, account, number % 2 == 0))
            case "gift":
                self.do(of_grid.give(account, self.world.meta_scheduler.address, amount))
            case _:
                self.do(of_grid.allow(account, amount))

    # time

    @rule(seconds=st.sampled_from([1, 58, 59, 60, 599, 600, 1800, 3600, 6000, 86_400, 10**6]))
    def pass_time(self, seconds: int) -> None:
        self.play.wait_until(self.play.next_second + seconds)
