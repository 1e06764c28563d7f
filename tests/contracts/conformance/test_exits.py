"""No trap: each hot job ends and frees its credits without the party that is silent.

Every exit of protocol.md 3.2, 3.5 and 3.6 that needs neither the silent party nor a role is walked
at the second at which it opens, whatever has gone wrong around the job. The silent party is a
contract by then that reverts on every call. Seconds are those of protocol.md, not the contract's.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from tests.contracts.branches.facts import Money, active, money, pending
from tests.contracts.conformance.calamities import (
    CALAMITIES,
    Calamity,
    nothing,
    refuse_every_call,
)
from tests.contracts.conformance.stage import (
    CREDIT,
    CUSTOMER,
    DEFINITION,
    PROVIDER,
    Stage,
    a_stage,
    one,
    settled,
)
from tests.contracts.invariants.revm import BLOCK_TIME_S, Outcome, read
from tests.contracts.invariants.world import STRANGER, new_world

from deepsquare.chain import events as ev
from deepsquare.chain._generated import errors as er
from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain.call import Call
from deepsquare.chain.contracts import MetaScheduler
from deepsquare.chain.contracts.meta_scheduler import Report
from deepsquare.identifiers import Address, JobId

MINUTE_S, GRACE_S = 60, 3600
CLAIM_S, START_S = 10 * MINUTE_S, 1440 * MINUTE_S
"""The default timeouts of a claim and of a start."""

Make = Callable[[MetaScheduler, JobId], Call]
Split = tuple[int, int, int]
"""Provider's share, fee and refund, in credits."""


@pytest.fixture
def stage() -> Iterator[Stage]:
    with a_stage(new_world()) as ready:
        leave_some_fees(ready)
        yield ready


def leave_some_fees(stage: Stage) -> None:
    job_id = stage.a_job_in(S.RUNNING)
    assert stage.report(job_id, S.FINISHED, 10).error is None
    stage.started_at = 0


@dataclass(frozen=True)
class Exit:
    """A way out of a status that one account takes alone, and what it does with the lock."""

    status: S
    make: Make
    by: Address
    silent: Address | None
    split: Split
    end: S = S.CANCELLED
    opens_s: int = 0
    """Seconds after the status was entered, 0 if the exit is always open."""
    locked: int = 1000
    cancel_s: int = 0
    """When the customer asked for a stop, 0 if not."""
    checkpoint_s: int = 0


def cancel(meta: MetaScheduler, job_id: JobId) -> Call:
    return meta.cancel_job(job_id)


def expire(meta: MetaScheduler, job_id: JobId) -> Call:
    return meta.expire_job(job_id)


def time_out(meta: MetaScheduler, job_id: JobId) -> Call:
    return meta.timeout_job(job_id)


def refuse(meta: MetaScheduler, job_id: JobId) -> Call:
    return meta.refuse_job(job_id)


def report(status: S, minutes: int = 0) -> Make:
    return lambda meta, job_id: meta.provider_set_job_status(job_id, Report(status, minutes))


FULL = (0, 0, 1000)
ENDS = {
    "customer cancels PENDING": Exit(S.PENDING, cancel, CUSTOMER, PROVIDER, FULL),
    "customer cancels META_SCHEDULED": Exit(S.META_SCHEDULED, cancel, CUSTOMER, PROVIDER, FULL),
    "customer cancels SCHEDULED": Exit(S.SCHEDULED, cancel, CUSTOMER, PROVIDER, (5, 0, 995)),
    "provider gives SCHEDULED up": Exit(
        S.SCHEDULED, report(S.FAILED), PROVIDER, CUSTOMER, FULL, S.FAILED
    ),
    "provider ends RUNNING": Exit(
        S.RUNNING, report(S.FINISHED, 10), PROVIDER, CUSTOMER, (8, 2, 990), S.FINISHED
    ),
    "provider answers a cancel": Exit(
        S.RUNNING, report(S.CANCELLED, 10), PROVIDER, CUSTOMER, (8, 2, 990), cancel_s=600
    ),
    "anyone expires RUNNING": Exit(
        S.RUNNING,
        expire,
        STRANGER,
        PROVIDER,
        FULL,
        S.PANICKED,
        opens_s=1000 * MINUTE_S + GRACE_S,
    ),
    "anyone expires RUNNING with a checkpoint": Exit(
        S.RUNNING,
        expire,
        STRANGER,
        PROVIDER,
        (24, 6, 970),
        S.PANICKED,
        opens_s=1000 * MINUTE_S + GRACE_S,
        checkpoint_s=30 * MINUTE_S,
    ),
    "anyone expires an unanswered cancel, once the lock is used up": Exit(
        S.RUNNING,
        expire,
        STRANGER,
        PROVIDER,
        FULL,
        S.PANICKED,
        opens_s=1000 * MINUTE_S + GRACE_S,
        cancel_s=600,
    ),
    "anyone expires an unanswered cancel of a large lock, a day later": Exit(
        S.RUNNING,
        expire,
        STRANGER,
        PROVIDER,
        (0, 0, 10_000),
        S.PANICKED,
        opens_s=600 + 24 * GRACE_S,
        locked=10_000,
        cancel_s=600,
    ),
    "anyone expires an unanswered cancel with a later checkpoint": Exit(
        S.RUNNING,
        expire,
        STRANGER,
        PROVIDER,
        (56, 14, 9930),  # 10 minutes and a grace
        S.PANICKED,
        opens_s=600 + 24 * GRACE_S,
        locked=10_000,
        cancel_s=600,
        checkpoint_s=2 * GRACE_S,
    ),
}
RETURNS = {
    "anyone times META_SCHEDULED out": Exit(
        S.META_SCHEDULED, time_out, STRANGER, PROVIDER, FULL, opens_s=CLAIM_S
    ),
    "provider refuses META_SCHEDULED": Exit(S.META_SCHEDULED, refuse, PROVIDER, None, FULL),
    "anyone times SCHEDULED out": Exit(
        S.SCHEDULED, time_out, STRANGER, PROVIDER, FULL, opens_s=START_S
    ),
    "provider refuses SCHEDULED": Exit(S.SCHEDULED, refuse, PROVIDER, None, FULL),
}
whatever_has_gone_wrong = pytest.mark.parametrize(
    "calamity", CALAMITIES, ids=lambda calamity: calamity.__name__
)


