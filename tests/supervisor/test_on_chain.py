"""The supervisor against the real contracts; Slurm and the sbatch API are doubles.

Amounts of the test grid: 1 credit a minute (see `Stage`).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from eth_account.signers.local import LocalAccount
from tests.supervisor.doubles import SCRIPT
from tests.supervisor.site import Site
from tests.support.chain import LOCKED_WEI, Stage

from deepsquare.chain import JobStatus, Label
from deepsquare.chain.errors import WrongGrid
from deepsquare.chain.events import JobSettled, decode_event, topic_of
from deepsquare.chain.grid import Grid
from deepsquare.chain.jsonrpc import Request
from deepsquare.chain.logs import LogFilter
from deepsquare.chain.sender import Sender
from deepsquare.hashing import batch_location_hash
from deepsquare.identifiers import Address, JobId, job_id_to_bytes, parse_address
from deepsquare.testing import a_definition, some_hardware, some_prices
from deepsquare_supervisor.adapters.chain.reading import GridJobs
from deepsquare_supervisor.adapters.chain.registering import register_offer
from deepsquare_supervisor.adapters.chain.writing import GridLedger
from deepsquare_supervisor.domain.batch import BatchState, SlurmId
from deepsquare_supervisor.domain.claim import Standing
from deepsquare_supervisor.domain.job import HandBack, Phase
from deepsquare_supervisor.domain.offer import Offer

pytestmark = pytest.mark.integration


class ChainSite(Site):
    """As `Site`, on the contracts; the site's clock shows the chain's time."""

    def __init__(self, folder: Path, stage: Stage) -> None:
        self.stage = stage
        self.own: Address = parse_address(stage.accounts.provider.address)
        self.ledger_sender = Sender(
            stage.grid.rpc, stage.accounts.provider, chain_id=stage.grid.chain_id
        )
        super().__init__(folder)
        self.queue = GridJobs(stage.grid, self.own)
        self.ledger = GridLedger(stage.grid, self.ledger_sender)
        self.restart()

    async def rounds(self, count: int = 1) -> None:
        for _ in range(count):
            self.clock.time = (await self.stage.grid.head()).timestamp
            await self.reconciler.tick()
            await self.shipper.ship()

    async def assigned(self, *, locked_wei: int = LOCKED_WEI, script: bytes = SCRIPT) -> JobId:
        definition = a_definition(batch_location_hash=batch_location_hash(script))
        stage = self.stage
        job_id = await stage.request(stage.accounts.customer, definition, locked_wei=locked_wei)
        assign = stage.grid.meta_scheduler.meta_schedule(job_id, self.own)
        await stage.send(stage.accounts.metascheduler, assign)
        return job_id

    async def running(self) -> JobId:
        job_id = await self.assigned()
        await self.rounds(3)
        self.slurm.start()
        await self.rounds(2)
        assert await self.stage.status(job_id) is JobStatus.RUNNING
        return job_id

    async def pass_s(self, seconds: int) -> None:
        await self.stage.advance(seconds)
        self.clock.time = (await self.stage.grid.head()).timestamp

    async def settlements(self, job_id: JobId) -> list[JobSettled]:
        head = await self.stage.grid.head()
        topics = [topic_of(JobSettled), job_id_to_bytes(job_id)]
        logs = await self.stage.grid.rpc.get_logs(LogFilter([], 0, head.number, topics))
        events = [decode_event(log) for log in logs]
        return [event for event in events if isinstance(event, JobSettled)]


@pytest.fixture
async def site(stage: Stage, tmp_path: Path) -> AsyncIterator[ChainSite]:
    await stage.join(stage.accounts.provider)
    world = ChainSite(tmp_path, stage)
    yield world
    world.journal.close()


def minutes_paid(settled: JobSettled, cost_per_minute: int) -> int:
    return (settled.provider_amount + settled.fee) // cost_per_minute


async def cost_of(stage: Stage, job_id: JobId) -> int:
    return (await stage.grid.jobs.get_terms(job_id)).cost_per_minute


async def test_life_of_a_job__is_billed_for_slurms_minutes_to_the_wei(
    site: ChainSite, stage: Stage
) -> None:
    job_id = await site.running()
    cost = await cost_of(stage, job_id)
    await site.pass_s(7 * 60 + 30)
    site.slurm.end()
    await site.rounds(3)
    job = await stage.grid.jobs.get(job_id)
    assert (job.status, job.exit_code, job.last_error) == (JobStatus.FINISHED, 0, "")
    [settled] = await site.settlements(job_id)
    assert minutes_paid(settled, cost) == 7
    assert settled.provider_amount + settled.fee + settled.refund == LOCKED_WEI


async def test_failure__reaches_the_chain_with_code_and_reason(
    site: ChainSite, stage: Stage
) -> None:
    job_id = await site.running()
    site.slurm.end(state=BatchState.FAILED, code=3)
    await site.rounds(3)
    job = await stage.grid.jobs.get(job_id)
    assert (job.status, job.exit_code, job.last_error) == (
        JobStatus.FAILED,
        3 << 8,
        "exit code 3",
    )


async def test_short_job__start_and_end_unseen__are_told_in_one_transaction(
    site: ChainSite, stage: Stage
) -> None:
    job_id = await site.assigned()
    await site.rounds(3)
    site.slurm.start()
    site.slurm.end()
    before = await site.ledger_sender.confirmed_nonce()
    await site.rounds(2)
    assert await site.ledger_sender.confirmed_nonce() == before + 1
    assert await stage.status(job_id) is JobStatus.FINISHED
    [settled] = await site.settlements(job_id)
    assert settled.provider_amount > 0


async def test_fault_b4__node_fails_before_running_is_on_chain__customer_gets_all_back(
    site: ChainSite, stage: Stage
) -> None:
    job_id = await site.assigned()
    await site.rounds(3)
    site.slurm.start()
    site.slurm.end(state=BatchState.NODE_FAILED)
    await site.rounds(2)
    job = await stage.grid.jobs.get(job_id)
    assert job.status is JobStatus.PANICKED
    assert job.last_error.startswith("NODE_FAIL")
    [settled] = await site.settlements(job_id)
    assert (settled.provider_amount, settled.refund) == (0, LOCKED_WEI)


async def test_fault_b4__node_fails_while_running__is_billed_the_least_the_contract_knows(
    site: ChainSite, stage: Stage
) -> None:
    job_id = await site.running()
    cost = await cost_of(stage, job_id)
    await site.pass_s(3600)
    site.slurm.end(state=BatchState.NODE_FAILED)
    await site.rounds(2)
    [settled] = await site.settlements(job_id)
    assert minutes_paid(settled, cost) == 1


async def test_cancel__while_running__used_minutes_are_billed(
    site: ChainSite, stage: Stage
) -> None:
    job_id = await site.running()
    cost = await cost_of(stage, job_id)
    await site.pass_s(5 * 60)
    cancel = stage.grid.meta_scheduler.cancel_job(job_id)
    await stage.send(stage.accounts.customer, cancel)
    await site.rounds(1)
    assert site.slurm.terminated == [1]
    site.slurm.end(state=BatchState.FAILED, code=143)
    await site.rounds(3)
    assert await stage.status(job_id) is JobStatus.CANCELLED
    [settled] = await site.settlements(job_id)
    assert minutes_paid(settled, cost) == 5
    assert not await stage.grid.queues.has_cancelling_job(site.own)


async def test_cancel__while_queued__batch_goes_and_stop_queue_is_emptied(
    site: ChainSite, stage: Stage
) -> None:
    job_id = await site.assigned()
    await site.rounds(3)
    cancel = stage.grid.meta_scheduler.cancel_job(job_id)
    await stage.send(stage.accounts.customer, cancel)
    await site.rounds(3)
    assert site.slurm.live_count() == 0
    assert not await stage.grid.queues.has_cancelling_job(site.own)


async def test_top_up__limit_is_the_paid_total_and_queue_is_emptied(
    site: ChainSite, stage: Stage
) -> None:
    job_id = await site.running()
    cost = await cost_of(stage, job_id)
    top_up = stage.grid.meta_scheduler.top_up_job(job_id, 10 * cost)
    await stage.send(stage.accounts.customer, top_up)
    await site.rounds(3)
    assert site.slurm.batches[SlurmId(1)].limit_minutes == LOCKED_WEI // cost + 10
    assert not await stage.grid.queues.has_top_up_job(site.own)


async def test_fault_d3__script_missing__job_is_pending_again_and_nothing_paid(
    site: ChainSite, stage: Stage
) -> None:
    site.api.scripts.clear()
    job_id = await site.assigned()
    await site.rounds(2)
    await site.pass_s(5)
    await site.rounds(1)
    await site.pass_s(100)
    await site.rounds(2)
    assert await stage.status(job_id) is JobStatus.PENDING
    assert site.job(job_id).hand_back is HandBack.SCRIPT_MISSING
    assert await site.settlements(job_id) == []


async def test_fault_a12__final_report_was_sent_and_forgotten__one_payment(
    site: ChainSite, stage: Stage
) -> None:
    job_id = await site.running()
    site.slurm.end()
    await site.rounds(1)
    site.restart()
    await site.rounds(4)
    assert len(await site.settlements(job_id)) == 1
    assert site.job(job_id).chain.standing is Standing.SETTLED


async def test_fault_c12__nonce_used_from_outside__next_decision_has_a_fresh_one(
    site: ChainSite, stage: Stage
) -> None:
    job_id = await site.running()
    await stage.send(stage.accounts.provider, stage.grid.credit.approve(site.own, 1))
    site.slurm.end()
    await site.rounds(4)
    assert await stage.status(job_id) is JobStatus.FINISHED


async def test_fault_c14__transaction_stuck_below_the_base_fee__is_replaced(
    site: ChainSite, stage: Stage
) -> None:
    job_id = await site.running()
    site.slurm.end()
    async with _blocks_stay_empty(stage):
        await site.rounds(1)
        opened = site.journal.open_transaction()
        assert opened is not None
        for _ in range(3):
            await _forget(stage, opened.newest.tx_hash)
            await stage.advance(1)
            await site.rounds(1)
        replaced = site.journal.open_transaction()
        assert replaced is not None
        assert len(replaced.rivals) == 2
        assert {rival.nonce for rival in replaced.rivals} == {opened.newest.nonce}
    await stage.advance(1)
    await site.rounds(2)
    assert await stage.status(job_id) is JobStatus.FINISHED


@asynccontextmanager
async def _blocks_stay_empty(stage: Stage) -> AsyncIterator[None]:
    await _tell(stage, "evm_setAutomine", False)
    try:
        yield
    finally:
        await _tell(stage, "evm_setAutomine", True)


async def _forget(stage: Stage, tx_hash: str) -> None:
    """Make the node lose a transaction before the next block."""
    await _tell(stage, "anvil_dropTransaction", tx_hash)


async def _tell(stage: Stage, method: str, *parameters: object) -> None:
    await stage.grid.rpc.outcomes([Request(method, list(parameters), may_be_null=True)])


async def test_several_jobs__end_at_once__are_settled_by_one_transaction(
    site: ChainSite, stage: Stage
) -> None:
    ids = [await site.assigned(locked_wei=LOCKED_WEI // 4) for _ in range(4)]
    await site.rounds(3)
    for number in range(1, 5):
        site.slurm.start(number)
    await site.rounds(2)
    for number in range(1, 5):
        site.slurm.end(number)
    before = await site.ledger_sender.confirmed_nonce()
    await site.rounds(2)
    assert await site.ledger_sender.confirmed_nonce() == before + 1
    assert {await stage.status(job_id) for job_id in ids} == {JobStatus.FINISHED}


async def test_fault_c22__one_of_many_reports_fails__the_others_are_settled(
    site: ChainSite, stage: Stage
) -> None:
    first, second = [await site.assigned(locked_wei=LOCKED_WEI // 4) for _ in range(2)]
    await site.rounds(3)
    for number in (1, 2):
        site.slurm.start(number)
    await site.rounds(2)
    view = await site.queue.read(())
    for number in (1, 2):
        site.slurm.end(number)
    panic = stage.grid.meta_scheduler.panic_job(first, "test")
    await stage.send(stage.accounts.metascheduler, panic)
    draft_of = site.reconciler._for_chain(view, None)
    assert draft_of == []
    await site.rounds(4)
    assert await stage.status(first) is JobStatus.PANICKED
    assert await stage.status(second) is JobStatus.FINISHED
    assert "report_refused" not in site.health.alarms


async def test_fault_a19__job_taken_away_by_time_out__batch_is_cancelled_and_nothing_billed(
    site: ChainSite, stage: Stage
) -> None:
    job_id = await site.assigned()
    await site.rounds(3)
    await stage.send(stage.accounts.metascheduler, stage.grid.meta_scheduler.timeout_job(job_id))
    await site.rounds(2)
    assert site.slurm.live_count() == 0
    assert await stage.status(job_id) is JobStatus.PENDING
    assert await site.settlements(job_id) == []


async def test_closed_job__is_out_of_memory_after_some_blocks(
    site: ChainSite, stage: Stage
) -> None:
    job_id = await site.running()
    site.slurm.end()
    await site.rounds(2)
    for _ in range(site.policy.finality_blocks + 1):
        await stage.advance(1)
        await site.rounds(1)
    assert site.job(job_id).phase is Phase.CLOSED
    assert site.register.job_ids() == ()


async def test_fault_c19__intake_switched_off__running_jobs_are_settled(
    site: ChainSite, stage: Stage
) -> None:
    job_id = await site.running()
    switch_off = stage.grid.meta_scheduler.set_enable_request_new_job(is_enabled=False)
    await stage.send(stage.accounts.deployer, switch_off)
    site.slurm.end()
    await site.rounds(2)
    assert await stage.status(job_id) is JobStatus.FINISHED


async def test_registration__is_sent_once_and_again_only_when_it_changed(stage: Stage) -> None:
    account: LocalAccount = stage.accounts.other_provider
    sender = Sender(stage.grid.rpc, account, chain_id=stage.grid.chain_id)
    offer = Offer(some_hardware((4, 1000, 0)), some_prices(), (Label("region", "here"),))
    assert await register_offer(stage.grid, sender, offer)
    assert not await register_offer(stage.grid, sender, offer)
    assert await stage.grid.providers.is_waiting(sender.address)
    other = Offer(offer.hardware, some_prices(cpu_wei=5 * 10**18), offer.labels)
    assert await register_offer(stage.grid, sender, other)


async def test_fault_c23__another_chain__is_refused_and_named(stage: Stage) -> None:
    with pytest.raises(WrongGrid, match="but chain 5 is set"):
        await Grid.connect(stage.grid.rpc, stage.grid.meta_scheduler.address, 5)


async def test_unknown_job__in_the_journal__does_not_hide_the_others(
    site: ChainSite, stage: Stage
) -> None:
    """A reorganisation may take a job away altogether."""
    job_id = await site.assigned()
    unknown = JobId("0x" + "00" * 31 + "77")
    view = await site.queue.read([unknown])
    assert [job.job_id for job in view.jobs] == [job_id]
    assert view.missing == {unknown}
    await asyncio.sleep(0)
