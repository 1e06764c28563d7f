"""The numbered invariants of protocol.md section 5, checked from views and events alone.

Each function takes the world and its history and fails with the invariant's number. Those about a
single call are in `machine`, and the gas bound (26) has a test of its own.
"""

from collections.abc import Callable, Iterator

from tests.contracts.invariants.history import History, JobHistory
from tests.contracts.invariants.reference_grid import MAX_SKIP
from tests.contracts.invariants.reference_jobs import ALLOWED, COLD
from tests.contracts.invariants.revm import read
from tests.contracts.invariants.world import (
    DEPLOYER,
    EVERYBODY,
    OPERATOR,
    SCHEDULER,
    STRANGER,
    SUPPLY,
    World,
    active_jobs,
)

from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain._generated.errors import NoJob
from deepsquare.chain._generated.structs import Job
from deepsquare.chain.call import Call
from deepsquare.identifiers import ZERO_ADDRESS, Address, JobId

END_OF_TIME = 2**40
"""The contracts count seconds up to here. The deadline of a job that costs nearly nothing lies
beyond, unless its customer cancels it."""
RANK = {S.PENDING: 0, S.META_SCHEDULED: 1, S.SCHEDULED: 2, S.RUNNING: 3, **dict.fromkeys(COLD, 4)}


def check_all(world: World, history: History) -> None:
    """Check every invariant that can be read off the state."""
    jobs = {job_id: read(world.jobs.get(job_id)) for job_id in history.jobs}
    _check_money(world, history, jobs)
    for job_id, job in jobs.items():
        seen = history.jobs[job_id]
        _check_transitions(job, seen)
        _check_times(job)
        _check_assignment(world, job, seen)
        if job.status in COLD:
            _check_settlement(job, seen)
            _check_frozen(job, seen)
        else:
            assert job.cost.final_cost == 0, "4: a hot job costs nothing yet"
            assert not seen.settled, "5: a hot job is not settled"
        assert job.cost.pending_top_up <= job.cost.max_cost, "19"
    _check_ids(world, history)
    _check_active_sets(world, jobs)
    _check_claims(world, jobs)
    _check_registrations(world)


def check_exits(world: World, history: History) -> None:
    """21, 22: every hot job can be ended with all helpful parties gone; leaves no trace."""
    with world.chain.rewound():
        _send(world, DEPLOYER, world.meta_scheduler.set_enable_request_new_job(is_enabled=False))
        role = read(world.meta_scheduler.metascheduler_role())
        _send(world, DEPLOYER, world.meta_scheduler.revoke_role(role, SCHEDULER))
        for provider in world.cast.providers:
            world.send(OPERATOR, world.providers.ban(provider))
        for job_id, seen in history.jobs.items():
            if read(world.jobs.get(job_id)).status not in COLD:
                _check_exit(world, job_id, seen.customer)


def _check_exit(world: World, job_id: JobId, customer: Address) -> None:
    job = read(world.jobs.get(job_id))
    if 0 < read(world.jobs.get_terms(job_id)).deadline < END_OF_TIME:
        with world.chain.rewound():
            _pass_deadline(world, job_id)
            is_running = job.status == S.RUNNING
            meta = world.meta_scheduler
            exit_call = meta.expire_job if is_running else meta.timeout_job
            _send(world, STRANGER, exit_call(job_id))
            after = read(world.jobs.get(job_id)).status
            assert after in (COLD if is_running else {S.PENDING}), f"21: {after!r}"
    with world.chain.rewound():
        _send(world, customer, world.meta_scheduler.cancel_job(job_id))
        ended = read(world.jobs.get(job_id))
        if job.status in (S.PENDING, S.META_SCHEDULED):
            assert ended.cost.final_cost == 0, "22: an unclaimed job is refunded in full"
        if job.status == S.RUNNING:
            _pass_deadline(world, job_id)
            _send(world, STRANGER, world.meta_scheduler.expire_job(job_id))
        assert read(world.jobs.get(job_id)).status in COLD, "21: the customer can end the job"


def _pass_deadline(world: World, job_id: JobId) -> None:
    deadline = read(world.jobs.get_terms(job_id)).deadline
    world.chain.pass_time(max(0, deadline - world.chain.now_s))


def _send(world: World, sender: Address, call: Call) -> None:
    outcome = world.send(sender, call)
    assert outcome.error is None, f"{call.label} must succeed: {outcome.error}"


def _check_money(world: World, history: History, jobs: dict[JobId, Job]) -> None:
    escrow = read(world.meta_scheduler.total_escrow())
    fees = read(world.meta_scheduler.accrued_fees())
    held = read(world.credit.balance_of(world.meta_scheduler.address))
    assert held == escrow + fees + history.surplus, "1: solvency"
    hot = sum(job.cost.max_cost for job in jobs.values() if job.status not in COLD)
    assert escrow == hot, "2: escrow"
    assert fees == history.fees_settled - history.fees_withdrawn, "7: fees"
    accounts = {*EVERYBODY, *world.cast.everybody, world.meta_scheduler.address}
    assert sum(read(world.credit.balance_of(a)) for a in accounts) == SUPPLY, "8: supply"


def _check_transitions(job: Job, seen: JobHistory) -> None:
    status = S.PENDING
    for step in seen.transitions:
        assert step.from_ == status, "9: each transition starts where the last one ended"
        assert step.to in ALLOWED[status], f"9: {step}"
        assert RANK[step.to] > RANK[status] or step.to == S.PENDING, "9: only UNASSIGN goes back"
        status = step.to
    assert job.status == status, "9: the status is that of the last transition"