@dataclass
class Walk:
    """A job on its way to an exit, and what everybody owned before."""

    stage: Stage
    exit: Exit
    job_id: JobId
    entered_at: int
    before: Money

    @property
    def meta(self) -> MetaScheduler:
        return self.stage.world.meta_scheduler

    def wait_until(self, second: int) -> None:
        """Let the next call be mined so many seconds after the status was entered."""
        chain = self.stage.world.chain
        wait = self.entered_at + second - chain.now_s - BLOCK_TIME_S
        assert wait >= 0, "that second has passed"
        chain.pass_time(wait)

    def take(self) -> Outcome:
        """Take the exit at the second at which it opens; a second earlier it is refused."""
        call = self.exit.make(self.meta, self.job_id)
        if self.exit.opens_s:
            self.wait_until(self.exit.opens_s - 1)
            deadline = self.entered_at + self.exit.opens_s
            early = er.DeadlineNotReached(deadline - 1, deadline)
            self.stage.refused(self.exit.by, call, early)
        return self.stage.must(self.exit.by, call)

    def ends(self, outcome: Outcome, end: S) -> None:
        """Require that the whole lock went where it belongs, and that the job counts no more."""
        provider, fee, refund = (part * CREDIT for part in self.exit.split)
        assert settled(outcome) == (provider, fee, refund)
        assert money(self.stage) - self.before == Money(
            customer=refund,
            provider=provider,
            contract=-provider - refund,
            escrow=-self.exit.locked * CREDIT,
            fees=fee,
        )
        job = self.stage.job(self.job_id)
        assert (job.status, job.cost.final_cost) == (end, provider + fee)
        assert active(self.stage) == pending(self.stage) == set()


def walk(stage: Stage, exit_: Exit, calamity: Calamity) -> Walk:
    """Bring a job to where the exit is needed: all goes wrong, and one party falls silent."""
    job_id = stage.a_job_in(exit_.status, exit_.locked * CREDIT)
    on_the_way = Walk(stage, exit_, job_id, stage.world.chain.now_s, Money())
    calamity(stage)
    if exit_.cancel_s:
        on_the_way.wait_until(exit_.cancel_s)
        stage.must(CUSTOMER, on_the_way.meta.cancel_job(job_id))
    if exit_.checkpoint_s:
        on_the_way.wait_until(exit_.checkpoint_s)
        stage.must(PROVIDER, on_the_way.meta.checkpoint_job(job_id))
    if exit_.silent:
        refuse_every_call(stage, exit_.silent)
    on_the_way.before = money(stage)
    return on_the_way


@whatever_has_gone_wrong
@pytest.mark.parametrize("exit_", ENDS.values(), ids=ENDS)
def test_exit__by_one_party_alone__ends_the_job_and_frees_its_credits(
    stage: Stage, exit_: Exit, calamity: Calamity
) -> None:
    job = walk(stage, exit_, calamity)
    job.ends(job.take(), exit_.end)


@whatever_has_gone_wrong
@pytest.mark.parametrize("exit_", RETURNS.values(), ids=RETURNS)
def test_exit__back_to_pending__leaves_the_lock_to_the_customer_who_cancels(
    stage: Stage, exit_: Exit, calamity: Calamity
) -> None:
    job = walk(stage, exit_, calamity)
    one(job.take(), ev.JobRefusedEvent)
    assert money(stage) == job.before
    assert (active(stage), pending(stage)) == (set(), {job.job_id})
    job.ends(stage.must(CUSTOMER, job.meta.cancel_job(job.job_id)), S.CANCELLED)


