"""Ticks, failures and health, with fakes."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import httpx
import pytest
from structlog.testing import capture_logs

from deepsquare.chain import JobStatus, RpcUnavailable
from deepsquare.chain.errors import OutOfGasMoney, SameStatusError
from deepsquare.testing import a_job, a_provider, some_terms
from deepsquare_metascheduler.app.health import Health
from deepsquare_metascheduler.app.loop import Loop
from deepsquare_metascheduler.app.scheduler import Scheduler, Tick
from deepsquare_metascheduler.domain.avoidance import AvoidancePolicy
from deepsquare_metascheduler.domain.commands import Assign, Command
from deepsquare_metascheduler.domain.snapshot import ActiveJob, Snapshot
from deepsquare_metascheduler.entrypoints.http import create_app
from deepsquare_metascheduler.entrypoints.metrics import Metrics
from deepsquare_metascheduler.ports.chain import Outcome

POLICY = AvoidancePolicy(first_s=600, longest_s=86_400)
PROVIDER = a_provider(1)
PENDING = Snapshot(1, 1_700_000_000, pending=(a_job(JobStatus.PENDING),), providers=(PROVIDER,))


@dataclass
class FakeState:
    snapshots: list[Snapshot | Exception] = field(default_factory=lambda: [PENDING])

    async def snapshot(self) -> Snapshot:
        head = self.snapshots.pop(0) if len(self.snapshots) > 1 else self.snapshots[0]
        if isinstance(head, Exception):
            raise head
        return head


@dataclass
class FakeActions:
    error: Exception | None = None
    outcome_error: SameStatusError | None = None
    executed: list[Command] = field(default_factory=list)

    async def balance_wei(self) -> int:
        return 5

    async def execute(self, commands: Sequence[Command]) -> list[Outcome]:
        if self.error:
            raise self.error
        self.executed += commands
        return [Outcome(command, self.outcome_error) for command in commands]


@dataclass
class FakeClock:
    now_s: float = 0

    def monotonic_s(self) -> float:
        return self.now_s


class RestlessWake:
    def __init__(self) -> None:
        self.waits = 0

    async def wait(self) -> bool:
        self.waits += 1
        await asyncio.sleep(0)
        return True


def a_loop(
    state: FakeState,
    actions: FakeActions,
    health: Health,
    on_tick: Callable[[Tick], None] = lambda _: None,
) -> Loop:
    scheduler = Scheduler(state, actions, policy=POLICY)
    return Loop(scheduler, RestlessWake(), health=health, pause_s=0.001, on_tick=on_tick)


async def test_tick__a_job_waits__is_assigned() -> None:
    actions = FakeActions()
    tick = await Scheduler(FakeState(), actions, policy=POLICY).tick()
    assert actions.executed == [Assign(PENDING.pending[0].job_id, PROVIDER.addr)]
    assert [outcome.error for outcome in tick.outcomes] == [None]


async def test_tick__nothing_to_do__sends_nothing() -> None:
    actions = FakeActions(error=AssertionError("nothing may be sent"))
    state = FakeState([replace(PENDING, pending=())])
    assert (await Scheduler(state, actions, policy=POLICY).tick()).outcomes == ()


async def test_tick__another_meta_scheduler_was_faster__is_no_failure_d10() -> None:
    actions = FakeActions(outcome_error=SameStatusError())
    with capture_logs() as logs:
        await Scheduler(FakeState(), actions, policy=POLICY).tick()
    assert [(log["event"], log["log_level"]) for log in logs] == [("command_overtaken", "info")]


async def test_tick__the_same_refusal_again__is_told_once() -> None:
    scheduler = Scheduler(FakeState(), FakeActions(outcome_error=SameStatusError()), policy=POLICY)
    with capture_logs() as logs:
        for _ in range(3):
            await scheduler.tick()
    assert len(logs) == 1


@pytest.mark.parametrize(
    "error", [RpcUnavailable("away"), OutOfGasMoney("no coin"), RuntimeError("a bug")]
)
async def test_loop__a_tick_fails__the_next_one_succeeds(error: Exception) -> None:
    health = Health(FakeClock(), max_age_s=60)
    loop = a_loop(FakeState([error, PENDING]), FakeActions(), health)
    assert await loop.once() is False
    assert health.problem == (str(error) if not isinstance(error, RuntimeError) else
                              "RuntimeError: a bug")  # fmt: skip
    assert await loop.once() is True
    assert health.problem is None


async def test_loop__run__ticks_until_cancelled() -> None:
    enough = asyncio.Event()
    ticks: list[Tick] = []

    def note(tick: Tick) -> None:
        ticks.append(tick)
        if len(ticks) == 3:
            enough.set()

    state = FakeState([RpcUnavailable("away"), PENDING])
    loop = a_loop(state, FakeActions(), Health(FakeClock(), max_age_s=60), note)
    task = asyncio.create_task(loop.run())
    await asyncio.wait_for(enough.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_health__last_look_too_old__is_not_ready_and_says_so() -> None:
    clock = FakeClock()
    health = Health(clock, max_age_s=60)
    assert health.problem == "no tick yet"
    await a_loop(FakeState(), FakeActions(), health).once()
    clock.now_s = 60
    assert health.problem is None
    clock.now_s = 61
    assert health.problem == "the last tick was 61 s ago"


def a_client(health: Health, metrics: Metrics) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(create_app(health, metrics))
    return httpx.AsyncClient(transport=transport, base_url="http://test")


async def an_app_after(snapshot: Snapshot) -> httpx.AsyncClient:
    health = Health(FakeClock(), max_age_s=60)
    metrics = Metrics(health)
    loop = Loop(
        Scheduler(FakeState([snapshot]), FakeActions(), policy=POLICY),
        RestlessWake(),
        health=health,
        pause_s=0,
        on_tick=metrics.after,
    )
    await loop.once()
    return a_client(health, metrics)


def active(status: JobStatus, number: int) -> ActiveJob:
    return ActiveJob(a_job(status, number=number), some_terms())


async def test_http__root__is_keyed_by_the_ids_of_assigned_jobs() -> None:
    hot = [
        active(status, number)
        for number, status in enumerate(
            (JobStatus.META_SCHEDULED, JobStatus.SCHEDULED, JobStatus.RUNNING), start=1
        )
    ]
    answer = (await (await an_app_after(replace(PENDING, active=tuple(hot)))).get("/")).json()
    assert set(answer) == {one.job.job_id for one in hot}
    assert answer[hot[2].job.job_id]["status"] == "RUNNING"


async def test_http__waiting__tells_why_by_provider() -> None:
    banned = a_provider(1, is_banned=True)
    seen = replace(PENDING, providers=(banned,))
    answer = (await (await an_app_after(seen)).get("/v1/waiting")).json()
    assert answer == {PENDING.pending[0].job_id: {banned.addr: "banned"}}


async def test_http__ready_alive_metrics__tell_the_truth() -> None:
    client = await an_app_after(PENDING)
    assert (await client.get("/healthz")).text == "alive\n"
    assert (await client.get("/readyz")).json() == {"ready": True, "problem": None}
    page = (await client.get("/metrics")).text
    assert 'deepsquare_metascheduler_jobs{status="PENDING"} 1.0' in page
    assert 'commands_total{kind="Assign",result="done"} 1.0' in page
    assert "deepsquare_metascheduler_wallet_balance_wei 5.0" in page
    assert "deepsquare_metascheduler_ready 1.0" in page


async def test_http__before_the_first_look__is_alive_but_not_ready() -> None:
    health = Health(FakeClock(), max_age_s=60)
    client = a_client(health, Metrics(health))
    assert (await client.get("/healthz")).status_code == 200
    assert (await client.get("/readyz")).status_code == 503
    assert (await client.get("/")).json() == {}
    assert (await client.get("/v1/waiting")).json() == {}
