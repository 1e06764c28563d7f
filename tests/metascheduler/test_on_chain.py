"""The meta-scheduler against the real contracts."""

from collections.abc import Callable
from typing import TypeAlias

import pytest
from tests.support.chain import Stage

from deepsquare.amounts import WEI_PER_CREDIT
from deepsquare.chain import JobStatus, Report
from deepsquare.chain.errors import JobProviderOnly
from deepsquare.chain.jsonrpc import Request
from deepsquare.identifiers import Address, parse_address
from deepsquare.testing import a_definition, development_account, some_hardware, some_prices
from deepsquare_metascheduler.adapters.grid_actions import ChainGridActions
from deepsquare_metascheduler.adapters.grid_state import ChainGridState
from deepsquare_metascheduler.adapters.returns import ReturnLog
from deepsquare_metascheduler.app.scheduler import Scheduler, Tick
from deepsquare_metascheduler.domain.avoidance import AvoidancePolicy
from deepsquare_metascheduler.domain.commands import Assign, Expire, TimeOut

pytestmark = pytest.mark.integration

MakeScheduler: TypeAlias = Callable[[], Scheduler]


@pytest.fixture
def start(stage: Stage) -> MakeScheduler:
    """Start a meta-scheduler that remembers nothing of an earlier one."""

    def make() -> Scheduler:
        state = ChainGridState(stage.grid, ReturnLog(stage.grid, lookback_blocks=1000, keep_s=9999))
        actions = ChainGridActions(
            stage.grid, stage.sender(stage.accounts.metascheduler), batch_size=3
        )
        return Scheduler(state, actions, policy=AvoidancePolicy(600, 6000))

    return make


async def provider_of(stage: Stage, job_id: str) -> Address:
    [job] = [await stage.grid.jobs.get(job_id)]  # type: ignore[arg-type]
    return job.provider_addr


def failures(tick: Tick) -> list[object]:
    return [outcome for outcome in tick.outcomes if outcome.error]


async def test_tick__jobs_wait__each_goes_to_the_cheapest_that_fits(
    stage: Stage, start: MakeScheduler
) -> None:
    accounts = stage.accounts
    cheap = await stage.join(
        accounts.provider, hardware=some_hardware((2, 64_000, 0)), prices=some_prices()
    )
    dear = await stage.join(
        accounts.other_provider,
        hardware=some_hardware((16, 64_000, 2)),
        prices=some_prices(cpu_wei=2 * 10**18),
    )
    small = await stage.request(accounts.customer)
    big = await stage.request(accounts.customer, a_definition(cpus_per_task=8))
    gpus = await stage.request(accounts.customer, a_definition(gpus=3))
    tick = await start().tick()
    assert failures(tick) == []
    assert await provider_of(stage, small) == cheap
    assert await provider_of(stage, big) == dear
    assert await stage.status(gpus) is JobStatus.PENDING
    assert tick.decision.waiting[gpus] == {
        cheap: "gpus: 3 needed, 0 there",
        dear: "gpus: 3 needed, 2 there",
    }


async def test_tick__more_jobs_than_a_batch__are_all_assigned(
    stage: Stage, start: MakeScheduler
) -> None:
    await stage.join(stage.accounts.provider)
    ids = [await stage.request(stage.accounts.customer) for _ in range(7)]
    before = await stage.sender(stage.accounts.metascheduler).confirmed_nonce()
    tick = await start().tick()
    assert failures(tick) == []
    assert {await stage.status(job_id) for job_id in ids} == {JobStatus.META_SCHEDULED}
    after = await stage.sender(stage.accounts.metascheduler).confirmed_nonce()
    assert after - before == 3


async def test_restart__after_an_outage__nothing_is_lost_and_nothing_repeated_d9(
    stage: Stage, start: MakeScheduler
) -> None:
    await stage.join(stage.accounts.provider)
    first = await stage.request(stage.accounts.customer)
    await start().tick()
    second = await stage.request(stage.accounts.customer)
    await stage.advance(3600 * 8)
    restarted = start()
    tick = await restarted.tick()
    kinds = {type(command) for command in tick.decision.commands}
    assert kinds == {TimeOut, Assign}
    assert await stage.status(first) is JobStatus.PENDING
    assert await stage.status(second) is JobStatus.META_SCHEDULED