@whatever_has_gone_wrong
def test_cancel_of_a_scheduled_job__at_its_deadline__stops_costing_the_fee(
    stage: Stage, calamity: Calamity
) -> None:
    with_fee = ENDS["customer cancels SCHEDULED"]
    job = walk(stage, with_fee, calamity)
    job.wait_until(START_S - 1)
    with stage.world.chain.rewound():
        job.ends(job.take(), S.CANCELLED)
    job.wait_until(START_S)
    job.exit = Exit(S.SCHEDULED, cancel, CUSTOMER, PROVIDER, FULL)
    job.ends(job.take(), S.CANCELLED)


@pytest.mark.parametrize("exit_", ENDS.values(), ids=ENDS)
def test_exit__taken_twice__moves_no_credits_again(stage: Stage, exit_: Exit) -> None:
    job = walk(stage, exit_, nothing)
    job.take()
    after = money(stage)
    again = stage.send(exit_.by, exit_.make(job.meta, job.job_id)).error
    assert isinstance(again, er.JobHotStatusOnly | er.RunningStatusOnly | er.SameStatusError)
    assert money(stage) == after


@whatever_has_gone_wrong
@pytest.mark.parametrize("status", [S.SCHEDULED, S.RUNNING])
def test_top_up__never_claimed__leaves_with_the_rest(
    stage: Stage, status: S, calamity: Calamity
) -> None:
    """SCHEDULED by time-out and cancel; RUNNING by expiry, which the top-up has put off."""
    job_id = stage.a_job_in(status)
    entered_at = stage.world.chain.now_s
    stage.must(CUSTOMER, stage.world.meta_scheduler.top_up_job(job_id, 50 * CREDIT))
    calamity(stage)
    refuse_every_call(stage, PROVIDER)
    is_running = status == S.RUNNING
    opens_s = 1050 * MINUTE_S + GRACE_S if is_running else START_S
    refund = (0, 0, 1050)
    make = expire if is_running else time_out
    way = Exit(status, make, STRANGER, PROVIDER, refund, opens_s=opens_s, locked=1050)
    job = Walk(stage, way, job_id, entered_at, money(stage))
    outcome = job.take()
    if not is_running:
        outcome = stage.must(CUSTOMER, job.meta.cancel_job(job_id))
    job.ends(outcome, S.PANICKED if is_running else S.CANCELLED)


def test_provider_that_acts_at_the_last_second__and_then_falls_silent__keeps_nothing(
    stage: Stage,
) -> None:
    """Each step restarts the clock once, so that a lock is bound for a bounded time."""
    job_id = stage.a_job_in(S.META_SCHEDULED)
    meta, chain = stage.world.meta_scheduler, stage.world.chain
    assigned_at = chain.now_s
    chain.pass_time(CLAIM_S - 2)
    stage.claim()
    chain.pass_time(START_S - 2)
    stage.start(job_id)
    started_at = chain.now_s
    refuse_every_call(stage, PROVIDER)
    opens_s = 1000 * MINUTE_S + GRACE_S
    way = Exit(S.RUNNING, expire, STRANGER, PROVIDER, FULL, S.PANICKED, opens_s=opens_s)
    job = Walk(stage, way, job_id, started_at, money(stage))
    stage.refused(STRANGER, meta.timeout_job(job_id), er.InvalidTransition(S.RUNNING, S.PENDING))
    job.ends(job.take(), S.PANICKED)
    assert chain.now_s - assigned_at == CLAIM_S - 1 + START_S - 1 + opens_s


def test_request_and_cancel__in_one_transaction__refund_the_lock(stage: Stage) -> None:
    before = money(stage)
    meta, jobs = stage.world.meta_scheduler, stage.world.jobs
    nonce = read(jobs.customer_nonce(CUSTOMER))
    job_id = read(jobs.job_id_by_customer(CUSTOMER, nonce))
    request = meta.request_new_job(DEFINITION, 1000 * CREDIT)
    stage.must(CUSTOMER, meta.multicall([request, meta.cancel_job(job_id)]))
    assert money(stage) == before
    assert stage.job(job_id).status == S.CANCELLED


def test_start_and_report__in_one_transaction__settle_the_job(stage: Stage) -> None:
    job_id = stage.a_job_in(S.SCHEDULED)
    job = Walk(stage, ENDS["provider ends RUNNING"], job_id, 0, money(stage))
    both = [stage.report_call(job_id, S.RUNNING), stage.report_call(job_id, S.FINISHED, 10)]
    job.ends(stage.must(PROVIDER, job.meta.multicall(both)), S.FINISHED)
