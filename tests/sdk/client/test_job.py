"""A job's life as its customer sees it, on a real chain."""

import asyncio
import pickle
from datetime import timedelta

import httpx
import pytest
from tests.sdk.client.world import CHEAP_WEI, HELLO, World

from deepsquare._client import following
from deepsquare._client.session import Session
from deepsquare.amounts import parse_credits
from deepsquare.api import LogChunk, SbatchApi
from deepsquare.chain import JobStatus
from deepsquare.client import (
    AsyncClient,
    AsyncJob,
    Client,
    Job,
    JobAmbiguous,
    JobCancelled,
    JobEvent,
    JobFailed,
    JobHasEnded,
    JobNotFound,
    LogLost,
    NotRunning,
    NotYourJob,
    OutOfCredits,
    WaitTimeout,
    Workflow,
    short_id,
)
from deepsquare.identifiers import JobId

pytestmark = pytest.mark.integration
WORKFLOW = Workflow.from_text(HELLO)
LOG = b"hello\nworld\n"


async def events_of(job: AsyncJob) -> list[JobEvent]:
    return [event async for event in job.events()]


async def test_events__whole_life__each_change_once_with_its_time(world: World) -> None:
    async with world.client(await world.customer()) as client:
        job = await client.submit(WORKFLOW, credits=40)
        following = asyncio.create_task(events_of(job))
        await world.start(job.id)
        await world.pass_time(3)
        await world.end(job.id, JobStatus.FINISHED, minutes=3)
        events = await following
    assert [event.status.name for event in events] == [
        "PENDING",
        "META_SCHEDULED",
        "SCHEDULED",
        "RUNNING",
        "FINISHED",
    ]
    times = [event.at for event in events if event.at]
    assert times == sorted(times)
    assert len(times) == 5
    assert events[-1].why == "finished"


async def test_events__resumed_after_a_block__tells_only_what_came_later(world: World) -> None:
    async with world.client(await world.customer()) as client:
        job = await client.submit(WORKFLOW, credits=40)
        await world.assign(job.id, world.cheap)
        block = (await job.state()).block.number
        await world.claim(world.cheap)
        await world.report_running(job.id)
        await world.end(job.id, JobStatus.FINISHED)
        reopened = await client.job(job.id)
        events = [event.status.name async for event in reopened.events(since_block=block)]
    assert events == ["SCHEDULED", "RUNNING", "FINISHED"]


async def test_stage__each_status__says_since_when_why_and_until_when(world: World) -> None:
    async with world.client(await world.customer()) as client:
        job = await client.submit(WORKFLOW, credits=40)
        pending = await job.stage()
        await world.assign(job.id, world.cheap)
        assigned = await job.stage()
        await world.claim(world.cheap)
        claimed = await job.stage()
        await world.report_running(job.id)
        running, state = await job.stage(), await job.state()
        await world.end(job.id, JobStatus.FAILED, wait_status=3 << 8)
        failed = await job.stage()
    assert pending.why == "waiting for the meta-scheduler to find a provider"
    assert pending.jobs_ahead is not None
    assert pending.deadline is None
    assert world.cheap.address in assigned.why
    assert assigned.deadline is not None
    assert assigned.deadline - assigned.since == timedelta(minutes=10)  # type: ignore[operator]
    assert claimed.deadline - claimed.since == timedelta(minutes=1440)  # type: ignore[operator]
    assert running.since == state.started_at
    assert state.paid_until - state.started_at == timedelta(minutes=80)  # type: ignore[operator]
    assert failed.why == "failed with exit code 3"


async def test_bill__whole_life__adds_up_to_the_wei(world: World) -> None:
    async with world.client(await world.customer()) as client:
        job = await client.submit(WORKFLOW, credits="40.3")
        assert (await job.bill()).parts.refund_wei == parse_credits("40.3")
        await world.start(job.id)
        await world.pass_time(30)
        so_far = await job.bill()
        await world.end(job.id, JobStatus.FINISHED, minutes=30)
        final, balance = await job.bill(), await client.balance()
    assert not so_far.is_final
    assert final.is_final
    assert final.parts == so_far.parts
    assert final.parts.minutes == 30
    assert final.parts.final_cost_wei == 30 * CHEAP_WEI
    assert final.parts.provider_wei + final.parts.fee_wei == final.parts.final_cost_wei
    assert final.parts.locked_wei == final.parts.final_cost_wei + final.parts.refund_wei
    assert balance.credits_wei == parse_credits(1000) - final.parts.final_cost_wei


async def test_bill__never_assigned__is_all_refund(world: World) -> None:
    async with world.client(await world.customer()) as client:
        job = await client.submit(WORKFLOW, credits=40)
        await job.cancel()
        bill = await job.bill()
    assert bill.is_final
    assert (bill.parts.minutes, bill.parts.refund_wei) == (0, parse_credits(40))