async def test_two_meta_schedulers__same_job__one_wins_and_no_harm_d10(
    stage: Stage, start: MakeScheduler
) -> None:
    provider = await stage.join(stage.accounts.provider)
    job_id = await stage.request(stage.accounts.customer)
    one, two = start(), start()
    seen_by_two = await two._state.snapshot()
    await one.tick()
    outcomes = await two._actions.execute([Assign(seen_by_two.pending[0].job_id, provider)])
    assert [type(outcome.error).__name__ for outcome in outcomes] == ["SameStatusError"]
    assert await provider_of(stage, job_id) == provider
    assert (await two.tick()).outcomes == ()


async def test_overtaken_between_simulation_and_block__fails_alone(
    stage: Stage, start: MakeScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.join(stage.accounts.provider)
    cancelled = await stage.request(stage.accounts.customer)
    kept = await stage.request(stage.accounts.customer)
    sender = stage.sender(stage.accounts.metascheduler)
    really_sign = sender.sign

    async def cancel_first(*arguments: object, **keywords: object) -> object:
        cancel = stage.grid.meta_scheduler.cancel_job(cancelled)
        await stage.send(stage.accounts.customer, cancel)
        return await really_sign(*arguments, **keywords)  # type: ignore[arg-type]

    monkeypatch.setattr(sender, "sign", cancel_first)
    tick = await start().tick()
    assert [o.error is None for o in tick.outcomes if o.command.job_id == kept] == [True]
    [lost] = [o for o in tick.outcomes if o.command.job_id == cancelled]
    assert type(lost.error).__name__ == "JobHotStatusOnly"
    assert await stage.status(kept) is JobStatus.META_SCHEDULED


async def test_provider_claims_and_never_starts__job_goes_elsewhere_g1(
    stage: Stage, start: MakeScheduler
) -> None:
    accounts = stage.accounts
    lazy = await stage.join(accounts.provider)
    other = await stage.join(accounts.other_provider, prices=some_prices(cpu_wei=2 * 10**18))
    job_id = await stage.request(accounts.customer)
    await start().tick()
    assert await provider_of(stage, job_id) == lazy
    await stage.send(accounts.provider, stage.grid.meta_scheduler.claim_next_jobs(5))
    await stage.advance(1440 * 60)
    await start().tick()
    assert await stage.status(job_id) is JobStatus.PENDING
    fresh = await stage.request(accounts.customer)
    restarted = start()
    await restarted.tick()
    assert await provider_of(stage, job_id) == other, "the job avoids the lazy provider"
    assert await provider_of(stage, fresh) == other, "so do other jobs, for a while"
    await stage.advance(601)
    later = await stage.request(accounts.customer)
    await restarted.tick()
    assert await provider_of(stage, later) == lazy


async def test_provider_refuses__only_that_job_goes_elsewhere(
    stage: Stage, start: MakeScheduler
) -> None:
    accounts = stage.accounts
    cheap = await stage.join(accounts.provider)
    dear = await stage.join(accounts.other_provider, prices=some_prices(cpu_wei=2 * 10**18))
    job_id = await stage.request(accounts.customer)
    scheduler = start()
    await scheduler.tick()
    await stage.send(accounts.provider, stage.grid.meta_scheduler.refuse_job(job_id))
    fresh = await stage.request(accounts.customer)
    await scheduler.tick()
    assert await provider_of(stage, job_id) == dear
    assert await provider_of(stage, fresh) == cheap


async def test_running_job_never_reported__is_expired(stage: Stage, start: MakeScheduler) -> None:
    accounts, contract = stage.accounts, stage.grid.meta_scheduler
    await stage.join(accounts.provider)
    job_id = await stage.request(accounts.customer)
    scheduler = start()
    await scheduler.tick()
    running = contract.provider_set_job_status(job_id, Report(JobStatus.RUNNING))
    await stage.send(accounts.provider, contract.claim_next_jobs(5), running)
    terms = await stage.grid.jobs.get_terms(job_id)
    left_s = terms.deadline - (await stage.grid.head()).timestamp
    await stage.advance(left_s - 10)
    assert (await scheduler.tick()).outcomes == ()
    await stage.advance(10)
    tick = await scheduler.tick()
    assert [type(outcome.command) for outcome in tick.outcomes] == [Expire]
    assert await stage.status(job_id) is JobStatus.PANICKED
    assert (await stage.grid.jobs.get(job_id)).cost.final_cost == 0


async def test_delegated_job_near_its_end__gets_a_slice_once(
    stage: Stage, start: MakeScheduler
) -> None:
    accounts, contract = stage.accounts, stage.grid.meta_scheduler
    await stage.join(accounts.provider)
    request = contract.request_new_job(a_definition(), 100 * WEI_PER_CREDIT, may_top_up=True)
    await stage.send(accounts.customer, request)
    [job_id] = await stage.grid.jobs.get_pending()
    scheduler = start()
    await scheduler.tick()
    running = contract.provider_set_job_status(job_id, Report(JobStatus.RUNNING))
    await stage.send(accounts.provider, contract.claim_next_jobs(5), running)
    await stage.advance(60 * 91)
    await scheduler.tick()
    assert (await scheduler.tick()).outcomes == ()
    cost = (await stage.grid.jobs.get(job_id)).cost
    assert (cost.max_cost, cost.pending_top_up) == (130 * WEI_PER_CREDIT, 30 * WEI_PER_CREDIT)


async def test_reorg_drops_the_assignment__the_job_is_assigned_again_c8(
    stage: Stage, start: MakeScheduler
) -> None:
    await stage.join(stage.accounts.provider)
    job_id = await stage.request(stage.accounts.customer)
    scheduler = start()
    await scheduler.tick()
    await stage.grid.rpc.outcomes([Request("anvil_reorg", [1, []], may_be_null=True)])
    assert await stage.status(job_id) is JobStatus.PENDING
    await scheduler.tick()
    assert await stage.status(job_id) is JobStatus.META_SCHEDULED


@pytest.mark.parametrize("leaves", ["removed", "banned"])
async def test_provider_leaves__its_job_is_still_freed(
    stage: Stage, start: MakeScheduler, leaves: str
) -> None:
    accounts, providers = stage.accounts, stage.grid.providers
    address = await stage.join(accounts.provider)
    job_id = await stage.request(accounts.customer)
    await start().tick()
    leave = providers.remove(address) if leaves == "removed" else providers.ban(address)
    await stage.send(accounts.operator, leave)
    await stage.advance(601)
    restarted = start()
    await restarted.tick()
    assert await stage.status(job_id) is JobStatus.PENDING
    tick = await restarted.tick()
    assert tick.outcomes == ()


async def test_report_after_time_out__is_refused_and_nothing_billed(
    stage: Stage, start: MakeScheduler
) -> None:
    accounts, contract = stage.accounts, stage.grid.meta_scheduler
    await stage.join(accounts.provider)
    job_id = await stage.request(accounts.customer)
    scheduler = start()
    await scheduler.tick()
    await stage.advance(600)
    await scheduler.tick()
    with pytest.raises(JobProviderOnly):
        await stage.send(
            accounts.provider,
            contract.provider_set_job_status(job_id, Report(JobStatus.RUNNING)),
        )


async def test_two_customers__one_floods__the_other_is_served(
    stage: Stage, start: MakeScheduler
) -> None:
    other = development_account(9)
    await stage.fund(other)
    await stage.join(stage.accounts.provider, hardware=some_hardware((3, 64_000, 0)))
    for _ in range(5):
        await stage.request(stage.accounts.customer)
    late = await stage.request(other)
    await start().tick()
    assert await stage.status(late) is JobStatus.META_SCHEDULED
    assert parse_address(other.address) == (await stage.grid.jobs.get(late)).customer_addr
