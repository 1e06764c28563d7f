"""The grid as protocol.md describes it, in plain Python: what each call must do, or refuse.

It shares no formula with the SDK and no layout with the contracts, so that a mistake would have to
be made twice. Events are collected without order (protocol.md 2.8).
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak
from tests.contracts.invariants.reference_jobs import ALLOWED, COLD, RefJob, Terms

from deepsquare.chain import events as ev
from deepsquare.chain._generated import errors as er
from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain._generated.structs import (
    JobDefinition,
    Label,
    ProviderHardware,
    ProviderPrices,
)
from deepsquare.identifiers import ZERO_ADDRESS, Address, JobId

MAX_SKIP, MAX_CLAIMS, MAX_AMOUNT = 32, 64, 2**96 - 1
CLAIMABLE, CANCELLING, TOP_UP = "claimable", "cancelling", "top-up"

DEFAULT_CONSTANTS = {
    "minimumAmount": 100 * 10**18,
    "minimumTopUp": 10 * 10**18,
    "deepsquareCut": 20,
    "billDurationDeltaMinute": 15,
    "cancellationFeeMinute": 5,
    "topUpSliceDurationMin": 30,
    "claimJobTimeout": 10,
    "startJobTimeout": 1440,
    "expireGraceMinute": 60,
}
BOUNDS = {
    "minimumAmount": (1, MAX_AMOUNT),
    "minimumTopUp": (1, MAX_AMOUNT),
    "deepsquareCut": (0, 100),
    "billDurationDeltaMinute": (0, 1440),
    "cancellationFeeMinute": (0, 60),
    "topUpSliceDurationMin": (1, 1440),
    "claimJobTimeout": (1, 10_080),
    "startJobTimeout": (0, 43_200),
    "expireGraceMinute": (15, 10_080),
}


@dataclass
class Offer:
    """A registration."""

    hardware: ProviderHardware
    prices: ProviderPrices
    labels: tuple[Label, ...] = ()

    @property
    def digest(self) -> bytes:
        """What an operator confirms (protocol.md 3.7)."""
        hardware, prices = self.hardware, self.prices
        return keccak(
            encode(
                [
                    "(uint64,uint64[],uint64[],uint64[])",
                    "(uint256,uint256,uint256)",
                    "(string,string)[]",
                ],
                [
                    (
                        hardware.nodes,
                        hardware.gpus_per_node,
                        hardware.cpus_per_node,
                        hardware.mem_per_node,
                    ),
                    (
                        prices.gpu_price_per_min,
                        prices.cpu_price_per_min,
                        prices.mem_price_per_min,
                    ),
                    [(label.key, label.value) for label in self.labels],
                ],
            )
        )


@dataclass
class Reference:
    """The whole state. Methods are named like the functions; the caller comes first."""

    meta_scheduler: Address
    roles: dict[str, bytes]
    holders: dict[str, set[Address]]
    now: int = 0
    block: int = 0
    is_open: bool = True
    constants: dict[str, int] = field(default_factory=lambda: dict(DEFAULT_CONSTANTS))
    balances: dict[Address, int] = field(default_factory=lambda: defaultdict(int))
    allowances: dict[Address, int] = field(default_factory=lambda: defaultdict(int))
    jobs: dict[JobId, RefJob] = field(default_factory=dict)
    queues: dict[tuple[Address, str], list[JobId]] = field(
        default_factory=lambda: defaultdict(list)
    )
    started: dict[Address, int] = field(default_factory=lambda: defaultdict(int))
    joined: dict[Address, Offer] = field(default_factory=dict)
    waiting: dict[Address, Offer] = field(default_factory=dict)
    banned: set[Address] = field(default_factory=set)
    escrow: int = 0
    fees: int = 0
    events: list[Any] = field(default_factory=list)

    def nonce(self, customer: Address) -> int:
        """Return how many jobs a customer has requested."""
        return sum(job.customer == customer for job in self.jobs.values())

    def is_scheduler(self, account: Address) -> bool:
        """Tell whether an account holds the meta-schedulers' role."""
        return account in self.holders["scheduler"]

    # customers

    def request(
        self,
        sender: Address,
        job_id: JobId,
        definition: JobDefinition,
        amount: int,
        name: bytes,
        delegated: bool,
    ) -> None:
        minimum = self.constants["minimumAmount"]
        if not self.is_open:
            raise er.NewJobRequestDisabled
        if amount < minimum:
            raise er.InsufficientFunds(amount, minimum)
        if 0 in (definition.ntasks, definition.cpus_per_task, definition.mem_per_cpu):
            raise er.InvalidJobDefinition
        if not definition.batch_location_hash:
            raise er.InvalidJobDefinition
        self._check_amount(amount, amount)
        self._check_payment(sender, amount)
        job = RefJob(job_id, sender, definition, amount, self.now, self.block, name, delegated)
        job.since, job.locked = self.now, [amount]
        self.jobs[job_id] = job
        self.events += [ev.JobCreated(job_id), ev.NewJobRequestEvent(job_id, sender)]
        self._lock(sender, amount)

    def cancel(self, sender: Address, job_id: JobId) -> None:
        job = self._customers(sender, job_id)
        if job.is_cold:
            raise er.JobHotStatusOnly(job.status)
        if job.cancel_requested:
            return
        job.cancel_requested = self.now
        if job.status == S.RUNNING:
            job.delegated = False
            self._stop(job)
            return
        cost = self._cancellation_cost(job)
        if job.status == S.SCHEDULED:
            self._stop(job)
        self._settle(job, S.CANCELLED, provider_amount=cost, fee=0)

    def _cancellation_cost(self, job: RefJob) -> int:
        deadline = job.deadline
        if job.status != S.SCHEDULED or (deadline is not None and self.now >= deadline):
            return 0
        minutes = min(job.snapshot.cancellation_fee, job.paid_minutes)
        return minutes * job.snapshot.cost_per_minute

    def top_up(self, sender: Address, job_id: JobId, amount: int) -> None:
        job = self._known(job_id)
        if job.status not in (S.SCHEDULED, S.RUNNING):
            raise er.RunningScheduledStatusOnly(job.status)
        if amount == 0:
            raise er.InsufficientFunds(0, 1)
        minimum = self.constants["minimumTopUp"]
        if sender != job.customer and amount < minimum:
            raise er.InsufficientFunds(amount, minimum)
        self._top_up(job, sender, amount)

    def top_up_delegate(self, sender: Address, job_id: JobId) -> None:
        job = self._known(job_id)
        if sender not in (job.customer, job.provider) and not self.is_scheduler(sender):
            raise er.CustomerMetaSchedulerProviderOnly
        if not job.delegated:
            raise er.NoSpendingAuthority
        if job.status not in (S.SCHEDULED, S.RUNNING):
            raise er.RunningScheduledStatusOnly(job.status)
        elapsed = (self.now - job.start) // 60 if job.status == S.RUNNING else 0
        if elapsed > job.paid_minutes:
            raise er.PaidTimeExceeded(elapsed, job.paid_minutes)
        if job.paid_minutes - elapsed > job.snapshot.slice:
            raise er.RemainingTimeAboveLimit(job.paid_minutes - elapsed, job.snapshot.slice)
        self._top_up(job, job.customer, job.snapshot.slice * job.snapshot.cost_per_minute)

    def _top_up(self, job: RefJob, payer: Address, amount: int) -> None:
        self._check_amount(job.max_cost + amount, amount)
        self._check_payment(payer, amount)
        job.max_cost += amount
        job.pending_top_up += amount
        job.locked.append(amount)
        if not job.is_top_up_queued and job.pending_top_up >= job.snapshot.cost_per_minute:
            job.is_top_up_queued = True
            self.queues[job.provider, TOP_UP].append(job.id)
        self.events.append(ev.JobToppedUp(job.id, job.provider, payer, amount))
        self._lock(payer, amount)

    def set_delegate(self, sender: Address, job_id: JobId, flag: bool) -> None:
        job = self._customers(sender, job_id)
        if job.is_cold:
            raise er.JobHotStatusOnly(job.status)
        job.delegated = flag

    # meta-schedulers

    def meta_schedule(self, sender: Address, job_id: JobId, provider: Address) -> None:
        self._check_scheduler(sender)
        if provider not in self.joined or provider in self.banned:
            raise er.ProviderNotJoined
        job = self._known(job_id)
        self._check_transition(job, S.META_SCHEDULED)
        offer = self.joined[provider]
        cost = self._quote(job.definition, offer)
        if job.max_cost < cost:
            raise er.LockedCreditsTooLow(job.max_cost, cost)
        job.terms = self._snapshot(cost)
        job.provider = provider
        self._transition(job, S.META_SCHEDULED)
        self.queues[provider, CLAIMABLE].append(job_id)
        self.events.append(ev.JobAssigned(job_id, provider, job.customer, cost))

    @staticmethod
    def _quote(wanted: JobDefinition, offer: Offer) -> int:
        hardware, prices = offer.hardware, offer.prices
        cpus = wanted.ntasks * wanted.cpus_per_task
        demands = (
            (cpus, sum(hardware.cpus_per_node)),
            (cpus * wanted.mem_per_cpu, sum(hardware.mem_per_node)),
            (wanted.gpus, sum(hardware.gpus_per_node)),
        )
        for resource, (required, available) in enumerate(demands):
            if required > available:
                raise er.InsufficientHardware(resource, required, available)
        memory = wanted.cpus_per_task * wanted.mem_per_cpu
        nodes = zip(hardware.cpus_per_node, hardware.mem_per_node, strict=True)
        if not any(c >= wanted.cpus_per_task and m >= memory for c, m in nodes):
            raise er.InsufficientHardware(3, wanted.cpus_per_task, 0)
        per_cpu = prices.cpu_price_per_min + wanted.mem_per_cpu * prices.mem_price_per_min
        return cpus * per_cpu + wanted.gpus * prices.gpu_price_per_min

    def _snapshot(self, cost: int) -> Terms:
        values = self.constants
        return Terms(
            cost_per_minute=cost,
            cut=values["deepsquareCut"],
            delta=values["billDurationDeltaMinute"],
            cancellation_fee=values["cancellationFeeMinute"],
            slice=values["topUpSliceDurationMin"],
            claim_timeout=values["claimJobTimeout"],
            start_timeout=values["startJobTimeout"] or values["claimJobTimeout"],
            expire_grace=values["expireGraceMinute"],
        )

    def timeout(self, sender: Address, job_id: JobId) -> None:
        job = self._known(job_id)
        self._check_transition(job, S.PENDING)
        deadline = job.deadline
        assert deadline is not None, "an assigned job has a deadline"
        if not self.is_scheduler(sender) and self.now < deadline:
            raise er.DeadlineNotReached(self.now, deadline)
        if job.status == S.SCHEDULED:
            self._stop(job)
        self._unassign(job)

    def panic(self, sender: Address, job_id: JobId, last_error: str) -> None:
        self._check_scheduler(sender)
        job = self._known(job_id)
        self._check_transition(job, S.PANICKED)
        self._set_error(job, last_error)
        if job.status == S.SCHEDULED or (job.status == S.RUNNING and not job.cancel_requested):
            self._stop(job)
        self._settle(job, S.PANICKED, provider_amount=0, fee=0)

    # providers

    def claim(self, sender: Address, kind: str) -> None:
        self._check_member(sender, kind)
        queue = self.queues[sender, kind]
        stale = self._stale_prefix(sender, kind)
        if stale == len(queue) and stale <= MAX_SKIP:
            raise er.NoJob
        del queue[: min(stale, MAX_SKIP)]
        if stale <= MAX_SKIP:
            self._take(sender, kind)

    def claim_many(self, sender: Address, kind: str, most: int) -> int:
        self._check_member(sender, kind)
        queue, skips, claimed = self.queues[sender, kind], MAX_SKIP, 0
        while queue and claimed < min(most, MAX_CLAIMS):
            if self._is_live(sender, kind, self.jobs[queue[0]]):
                self._take(sender, kind)
                claimed += 1
            elif skips:
                del queue[0]
                skips -= 1
            else:
                break
        return claimed

    def has_claim(self, provider: Address, kind: str) -> bool:
        stale = self._stale_prefix(provider, kind)
        return stale > MAX_SKIP or stale < len(self.queues[provider, kind])

    def _stale_prefix(self, provider: Address, kind: str) -> int:
        queue = self.queues[provider, kind]
        live = (i for i, id_ in enumerate(queue) if self._is_live(provider, kind, self.jobs[id_]))
        return next(live, len(queue))

    def _take(self, sender: Address, kind: str) -> None:
        job = self.jobs[self.queues[sender, kind].pop(0)]
        if kind == CLAIMABLE:
            self._transition(job, S.SCHEDULED)
            minutes = min(job.paid_minutes, 2**64 - 1)
            event: Any = ev.ClaimJobEvent(job.customer, sender, job.id, minutes, job.definition)
        elif kind == CANCELLING:
            event = ev.ClaimNextCancellingJobEvent(job.customer, sender, job.id)
        else:
            minutes = job.pending_top_up // job.snapshot.cost_per_minute
            job.pending_top_up -= minutes * job.snapshot.cost_per_minute
            job.is_top_up_queued = False
            event = ev.ClaimNextTopUpJobEvent(job.id, sender, minutes)
        self.events.append(event)

    @staticmethod
    def _is_live(provider: Address, kind: str, job: RefJob) -> bool:
        is_own = job.provider == provider
        if kind == CLAIMABLE:
            return is_own and job.status == S.META_SCHEDULED
        if kind == TOP_UP:
            return is_own and job.status in (S.SCHEDULED, S.RUNNING) and job.is_top_up_queued
        is_kept = (
            job.status in (S.META_SCHEDULED, S.SCHEDULED)
            or (job.status == S.RUNNING and not job.cancel_requested)
            or (job.is_cold and job.was_reported)
        )
        return not (is_own and is_kept)

    def refuse(self, sender: Address, job_id: JobId) -> None:
        job = self._providers(sender, job_id)
        if job.status not in (S.META_SCHEDULED, S.SCHEDULED):
            raise er.MetaScheduledScheduledStatusOnly(job.status)
        self._unassign(job)

    def report(
        self, sender: Address, job_id: JobId, status: S, minutes: int, last_error: str, code: int
    ) -> None:
        job = self._providers(sender, job_id)
        if status != S.RUNNING and status not in COLD:
            raise er.RunningColdStatusOnly(status)
        self._check_transition(job, status)
        self._set_error(job, last_error)
        job.exit_code = code
        if status == S.RUNNING:
            self._transition(job, S.RUNNING)
            self.started[sender] += 1
            return
        job.was_reported = True
        if job.status == S.RUNNING:
            self._settle_minutes(job, status, self._billed(job, minutes))
        else:
            self._settle(job, status, provider_amount=0, fee=0)

    def _billed(self, job: RefJob, reported: int) -> int:
        elapsed = job.elapsed(self.now)
        if reported > elapsed + job.snapshot.delta:
            self.events.append(ev.BilledTooMuchEvent(job.id, job.provider, reported))
            return elapsed
        return reported or 1

    def checkpoint(self, sender: Address, job_id: JobId) -> None:
        job = self._providers(sender, job_id)
        if job.status != S.RUNNING:
            raise er.RunningStatusOnly(job.status)
        job.checkpoint = self.now

    def expire(self, sender: Address, job_id: JobId) -> None:
        del sender  # anyone may
        job = self._known(job_id)
        if job.status != S.RUNNING:
            raise er.RunningStatusOnly(job.status)
        deadline = job.deadline
        assert deadline is not None, "a running job has a deadline"
        if self.now < deadline:
            raise er.DeadlineNotReached(self.now, deadline)
        job.last_error = "expired"
        if not job.cancel_requested:
            self._stop(job)
        self._settle_minutes(job, S.PANICKED, job.proven(self.now))

    # providers' registrations

    def register(self, sender: Address, offer: Offer) -> None:
        if sender in self.banned:
            raise er.Banned
        if self.joined.get(sender) == offer:
            self.waiting.pop(sender, None)
            return
        self.waiting[sender] = offer
        self.events.append(ev.ProviderWaitingForApproval(sender))

    def approve(self, sender: Address, provider: Address) -> None:
        self._check_approvable(sender, provider)
        self._admit(provider)

    def approve_proposal(self, sender: Address, provider: Address, digest: bytes) -> None:
        self._check_approvable(sender, provider)
        actual = self.waiting[provider].digest
        if digest != actual:
            raise er.ProposalChanged(digest, actual)
        self._admit(provider)

    def _check_approvable(self, sender: Address, provider: Address) -> None:
        self._check_role(sender, "operator")
        if provider not in self.waiting:
            raise er.WaitingApprovalOnly
        if provider in self.banned:
            raise er.Banned

    def _admit(self, provider: Address) -> None:
        self.joined[provider] = self.waiting.pop(provider)
        self.events.append(ev.ProviderApproved(provider))

    def remove(self, sender: Address, provider: Address) -> None:
        self._check_role(sender, "operator")
        if provider not in self.joined and provider not in self.waiting:
            raise er.NoProvider
        self.joined.pop(provider, None)
        self.waiting.pop(provider, None)
        self.events.append(ev.ProviderRemoved(provider))

    def set_ban(self, sender: Address, provider: Address, flag: bool) -> None:
        self._check_role(sender, "operator")
        if (provider in self.banned) == flag:
            raise er.AlreadyDone
        (self.banned.add if flag else self.banned.discard)(provider)
        self.events.append(ev.ProviderBanChanged(provider, flag))

    # the operator

    def set_role(self, sender: Address, role: str, account: Address, flag: bool) -> None:
        self._check_role(sender, "admin")
        holders = self.holders[role]
        (holders.add if flag else holders.discard)(account)

    def set_open(self, sender: Address, flag: bool) -> None:
        self._check_role(sender, "admin")
        self.is_open = flag

    def withdraw(self, sender: Address, amount: int) -> None:
        self._check_role(sender, "admin")
        if amount > self.fees:
            raise er.InsufficientFunds(self.fees, amount)
        self.fees -= amount
        self._pay(sender, amount)

    def set_constant(self, sender: Address, name: str, value: int) -> None:
        if sender not in self.holders["admin"]:
            raise er.OwnableUnauthorizedAccount(sender)
        low, high = BOUNDS[name]
        if not low <= value <= high:
            raise er.ConstantOutOfRange(value, low, high)
        self.constants[name] = value

    # credits

    def approve_credits(self, sender: Address, amount: int) -> None:
        self.allowances[sender] = amount
        self.events.append(ev.Approval(sender, self.meta_scheduler, amount))

    def permit_too_late(self, sender: Address, amount: int) -> None:
        if self.allowances[sender] < amount:
            raise er.ERC2612ExpiredSignature(0)

    def transfer(self, sender: Address, to: Address, amount: int) -> None:
        if self.balances[sender] < amount:
            raise er.ERC20InsufficientBalance(sender, self.balances[sender], amount)
        self._move(sender, to, amount)

    def _check_payment(self, payer: Address, amount: int) -> None:
        allowance = self.allowances[payer]
        if allowance < amount:
            raise er.ERC20InsufficientAllowance(self.meta_scheduler, allowance, amount)
        if self.balances[payer] < amount:
            raise er.ERC20InsufficientBalance(payer, self.balances[payer], amount)

    def _lock(self, payer: Address, amount: int) -> None:
        if self.allowances[payer] != 2**256 - 1:
            self.allowances[payer] -= amount
        self.escrow += amount
        self._move(payer, self.meta_scheduler, amount)

    def _pay(self, receiver: Address, amount: int) -> None:
        if amount:
            self._move(self.meta_scheduler, receiver, amount)

    def _move(self, sender: Address, to: Address, amount: int) -> None:
        self.balances[sender] -= amount
        self.balances[to] += amount
        self.events.append(ev.Transfer(sender, to, amount))

    # shared procedures (protocol.md 3.1)

    def _transition(self, job: RefJob, to: S) -> None:
        self._check_transition(job, to)
        self.events.append(ev.JobTransitionEvent(job.id, job.status, to))
        job.status, job.since, job.block = to, self.now, self.block
        if to == S.RUNNING:
            job.start = self.now
        if to in COLD:
            job.end, job.start = self.now, job.start or self.now
        if to == S.PANICKED:
            job.panicked = self.now

    @staticmethod
    def _check_transition(job: RefJob, to: S) -> None:
        if job.status == to:
            raise er.SameStatusError
        if job.is_cold:
            raise er.JobHotStatusOnly(job.status)
        if to not in ALLOWED[job.status]:
            raise er.InvalidTransition(job.status, to)

    def _unassign(self, job: RefJob) -> None:
        self.events.append(ev.JobRefusedEvent(job.id, job.provider, job.customer))
        self._transition(job, S.PENDING)
        job.provider, job.terms, job.checkpoint = ZERO_ADDRESS, None, 0
        job.pending_top_up, job.is_top_up_queued = 0, False

    def _settle_minutes(self, job: RefJob, to: S, minutes: int) -> None:
        final = min(minutes, job.paid_minutes) * job.snapshot.cost_per_minute
        fee = final * job.snapshot.cut // 100
        self._settle(job, to, provider_amount=final - fee, fee=fee)

    def _settle(self, job: RefJob, to: S, *, provider_amount: int, fee: int) -> None:
        self._transition(job, to)
        job.final_cost, job.pending_top_up = provider_amount + fee, 0
        refund = job.max_cost - job.final_cost
        self.escrow -= job.max_cost
        self.fees += fee
        self.events.append(
            ev.JobSettled(job.id, job.provider, job.customer, provider_amount, fee, refund)
        )
        self._pay(job.provider, provider_amount)
        self._pay(job.customer, refund)

    def _stop(self, job: RefJob) -> None:
        self.queues[job.provider, CANCELLING].append(job.id)
        self.events.append(ev.JobStopRequested(job.id, job.provider))

    @staticmethod
    def _set_error(job: RefJob, text: str) -> None:
        if text:
            job.last_error = text.encode()[:256].decode(errors="replace")

    # checks

    def _known(self, job_id: JobId) -> RefJob:
        if job_id not in self.jobs:
            raise er.InvalidJob
        return self.jobs[job_id]

    def _customers(self, sender: Address, job_id: JobId) -> RefJob:
        job = self._known(job_id)
        if sender != job.customer:
            raise er.CustomerOnly(sender, job.customer)
        return job

    def _providers(self, sender: Address, job_id: JobId) -> RefJob:
        job = self._known(job_id)
        if sender != job.provider:
            raise er.JobProviderOnly(sender, job.provider)
        return job

    def _check_member(self, sender: Address, kind: str) -> None:
        if kind == CLAIMABLE and (sender not in self.joined or sender in self.banned):
            raise er.ProviderNotJoined

    def _check_scheduler(self, sender: Address) -> None:
        if not self.is_scheduler(sender):
            raise er.AccessControlUnauthorizedAccount(sender, self.roles["scheduler"])

    def _check_role(self, sender: Address, role: str) -> None:
        if sender not in self.holders[role]:
            raise er.AccessControlUnauthorizedAccount(sender, self.roles[role])

    @staticmethod
    def _check_amount(total: int, amount: int) -> None:
        if total > MAX_AMOUNT:
            raise er.AmountTooLarge(amount)
