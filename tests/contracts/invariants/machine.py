"""Everybody calls anything, in any order, while time passes; each call must do what the reference
does, and leave every invariant standing."""

import copy
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache
from typing import Any

from eth_abi import encode
from eth_utils import keccak
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.contracts.invariants import invariants
from tests.contracts.invariants.history import History
from tests.contracts.invariants.reference_grid import (
    BOUNDS,
    CANCELLING,
    CLAIMABLE,
    TOP_UP,
    Offer,
    Reference,
)
from tests.contracts.invariants.reference_jobs import RefJob
from tests.contracts.invariants.revm import read
from tests.contracts.invariants.world import (
    CHAIN_ID,
    CUSTOMERS,
    DEPLOYER,
    EVERYBODY,
    OPERATOR,
    PROVIDERS,
    SCHEDULER,
    STRANGER,
    World,
    new_world,
)

from deepsquare.chain import events as ev
from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain._generated.enums import StorageType
from deepsquare.chain._generated.structs import JobDefinition, ProviderHardware, ProviderPrices
from deepsquare.chain.call import Call
from deepsquare.chain.contracts.meta_scheduler import Report
from deepsquare.chain.errors import Reverted
from deepsquare.errors import DeepSquareError
from deepsquare.identifiers import ZERO_ADDRESS, Address, JobId

CREDIT = 10**18
AUDIT_EVERY = 25
"""Calls between two looks at the whole state; a call's own job is looked at after each."""