def _check_times(job: Job) -> None:
    time = job.time
    assert (time.end != 0) == (job.status in COLD), "23"
    assert job.has_cancel_request == (time.cancel_request_timestamp != 0), "23"
    assert (time.panic_timestamp != 0) == (job.status == S.PANICKED), "23"
    if time.start:
        assert time.submit <= time.start, "23"
    if time.end:
        assert time.start <= time.end, "23"


def _check_assignment(world: World, job: Job, seen: JobHistory) -> None:
    terms = read(world.jobs.get_terms(job.job_id))
    is_assigned = job.status in (S.META_SCHEDULED, S.SCHEDULED, S.RUNNING)
    assert (terms.cost_per_minute > 0) == is_assigned, "11"
    if is_assigned:
        assert terms.cost_per_minute == seen.assigned[-1].cost_per_minute, "11: it is frozen"
        assert job.provider_addr == seen.assigned[-1].provider_addr, "12"
    ended_from_pending = job.status in COLD and seen.transitions[-1].from_ == S.PENDING
    has_none = job.status == S.PENDING or ended_from_pending
    assert (job.provider_addr == ZERO_ADDRESS) == has_none, "12"


def _check_settlement(job: Job, seen: JobHistory) -> None:
    assert len(seen.settled) == 1, "5: settled exactly once"
    paid = seen.settled[0]
    assert sum(seen.locked) == job.cost.max_cost, "3: all that was locked"
    assert job.cost.max_cost == paid.provider_amount + paid.fee + paid.refund, "3: is divided"
    assert job.cost.final_cost == paid.provider_amount + paid.fee, "4"
    assert job.cost.pending_top_up == 0, "19"
    if job.cost.final_cost:
        price = seen.assigned[-1].cost_per_minute
        assert job.cost.final_cost % price == 0, "4: whole minutes"
        assert job.cost.final_cost <= job.cost.max_cost, "4: never more than was paid for"


def _check_frozen(job: Job, seen: JobHistory) -> None:
    seen.cold_record = seen.cold_record or job
    assert job == seen.cold_record, "10: a cold record never changes"


def _check_ids(world: World, history: History) -> None:
    for customer, requested in history.requested_by.items():
        assert read(world.jobs.customer_nonce(customer)) == len(requested), "15"
        assert list(read(world.jobs.get_by_customer(customer))) == requested, "15"
        first, cursor = read(world.jobs.get_by_customer_page(customer, cursor=0, limit=2))
        rest, _ = read(world.jobs.get_by_customer_page(customer, cursor=cursor))
        assert [*first, *rest] == requested, "15: pages join to the whole"
    assert len(history.jobs) == sum(map(len, history.requested_by.values())), "15: all distinct"


def _check_active_sets(world: World, jobs: dict[JobId, Job]) -> None:
    for owner in (ZERO_ADDRESS, *world.cast.providers):
        mine = {
            job_id
            for job_id, job in jobs.items()
            if job.status not in COLD and job.provider_addr == owner
        }
        assert active_jobs(world, owner) == mine, "17"
        assert read(world.jobs.active_job_count(owner)) == len(mine), "17"


def _claims(world: World) -> Iterator[tuple[str, Callable[[], Call], Address, bool, int]]:
    meta, queues = world.meta_scheduler, world.queues
    for p in world.cast.providers:
        if read(world.providers.is_valid_for_scheduling(p)):
            has, size = queues.has_next_claimable_job(p), queues.claimable_size(p)
            yield "claimable", meta.claim_next_job, p, read(has), read(size)
        has, size = queues.has_cancelling_job(p), queues.cancelling_size(p)
        yield "cancelling", meta.claim_next_cancelling_job, p, read(has), read(size)
        has, size = queues.has_top_up_job(p), queues.top_up_size(p)
        yield "top-up", meta.claim_next_top_up_job, p, read(has), read(size)


def _check_claims(world: World, jobs: dict[JobId, Job]) -> None:
    for kind, claim, provider, has, size in _claims(world):
        with world.chain.rewound():
            outcome = world.send(provider, claim())
            assert has == (not isinstance(outcome.error, NoJob)), f"20: {kind}"
        live = _live_jobs(world, kind, provider, jobs)
        with world.chain.rewound():
            claimed, calls = 0, 0
            while True:
                outcome = world.send(provider, claim())
                if outcome.error:
                    assert isinstance(outcome.error, NoJob), f"20: {outcome.error}"
                    break
                calls += 1
                claimed += any("Claim" in type(event).__name__ for event in outcome.events)
                assert claimed <= size, f"20: {kind} gives more than was pushed"
                assert calls <= 1 + size // MAX_SKIP + claimed, f"20: {kind} takes too long"
        if live is not None:
            assert claimed == live, f"18, 19: live entries of the {kind} queue"


def _live_jobs(world: World, kind: str, provider: Address, jobs: dict[JobId, Job]) -> int | None:
    mine = [job for job in jobs.values() if job.provider_addr == provider]
    if kind == "claimable":
        return sum(job.status == S.META_SCHEDULED for job in mine)
    if kind == "top-up":
        return sum(
            job.status in (S.SCHEDULED, S.RUNNING)
            and job.cost.pending_top_up >= read(world.jobs.get_terms(job.job_id)).cost_per_minute
            for job in mine
        )
    return None


def _check_registrations(world: World) -> None:
    joined = read(world.providers.get_joined())
    assert len(joined) == len(set(joined)), "27: each joined provider once"
    for provider in world.cast.providers:
        is_valid = provider in joined and not read(world.providers.is_banned(provider))
        assert read(world.providers.is_valid_for_scheduling(provider)) == is_valid, "27"
