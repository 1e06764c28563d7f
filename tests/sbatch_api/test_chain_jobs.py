"""What the service learns from the chain, on a real one."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.sbatch_api.doubles import SteppedClock
from tests.support.chain import Stage

from deepsquare.chain import JobStatus, Report
from deepsquare.identifiers import BatchLocationHash, parse_address
from deepsquare.testing import a_definition, a_job_id, an_address
from deepsquare_sbatch_api.adapters.chain import ChainJobs, Freshness, GridAccess
from deepsquare_sbatch_api.domain.errors import ChainUnavailable

pytestmark = pytest.mark.integration

HASH = BatchLocationHash("h" * 31)


async def directory(stage: Stage, *, reuse_s: float = 0, late_s: float = 0) -> ChainJobs:
    """Return a directory whose clock is `late_s` ahead of the newest block."""
    head = await stage.grid.head()
    clock = SteppedClock(datetime.fromtimestamp(head.timestamp + late_s, UTC))
    access = GridAccess(
        stage.grid.rpc,
        meta_scheduler=stage.grid.meta_scheduler.address,
        chain_id=stage.grid.chain_id,
    )
    return ChainJobs(access, clock=clock, freshness=Freshness(max_lag_s=60, reuse_s=reuse_s))


async def test_find__through_a_jobs_life__tells_who_holds_it(stage: Stage) -> None:
    jobs, chain, accounts = await directory(stage), stage.grid.meta_scheduler, stage.accounts
    customer, provider = (
        parse_address(accounts.customer.address),
        await stage.join(accounts.provider),
    )
    job_id = await stage.request(accounts.customer, a_definition(batch_location_hash=HASH))

    pending = await jobs.find(job_id)
    assert pending
    assert (pending.customer, pending.provider, pending.batch_location_hash) == (
        customer,
        None,
        HASH,
    )
    assert (pending.is_hot, pending.is_with_provider) == (True, False)
    assert await jobs.hot_jobs() == [job_id]

    await stage.send(accounts.metascheduler, chain.meta_schedule(job_id, provider))
    assigned = await jobs.find(job_id)
    assert assigned
    assert (assigned.provider, assigned.is_with_provider) == (provider, True)
    assert await jobs.hot_jobs() == [job_id]

    running = chain.provider_set_job_status(job_id, Report(JobStatus.RUNNING))
    done = chain.provider_set_job_status(job_id, Report(JobStatus.FINISHED, duration_minutes=1))
    await stage.send(accounts.provider, chain.claim_next_job(), running, done)
    ended = await jobs.find(job_id)
    assert ended
    assert (ended.is_hot, ended.is_with_provider, ended.provider) == (False, False, provider)
    block = await stage.grid.head()
    assert ended.ended_at == datetime.fromtimestamp(block.timestamp, UTC)
    assert await jobs.hot_jobs() == []


async def test_find__unknown_job__is_none(stage: Stage) -> None:
    assert await (await directory(stage)).find(a_job_id(5)) is None


async def test_recall__within_its_time__does_not_ask_again_but_find_does(stage: Stage) -> None:
    jobs = await directory(stage, reuse_s=60)
    job_id = await stage.request(stage.accounts.customer)
    assert await jobs.recall(job_id)
    await stage.send(stage.accounts.customer, stage.grid.meta_scheduler.cancel_job(job_id))
    recalled, found = await jobs.recall(job_id), await jobs.find(job_id)
    assert recalled
    assert found
    assert (recalled.is_hot, found.is_hot) == (True, False)
    assert await jobs.recall(job_id) == found


async def test_find__newest_block_too_old__is_unavailable(stage: Stage) -> None:
    jobs = await directory(stage, late_s=61)
    for ask in (jobs.find(a_job_id(5)), jobs.hot_jobs(), jobs.check()):
        with pytest.raises(ChainUnavailable, match="newest block of the chain is 61 s old"):
            await ask
    await (await directory(stage, late_s=60)).check()


async def test_find__another_contract_at_the_address__is_unavailable(stage: Stage) -> None:
    access = GridAccess(stage.grid.rpc, meta_scheduler=an_address(5), chain_id=stage.grid.chain_id)
    clock = SteppedClock(datetime.now(UTC) + timedelta(days=1))
    jobs = ChainJobs(access, clock=clock, freshness=Freshness(60, 0))
    with pytest.raises(ChainUnavailable, match="there is no MetaScheduler"):
        await jobs.find(a_job_id(5))