async def test_cancel__running__is_asked_for_once_and_ends_later(world: World) -> None:
    async with world.client(await world.customer()) as client:
        job = await client.submit(WORKFLOW, credits=40)
        await world.start(job.id)
        first = await job.cancel()
        again = await job.cancel()
        assert first.job.has_cancel_request
        assert first.job.time == again.job.time
        assert "provider is stopping" in (await job.stage()).why
        await world.end(job.id, JobStatus.CANCELLED)
        with pytest.raises(JobHasEnded, match="it is CANCELLED"):
            await job.cancel()
        with pytest.raises(JobCancelled):
            (await job.wait()).check()


async def test_cancel__job_of_another__says_whose_it_is(world: World) -> None:
    owner, other = await world.customer(), await world.customer()
    async with world.client(owner) as mine, world.client(other) as theirs:
        job = await mine.submit(WORKFLOW, credits=40)
        with pytest.raises(NotYourJob, match=f"belongs to {owner.address}"):
            await (await theirs.job(job.id)).cancel()


async def test_top_up__running__locks_more_by_its_own_permit(world: World) -> None:
    async with world.client(await world.customer()) as client:
        job = await client.submit(WORKFLOW, credits=40)
        with pytest.raises(NotRunning, match="PENDING"):
            await job.top_up(10)
        await world.start(job.id)
        before = (await job.state()).paid_until
        state = await job.top_up("12.5")
        await world.end(job.id, JobStatus.OUT_OF_CREDITS)
        with pytest.raises(JobHasEnded):
            await job.top_up(10)
        with pytest.raises(OutOfCredits):
            (await job.wait()).check()
    assert state.job.cost.max_cost == parse_credits("52.5")
    assert state.paid_until - before == timedelta(minutes=25)  # type: ignore[operator]


async def test_wait__failed__returns_code_and_tail_and_check_raises(world: World) -> None:
    async with world.client(await world.customer()) as client:
        job = await client.submit(WORKFLOW, credits=40)
        await world.start(job.id)
        world.api.logs[job.id] = LOG
        await world.end(job.id, JobStatus.FAILED, wait_status=3 << 8)
        result = await job.wait()
    assert (result.status, result.exit_code, result.tail) == (JobStatus.FAILED, 3, LOG.decode())
    with pytest.raises(JobFailed, match="exit code 3") as caught:
        result.check()
    assert (caught.value.exit_code, caught.value.tail) == (3, LOG.decode())


async def test_wait__time_over__job_goes_on(world: World) -> None:
    async with world.client(await world.customer()) as client:
        job = await client.submit(WORKFLOW, credits=40)
        with pytest.raises(WaitTimeout, match="goes on"):
            await job.wait(timeout=timedelta(seconds=0.2))
        assert not (await job.state()).is_over


async def test_follow__whole_life__changes_and_log_in_one_stream(world: World) -> None:
    async with world.client(await world.customer()) as client:
        job = await client.submit(WORKFLOW, credits=40)
        await world.start(job.id)
        world.api.logs[job.id] = LOG
        await world.end(job.id, JobStatus.FINISHED)
        items = [item async for item in job.follow()]
    statuses = [item.status.name for item in items if isinstance(item, JobEvent)]
    assert statuses[-2:] == ["RUNNING", "FINISHED"]
    assert b"".join(item.data for item in items if isinstance(item, LogChunk)) == LOG


async def test_follow__log_store_away_d8__the_job_is_still_followed(world: World) -> None:
    async with world.client(await world.customer()) as client:
        job = await client.submit(WORKFLOW, credits=40)
        await world.start(job.id)
        await world.end(job.id, JobStatus.FINISHED)
        items = [item async for item in job.follow()]
    assert any(isinstance(item, LogLost) for item in items)
    assert any(isinstance(i, JobEvent) and i.status is JobStatus.FINISHED for i in items)


async def test_follow__never_ran__does_not_wait_for_a_log(world: World) -> None:
    async with world.client(await world.customer()) as client:
        job = await client.submit(WORKFLOW, credits=40)
        await job.cancel()
        items = [item async for item in job.follow()]
    assert [i.status.name for i in items if isinstance(i, JobEvent)] == ["PENDING", "CANCELLED"]
    assert len(items) == 2
    assert not [asked for asked in world.api.asked if "logs" in asked]