rarely_somebody = st.sampled_from([None] * 12 + list(EVERYBODY))
"""Who calls: mostly whoever may (None), sometimes anybody."""
job_numbers = st.integers(0, 30)
kinds = st.sampled_from([CLAIMABLE, CANCELLING, TOP_UP])
amounts = st.sampled_from([0, 1, CREDIT // 2, 9 * CREDIT, 10 * CREDIT, 25 * CREDIT + 7])
allowances = st.sampled_from([0, 150 * CREDIT, 10**9 * CREDIT, 2**256 - 1, 2**256 - 1])
locks = st.sampled_from([100 * CREDIT, 100 * CREDIT + 1, 333 * CREDIT + 5, 1000 * CREDIT])
definitions = st.builds(
    JobDefinition,
    gpus=st.sampled_from([0, 0, 0, 2, 9]),
    mem_per_cpu=st.sampled_from([1, 1000, 1000, 10**6]),
    cpus_per_task=st.sampled_from([1, 1, 4, 65]),
    ntasks=st.sampled_from([1, 1, 2, 0]),
    batch_location_hash=st.sampled_from(["a" * 31, "b" * 40]),
    storage_type=st.just(StorageType.ANY),
    uses=st.just(()),
    affinity=st.just(()),
)
offers = st.builds(
    Offer,
    hardware=st.sampled_from(
        [
            ProviderHardware(2, (4, 0), (64, 16), (256_000, 64_000)),
            ProviderHardware(1, (0,), (8,), (16_000,)),
        ]
    ),
    prices=st.builds(
        ProviderPrices,
        gpu_price_per_min=st.sampled_from([0, 8 * CREDIT]),
        cpu_price_per_min=st.sampled_from([CREDIT + 1, 95 * CREDIT // 100, 7]),
        mem_price_per_min=st.sampled_from([0, 8 * 10**13]),
    ),
)
USUAL_JOB = JobDefinition(
    gpus=0,
    mem_per_cpu=1,
    cpus_per_task=1,
    ntasks=1,
    batch_location_hash="c" * 31,
    storage_type=StorageType.ANY,
    uses=(),
    affinity=(),
)
FIRST_OFFER = Offer(
    ProviderHardware(2, (4, 0), (64, 16), (256_000, 64_000)), ProviderPrices(CREDIT, CREDIT + 3, 0)
)


@dataclass
class Act:
    """One call and what the reference makes of it."""

    sender: Address
    call: Call
    apply: Callable[[Reference], object]
    job: JobId | None = None


@lru_cache
def shared_world() -> World:
    return new_world()


class GridMachine(RuleBasedStateMachine):
    """One run: a fresh grid with two approved providers, and whatever comes to pass."""

    def __init__(self) -> None:
        super().__init__()
        self.world = shared_world()
        self._rewound = self.world.chain.rewound()
        self._rewound.__enter__()
        self.reference = self.world.reference()
        self.history = History(self.world.meta_scheduler.address)
        self.calls = 0
        self.has_failed = False

    def teardown(self) -> None:
        try:
            if not self.has_failed:
                invariants.check_all(self.world, self.history)
                invariants.check_exits(self.world, self.history)
        finally:
            self._rewound.__exit__(None, None, None)

    @initialize()
    def open_for_business(self) -> None:
        for customer in (*CUSTOMERS, STRANGER):
            self.allow(customer, 10**9 * CREDIT)
        for provider in PROVIDERS[:2]:
            self.register(provider, FIRST_OFFER)
            self.approve_provider(provider, None)
        for customer in CUSTOMERS:
            self.request(customer, USUAL_JOB, 333 * CREDIT + 5, delegated=True)

    # doing a call

    def do(self, act: Act) -> None:
        """Send a call and require what the reference says of it."""
        self.has_failed = True
        self._do(act)
        self.has_failed = False

    def _do(self, act: Act) -> None:
        outcome = self.world.chain.send(act.sender, act.call)
        reference = self.reference
        reference.now, reference.block, reference.events = (
            self.world.chain.now_s,
            self.world.chain.block,
            [],
        )
        expected_error: DeepSquareError | None = None
        try:
            act.apply(reference)
        except DeepSquareError as error:
            expected_error = error
        assert not _is_panic(outcome.error), f"28: {act.call.label} panicked"
        assert _shown(outcome.error) == _shown(expected_error), act.call.label
        if expected_error is None:
            unexpected = Counter(outcome.events) - Counter(reference.events)
            missing = Counter(reference.events) - Counter(outcome.events)
            job = self.reference.jobs.get(act.job) if act.job else None
            said = f"{act.call.label} at {reference.now}: {unexpected=}, {missing=}, {job=}"
            assert not unexpected + missing, said
        self.history.record(outcome.events)
        self._check_payments(act, outcome.events)
        if act.job:
            self._compare(act.job)
        self._audit_sometimes()

    def _audit_sometimes(self) -> None:
        self.calls += 1
        if self.calls % AUDIT_EVERY == 0:
            invariants.check_all(self.world, self.history)
            for job_id in self.reference.jobs:
                self._compare(job_id)

    def _check_payments(self, act: Act, events: tuple[Any, ...]) -> None:
        meta = self.world.meta_scheduler.address
        owed: Counter[tuple[Address, int]] = Counter()
        for event in events:
            if isinstance(event, ev.JobSettled):
                owed[event.provider_addr, event.provider_amount] += 1
                owed[event.customer_addr, event.refund] += 1
        for event in events:
            if not isinstance(event, ev.Transfer):
                continue
            if event.from_ == meta and act.sender != DEPLOYER:
                assert owed[event.to, event.value] > 0, "6: nobody else is paid"
                owed[event.to, event.value] -= 1
            elif event.to == meta and "elegate" not in act.call.label:
                assert event.from_ == act.sender, "24: only the payer's own call takes credits"

    def _compare(self, job_id: JobId) -> None:
        expected = self.reference.jobs.get(job_id)
        if expected is None:
            return
        job = read(self.world.jobs.get(job_id))
        assert _facts_of_chain(job) == _facts_of_reference(expected), job_id
        terms = read(self.world.jobs.get_terms(job_id))
        assert terms.deadline == (expected.deadline or 0), "the deadline"
        assert terms.last_checkpoint == expected.checkpoint or expected.is_cold

    def pick(self, number: int) -> RefJob | None:
        """Prefer hot jobs, as little can be done to cold ones."""
        hot = [job for job in self.reference.jobs.values() if not job.is_cold]
        among = list(self.reference.jobs.values()) if number % 7 == 0 else hot
        return among[number % len(among)] if among else None

    @invariant()
    def is_solvent(self) -> None:
        meta = self.world.meta_scheduler
        assert read(meta.total_escrow()) == self.reference.escrow, "2"
        assert read(meta.accrued_fees()) == self.reference.fees, "7"

    # customers

    @rule(
        customer=st.sampled_from([*CUSTOMERS, STRANGER, PROVIDERS[2]]),
        definition=definitions,
        amount=locks,
        delegated=st.booleans(),
    )
    def request(
        self, customer: Address, definition: JobDefinition, amount: int, delegated: bool
    ) -> None:
        nonce = len(self.history.requested_by[customer])
        job_id = _expected_id(self.world.jobs.address, customer, nonce)
        call = self.world.meta_scheduler.request_new_job(
            definition, amount, name="n", may_top_up=delegated
        )
        name = b"n".ljust(32, b"\0")
        self.do(
            Act(
                customer,
                call,
                lambda r: r.request(customer, job_id, definition, amount, name, delegated),
                job_id,
            )
        )

    @rule(number=job_numbers, who=rarely_somebody)
    def cancel(self, number: int, who: Address | None) -> None:
        if job := self.pick(number):
            sender = who or job.customer
            call = self.world.meta_scheduler.cancel_job(job.id)
            self.do(Act(sender, call, lambda r: r.cancel(sender, job.id), job.id))

    @rule(number=job_numbers, who=rarely_somebody, amount=amounts)
    def top_up(self, number: int, who: Address | None, amount: int) -> None:
        if job := self.pick(number):
            sender = who or job.customer
            call = self.world.meta_scheduler.top_up_job(job.id, amount)
            self.do(Act(sender, call, lambda r: r.top_up(sender, job.id, amount), job.id))

    @rule(number=job_numbers, who=rarely_somebody)
    def top_up_delegate(self, number: int, who: Address | None) -> None:
        if job := self.pick(number):
            sender = who or SCHEDULER
            call = self.world.meta_scheduler.top_up_job_delegate(job.id)
            self.do(Act(sender, call, lambda r: r.top_up_delegate(sender, job.id), job.id))

    @rule(number=job_numbers, who=rarely_somebody, flag=st.booleans())
    def set_delegate(self, number: int, who: Address | None, flag: bool) -> None:
        if job := self.pick(number):
            sender = who or job.customer
            call = self.world.meta_scheduler.set_delegate_spending_authority(
                job.id, is_allowed=flag
            )
            self.do(Act(sender, call, lambda r: r.set_delegate(sender, job.id, flag), job.id))

    # meta-schedulers and keepers

    @rule(number=job_numbers, provider=st.sampled_from(PROVIDERS), who=rarely_somebody)
    def meta_schedule(self, number: int, provider: Address, who: Address | None) -> None:
        if job := self.pick(number):
            sender = who or SCHEDULER
            call = self.world.meta_scheduler.meta_schedule(job.id, provider)
            self.do(Act(sender, call, lambda r: r.meta_schedule(sender, job.id, provider), job.id))

    @rule(number=job_numbers, who=st.sampled_from([SCHEDULER, STRANGER, *PROVIDERS]))
    def timeout(self, number: int, who: Address) -> None:
        if job := self.pick(number):
            call = self.world.meta_scheduler.timeout_job(job.id)
            self.do(Act(who, call, lambda r: r.timeout(who, job.id), job.id))

    @rule(number=job_numbers, who=rarely_somebody, text=st.sampled_from(["", "why", "é" * 200]))
    def panic(self, number: int, who: Address | None, text: str) -> None:
        if job := self.pick(number):
            sender = who or SCHEDULER
            call = self.world.meta_scheduler.panic_job(job.id, text)
            self.do(Act(sender, call, lambda r: r.panic(sender, job.id, text), job.id))

    @rule(number=job_numbers, who=st.sampled_from([STRANGER, *PROVIDERS]))
    def expire(self, number: int, who: Address) -> None:
        if job := self.pick(number):
            call = self.world.meta_scheduler.expire_job(job.id)
            self.do(Act(who, call, lambda r: r.expire(who, job.id), job.id))

    # providers

    @rule(provider=st.sampled_from([*PROVIDERS, STRANGER]), kind=kinds)
    def claim(self, provider: Address, kind: str) -> None:
        meta = self.world.meta_scheduler
        call = {
            CLAIMABLE: meta.claim_next_job,
            CANCELLING: meta.claim_next_cancelling_job,
            TOP_UP: meta.claim_next_top_up_job,
        }[kind]()
        self.do(Act(provider, call, lambda r: r.claim(provider, kind)))

    @rule(
        provider=st.sampled_from(PROVIDERS),
        kind=kinds,
        most=st.sampled_from([0, 1, 2, 5, 2**256 - 1]),
    )
    def claim_many(self, provider: Address, kind: str, most: int) -> None:
        meta = self.world.meta_scheduler
        call = {
            CLAIMABLE: meta.claim_next_jobs,
            CANCELLING: meta.claim_next_cancelling_jobs,
            TOP_UP: meta.claim_next_top_up_jobs,
        }[kind](most)
        self.do(Act(provider, call, lambda r: r.claim_many(provider, kind, most)))

    @rule(numbers=st.lists(job_numbers, min_size=1, max_size=4))
    def go_on_with(self, numbers: list[int]) -> None:
        for number in numbers:
            self.go_on(number)

    def go_on(self, number: int) -> None:
        """Take the natural next step of a job."""
        job = self.pick(number)
        if job is None or job.is_cold:
            return
        if job.status == S.PENDING:
            self.meta_schedule(number, PROVIDERS[number % 2], None)
        elif job.status == S.META_SCHEDULED:
            self.claim(job.provider, CLAIMABLE)
        elif job.status == S.SCHEDULED:
            self._report(job, job.provider, S.RUNNING, 0)
        else:
            self._report(job, job.provider, S.FINISHED, job.elapsed(self.world.chain.now_s + 1))

    @rule(
        number=job_numbers,
        who=rarely_somebody,
        status=st.sampled_from(list(S)),
        beyond=st.sampled_from([-(10**9), -3, -1, 0, 1, 15, 16, 10**9]),
    )
    def report(self, number: int, who: Address | None, status: S, beyond: int) -> None:
        if job := self.pick(number):
            now = self.world.chain.now_s + 1
            elapsed = job.elapsed(now) if job.status == S.RUNNING else 0
            sender = who or (job.provider if job.provider != ZERO_ADDRESS else PROVIDERS[0])
            self._report(job, sender, status, max(0, elapsed + beyond))

    def _report(self, job: RefJob, sender: Address, status: S, minutes: int) -> None:
        text, code = ("failed: é" * 40 if status == S.FAILED else ""), int(status) - 5
        call = self.world.meta_scheduler.provider_set_job_status(
            job.id, Report(status, minutes, text, code)
        )
        self.do(
            Act(
                sender,
                call,
                lambda r: r.report(sender, job.id, status, minutes, text, code),
                job.id,
            )
        )

    @rule(number=job_numbers, who=rarely_somebody)
    def refuse(self, number: int, who: Address | None) -> None:
        job = self.pick(number)
        if job and (who or job.provider != ZERO_ADDRESS):
            sender = who or job.provider
            call = self.world.meta_scheduler.refuse_job(job.id)
            self.do(Act(sender, call, lambda r: r.refuse(sender, job.id), job.id))

    @rule(number=job_numbers, who=rarely_somebody)
    def checkpoint(self, number: int, who: Address | None) -> None:
        job = self.pick(number)
        if job and (who or job.provider != ZERO_ADDRESS):
            sender = who or job.provider
            call = self.world.meta_scheduler.checkpoint_job(job.id)
            self.do(Act(sender, call, lambda r: r.checkpoint(sender, job.id), job.id))

    # registrations and the operator

    def register(self, provider: Address, offer: Offer) -> None:
        call = self.world.providers.register(offer.hardware, offer.prices, ())
        self.do(Act(provider, call, lambda r: r.register(provider, offer)))

    def approve_provider(self, provider: Address, who: Address | None) -> None:
        sender = who or OPERATOR
        call = self.world.providers.approve(provider)
        self.do(Act(sender, call, lambda r: r.approve(sender, provider)))

    def remove_provider(self, provider: Address, who: Address | None) -> None:
        sender = who or OPERATOR
        call = self.world.providers.remove(provider)
        self.do(Act(sender, call, lambda r: r.remove(sender, provider)))

    def set_ban(self, provider: Address, who: Address | None, flag: bool) -> None:
        sender = who or OPERATOR
        manager = self.world.providers
        call = manager.ban(provider) if flag else manager.unban(provider)
        self.do(Act(sender, call, lambda r: r.set_ban(sender, provider, flag)))

    def set_constant(self, name: str, edge: int, who: Address | None) -> None:
        low, high = BOUNDS[name]
        value = (low - 1, low, low + 1, min(high, 12 * low + 20), high + 1)[edge + 1]
        if not 0 <= value < 2**64 or (name.startswith("minimum") and value > high):
            return
        sender = who or DEPLOYER
        call = self.world.constants.set_value(name, value)
        self.do(Act(sender, call, lambda r: r.set_constant(sender, name, value)))

    def set_open(self, flag: bool, who: Address | None) -> None:
        sender = who or DEPLOYER
        call = self.world.meta_scheduler.set_enable_request_new_job(is_enabled=flag)
        self.do(Act(sender, call, lambda r: r.set_open(sender, flag)))

    def withdraw(self, extra: int, who: Address | None) -> None:
        sender, amount = who or DEPLOYER, max(0, self.reference.fees + extra)
        call = self.world.meta_scheduler.withdraw_admin(amount)
        self.do(Act(sender, call, lambda r: r.withdraw(sender, amount)))

    @rule(
        what=st.sampled_from(["constant", "constant", "open", "withdraw", "gift", "allowance"]),
        data=st.data(),
        who=rarely_somebody,
    )
    def govern(self, what: str, data: st.DataObject, who: Address | None) -> None:
        """What happens rarely: so it gets one rule's share of the calls."""
        account = data.draw(st.sampled_from([*CUSTOMERS, STRANGER]))
        match what:
            case "constant":
                self.set_constant(
                    data.draw(st.sampled_from(list(BOUNDS))), data.draw(st.integers(-1, 3)), who
                )
            case "open":
                self.set_open(data.draw(st.sampled_from([True, True, True, False])), who)
            case "withdraw":
                self.withdraw(data.draw(st.sampled_from([-1, 0, 1])), who)
            case "gift":
                self.give(account, data.draw(amounts))
            case _:
                self.allow(account, data.draw(allowances))

    @rule(
        what=st.sampled_from(["register", "approve", "approve", "unban", "unban", "ban", "remove"]),
        provider=st.sampled_from(PROVIDERS),
        offer=offers,
        who=rarely_somebody,
    )
    def manage(self, what: str, provider: Address, offer: Offer, who: Address | None) -> None:
        match what:
            case "register":
                self.register(provider, offer)
            case "approve":
                self.approve_provider(provider, who)
            case "remove":
                self.remove_provider(provider, who)
            case _:
                self.set_ban(provider, who, what == "ban")

    # credits

    def allow(self, account: Address, amount: int) -> None:
        call = self.world.credit.approve(self.world.meta_scheduler.address, amount)
        self.do(Act(account, call, lambda r: r.approve_credits(account, amount)))

    def give(self, account: Address, amount: int) -> None:
        meta = self.world.meta_scheduler.address
        self.do(
            Act(
                account,
                self.world.credit.transfer(meta, amount),
                lambda r: r.transfer(account, meta, amount),
            )
        )

    # batches

    @rule(numbers=st.lists(job_numbers, min_size=1, max_size=4), is_trying=st.booleans())
    def batch_reports(self, numbers: list[int], is_trying: bool) -> None:
        """A provider starts, checkpoints and ends several jobs in one transaction."""
        provider, meta = PROVIDERS[0], self.world.meta_scheduler
        acts = [act for n in numbers for act in self._provider_acts(n)]
        if not acts:
            return
        calls = [act.call for act in acts]
        call = meta.try_multicall(calls) if is_trying else meta.multicall(calls)
        self.do(Act(provider, call, lambda r: _apply_batch(r, acts, is_trying=is_trying)))

    def _provider_acts(self, number: int) -> list[Act]:
        job = self.pick(number)
        if job is None:
            return []
        provider, meta = PROVIDERS[0], self.world.meta_scheduler
        status = S.RUNNING if number % 2 else S.FINISHED
        return [
            Act(
                provider,
                meta.provider_set_job_status(job.id, Report(status, 1, "", 0)),
                lambda r: r.report(provider, job.id, status, 1, "", 0),
            ),
            Act(
                provider,
                meta.checkpoint_job(job.id),
                lambda r: r.checkpoint(provider, job.id),
            ),
        ][: 1 + number % 3]

    # time

    @rule(seconds=st.sampled_from([1, 58, 59, 60, 599, 600, 1800, 3600, 6000, 86_400, 10**6]))
    def pass_time(self, seconds: int) -> None:
        self.world.chain.pass_time(seconds)

    @rule(number=job_numbers, offset=st.sampled_from([-2, -1, 0]))
    def pass_to_deadline(self, number: int, offset: int) -> None:
        """Stop so that the next call comes just before, at, or after a job's deadline."""
        job = self.pick(number)
        if job and job.deadline and job.deadline + offset > self.world.chain.now_s:
            self.world.chain.pass_time(job.deadline + offset - self.world.chain.now_s)


def _apply_batch(reference: Reference, acts: list[Act], *, is_trying: bool) -> None:
    start = copy.deepcopy(reference)
    for index, act in enumerate(acts):
        before = copy.deepcopy(reference)
        try:
            act.apply(reference)
        except DeepSquareError as error:
            reference.__dict__.update((before if is_trying else start).__dict__)
            if not is_trying:
                raise
            reference.events.append(ev.CallFailed(index, _revert_data(error)))


def _revert_data(error: DeepSquareError) -> bytes:
    signature: str = error.signature  # type: ignore[attr-defined]
    types = signature.partition("(")[2].removesuffix(")")
    values = [getattr(error, f.name) for f in fields(error)]  # type: ignore[arg-type]
    return keccak(text=signature)[:4] + encode(types.split(",") if types else [], values)


def _expected_id(repository: Address, customer: Address, nonce: int) -> JobId:
    words = encode(
        ["uint256", "address", "address", "uint256"], [CHAIN_ID, repository, customer, nonce]
    )
    return JobId(f"0x{int.from_bytes(keccak(words)) >> 128:064x}")


def _is_panic(error: DeepSquareError | None) -> bool:
    return isinstance(error, Reverted)


def _shown(error: DeepSquareError | None) -> str:
    if error is None:
        return "success"
    if not is_dataclass(error):
        return repr(error)
    return f"{type(error).__name__}({[getattr(error, f.name) for f in fields(error)]})"


def _facts_of_chain(job: Any) -> dict[str, object]:
    return {
        "status": job.status,
        "customer": job.customer_addr,
        "provider": job.provider_addr,
        "definition": job.definition,
        "max_cost": job.cost.max_cost,
        "final_cost": job.cost.final_cost,
        "pending_top_up": job.cost.pending_top_up,
        "delegated": job.cost.delegate_spending_authority,
        "submit": job.time.submit,
        "start": job.time.start,
        "end": job.time.end,
        "cancel": job.time.cancel_request_timestamp,
        "block": job.time.block_number_state_change,
        "panicked": job.time.panic_timestamp,
        "name": job.job_name,
        "last_error": job.last_error,
        "exit_code": job.exit_code,
    }


def _facts_of_reference(job: RefJob) -> dict[str, object]:
    return {
        "status": job.status,
        "customer": job.customer,
        "provider": job.provider,
        "definition": job.definition,
        "max_cost": job.max_cost,
        "final_cost": job.final_cost,
        "pending_top_up": job.pending_top_up,
        "delegated": job.delegated,
        "submit": job.submit,
        "start": job.start,
        "end": job.end,
        "cancel": job.cancel_requested,
        "block": job.block,
        "panicked": job.panicked,
        "name": job.name,
        "last_error": job.last_error,
        "exit_code": job.exit_code,
    }