async def test_follow__a_bug_inside__comes_out_and_does_not_hang(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> object:
        raise ZeroDivisionError
        yield

    monkeypatch.setattr(following, "events", broken)
    async with world.client(await world.customer()) as client:
        job = await client.submit(WORKFLOW, credits=40)
        with pytest.raises(ZeroDivisionError):
            async with asyncio.timeout(10):
                [item async for item in job.follow()]


async def test_follow__log_never_ends__is_left_some_time_after_the_job(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider that does not mark the end of a log must not make a customer wait for ever."""

    async def endless(self: SbatchApi, job_id: JobId, *, start: int = 0) -> object:
        yield LogChunk(b"x", 1)
        await asyncio.sleep(3600)

    monkeypatch.setattr(SbatchApi, "follow_log", endless)
    async with world.client(await world.customer()) as client:
        job = await client.submit(WORKFLOW, credits=40)
        await world.start(job.id)
        await world.end(job.id, JobStatus.FINISHED)
        async with world.open() as grid:
            source = following.Source(grid, await client._session.api(), job.id)
            async with asyncio.timeout(20):
                items = [item async for item in following.follow(source, late_log_s=0.2)]
    assert LogChunk(b"x", 1) in items


async def test_job__references__id_prefix_name_and_last(world: World) -> None:
    async with world.client(await world.customer()) as client:
        with pytest.raises(JobNotFound, match="has no job yet"):
            await client.job("@last")
        one = await client.submit(WORKFLOW, credits=20, name="one")
        two = await client.submit(WORKFLOW, credits=20, name="two")
        assert await client.job("@last") == two
        for reference in (one.id, one.id.upper().replace("0X", "0x"), str(int(one.id, 16))):
            assert await client.job(reference) == one
        for reference in (short_id(one.id), "0x" + short_id(one.id), "one"):
            assert await client.job(reference) == one
        with pytest.raises(JobNotFound, match=r"has no job .nothing.: .deepsquare jobs. lists"):
            await client.job("nothing")
        await client.submit(WORKFLOW, credits=20, name="two")
        with pytest.raises(JobAmbiguous, match="fits 2 jobs"):
            await client.job("two")


async def test_job__unknown_id__is_not_found(world: World) -> None:
    async with world.client(await world.customer()) as client:
        job = await client.job("0x" + "00" * 16 + "ab" * 16)
        with pytest.raises(JobNotFound, match="the grid has no job"):
            await job.state()


async def test_jobs__several__newest_first_and_by_status(world: World) -> None:
    async with world.client(await world.customer()) as client:
        for name in ("a", "b", "c"):
            await client.submit(WORKFLOW, credits=20, name=name)
        await (await client.job("b")).cancel()
        assert [state.name for state in await client.jobs()] == ["c", "b", "a"]
        assert [state.name for state in await client.jobs(limit=2)] == ["c", "b"]
        cancelled = await client.jobs(status=JobStatus.CANCELLED)
        assert [state.name for state in cancelled] == ["b"]


async def test_job__pickled__opens_again_without_a_key_inside(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await world.customer()
    async with world.client(key) as client:
        job = await client.submit(WORKFLOW, credits=40)
        data = pickle.dumps(job)
        monkeypatch.setenv("DEEPSQUARE_ADDRESS", key.address)
        copy: AsyncJob = pickle.loads(data)
        assert key.secret not in data
        assert (await copy.state()).id == job.id
        await copy._session.aclose()


async def test_reading__without_any_key__works(world: World) -> None:
    owner = await world.customer()
    async with world.client(owner) as client:
        job = await client.submit(WORKFLOW, credits=40)
    async with AsyncClient(world.settings) as stranger:
        assert (await (await stranger.job(job.id)).state()).customer == owner.address
        assert len(await stranger.providers()) == 2


def test_sync_client__inside_a_running_loop__works(world: World) -> None:
    """As in a notebook, where the calling thread already runs a loop."""
    key = asyncio.run(world.customer())

    async def cell() -> list[str]:
        with Client(world.settings, key=key) as grid:
            transport = httpx.MockTransport(world.api.respond)
            grid._client._session = Session(world.settings, key=key, api_transport=transport)
            job = grid.submit(WORKFLOW, credits=40)
            assert isinstance(job, Job)
            assert grid.jobs()[0].id == job.id
            job.cancel()
            assert job.wait(timeout=timedelta(seconds=30)).status is JobStatus.CANCELLED
            assert grid.job("@last") == job
            return [event.status.name for event in job.events()]

    assert asyncio.run(cell()) == ["PENDING", "CANCELLED"]


def test_sync_client__rerun__is_another_job(world: World) -> None:
    key = asyncio.run(world.customer())
    with Client(world.settings, key=key) as grid:
        transport = httpx.MockTransport(world.api.respond)
        grid._client._session = Session(world.settings, key=key, api_transport=transport)
        first = grid.submit(WORKFLOW, credits=40)
        again = grid.rerun("@last", minutes=30)
        definitions = {job.state().job.definition for job in (first, again)}
    assert first != again
    assert len(definitions) == 1


def test_sync_iteration__left_early__stops_its_work(world: World) -> None:
    key = asyncio.run(world.customer())
    with Client(world.settings, key=key) as grid:
        transport = httpx.MockTransport(world.api.respond)
        grid._client._session = Session(world.settings, key=key, api_transport=transport)
        job = grid.submit(WORKFLOW, credits=40)
        for event in job.events():
            assert event.status is JobStatus.PENDING
            break
