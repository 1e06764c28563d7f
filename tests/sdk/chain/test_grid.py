"""The wrappers against the real contracts: a job's whole life, and the bill to the wei."""

import pytest
from tests.support.chain import LOCKED_WEI, Stage

from deepsquare.amounts import WEI_PER_CREDIT
from deepsquare.chain import Grid, JobStatus, PermitSignature, Report, Rpc, WrongGrid
from deepsquare.chain.contracts.meta_scheduler import decode_multicall
from deepsquare.chain.errors import (
    ERC20InsufficientAllowance,
    InsufficientFunds,
    InvalidJob,
    InvalidTransition,
    NoJob,
)
from deepsquare.chain.events import (
    BilledTooMuchEvent,
    CallFailed,
    ClaimJobEvent,
    JobAssigned,
    JobSettled,
    JobTransitionEvent,
    NewJobRequestEvent,
    Transfer,
    decode_event,
)
from deepsquare.chain.permit import sign_permit
from deepsquare.chain.reverts import decode_revert
from deepsquare.chain.transactions import Receipt
from deepsquare.identifiers import JobId, parse_address
from deepsquare.pricing import (
    Bill,
    cost_per_minute,
    settle_cancel_scheduled,
    settle_expiry,
    settle_report,
)
from deepsquare.testing import Anvil, a_definition, a_job_id, an_address, some_prices

pytestmark = pytest.mark.integration


@pytest.fixture
async def provider_stage(stage: Stage) -> Stage:
    await stage.join(stage.accounts.provider)
    return stage


async def test_connect__right_address__finds_the_siblings(stage: Stage) -> None:
    grid = stage.grid
    assert await grid.jobs.meta_scheduler() == grid.meta_scheduler.address
    assert await grid.queues.meta_scheduler() == grid.meta_scheduler.address
    assert (await grid.constants.values()).minimum_amount_wei == 100 * WEI_PER_CREDIT


async def test_connect__wrong_chain_id__says_both_c23(stage: Stage) -> None:
    with pytest.raises(WrongGrid, match="serves chain 179188, but chain 1 is set"):
        await Grid.connect(stage.grid.rpc, stage.grid.meta_scheduler.address, 1)


async def test_connect__one_endpoint_on_another_chain__is_named_c23(stage: Stage) -> None:
    with Anvil(chain_id=5) as other:
        async with Rpc([stage.anvil.http_url, other.http_url]) as rpc:
            with pytest.raises(WrongGrid, match=f"{other.http_url} serves chain 5"):
                await Grid.connect(rpc, stage.grid.meta_scheduler.address, 179188)


async def test_connect__one_endpoint_away__goes_on_with_the_other_c1(stage: Stage) -> None:
    async with Rpc(["http://127.0.0.1:9", stage.anvil.http_url]) as rpc:
        grid = await Grid.connect(rpc, stage.grid.meta_scheduler.address, 179188)
        assert grid.credit.address == stage.grid.credit.address


async def test_connect__no_contract_there__says_the_address_c23(rpc: Rpc) -> None:
    nowhere = an_address(0xABCDEF)
    with pytest.raises(WrongGrid, match=f"no MetaScheduler of a grid at {nowhere}"):
        await Grid.connect(rpc, nowhere, 179188)


async def test_connect__another_contract_there__says_the_address_c23(stage: Stage) -> None:
    for other in (stage.grid.credit.address, stage.grid.jobs.address):
        with pytest.raises(WrongGrid, match=other):
            await Grid.connect(stage.grid.rpc, other)


async def test_get__unknown_job__is_invalid_job(stage: Stage) -> None:
    with pytest.raises(InvalidJob):
        await stage.grid.jobs.get(a_job_id(5))


async def test_reads__pinned_to_a_block__do_not_see_later_ones(provider_stage: Stage) -> None:
    grid, customer = provider_stage.grid, provider_stage.accounts.customer
    before = await grid.head()
    job_id = await provider_stage.request(customer)
    assert await grid.jobs.get_pending(at=before) == ()
    assert await grid.jobs.get_pending(at=await grid.head()) == (job_id,)
    assert await grid.head(depth=1) != await grid.head()


async def test_quote__equals_our_formula_and_the_frozen_terms(provider_stage: Stage) -> None:
    grid, accounts = provider_stage.grid, provider_stage.accounts
    definition = a_definition(ntasks=3, cpus_per_task=4, mem_per_cpu_mb=1000)
    provider = parse_address(accounts.provider.address)
    expected = cost_per_minute(definition, some_prices())
    assert await grid.providers.quote(provider, definition) == expected
    job_id = await provider_stage.request(accounts.customer, definition)
    await provider_stage.send(
        accounts.metascheduler, grid.meta_scheduler.meta_schedule(job_id, provider)
    )
    assert (await grid.jobs.get_terms(job_id)).cost_per_minute == expected


async def test_submit__permit_and_request_in_one_transaction__needs_no_allowance(
    stage: Stage,
) -> None:
    grid, customer = stage.grid, stage.accounts.other_customer
    address = parse_address(customer.address)
    await stage.send(stage.accounts.deployer, grid.credit.transfer(address, LOCKED_WEI))
    request = grid.meta_scheduler.request_new_job(a_definition(), LOCKED_WEI, name="first")
    with pytest.raises(ERC20InsufficientAllowance):
        await stage.send(customer, request)
    permit = await sign_permit(
        grid.credit,
        customer,
        spender=grid.meta_scheduler.address,
        value_wei=LOCKED_WEI,
        deadline=(await grid.head()).timestamp + 600,
    )
    both = grid.meta_scheduler.multicall([grid.meta_scheduler.self_permit(permit), request])
    simulated = decode_multicall(await grid.rpc.eth_call(both, sender=address))
    await stage.send(customer, both)
    job = await grid.jobs.get(await grid.jobs.job_id_by_customer(address, 0))
    assert bytes.fromhex(job.job_id[2:]) == simulated[1]
    assert (job.status, job.job_name.rstrip(b"\0")) == (JobStatus.PENDING, b"first")
    assert await grid.credit.balance_of(address) == 0


async def test_permit__signed_by_another__is_refused(stage: Stage) -> None:
    grid = stage.grid
    permit = PermitSignature(5, 2**40, 27, b"\1" * 32, b"\1" * 32)
    with pytest.raises(Exception, match=r"ERC2612InvalidSigner|ECDSA"):
        await stage.send(stage.accounts.stranger, grid.meta_scheduler.self_permit(permit))


async def run_to(stage: Stage, status: JobStatus) -> JobId:
    """Bring a job of the customer to a status at the provider."""
    accounts, contract = stage.accounts, stage.grid.meta_scheduler
    provider = parse_address(accounts.provider.address)
    job_id = await stage.request(accounts.customer)
    await stage.send(accounts.metascheduler, contract.meta_schedule(job_id, provider))
    if status >= JobStatus.SCHEDULED:
        await stage.send(accounts.provider, contract.claim_next_jobs(5))
    if status >= JobStatus.RUNNING:
        running = contract.provider_set_job_status(job_id, Report(JobStatus.RUNNING))
        await stage.send(accounts.provider, running)
    assert await stage.status(job_id) is status
    return job_id


def settled(receipt: Receipt) -> JobSettled:
    [event] = [e for log in receipt.logs if isinstance(e := decode_event(log), JobSettled)]
    return event


def paid(event: JobSettled) -> tuple[int, int, int]:
    return event.provider_amount, event.fee, event.refund


def expected(bill: Bill) -> tuple[int, int, int]:
    return bill.provider_wei, bill.fee_wei, bill.refund_wei


@pytest.mark.parametrize(("ran_s", "reported"), [(1800, 30), (1800, 45), (1800, 46), (59, 0)])
async def test_report__any_duration__is_billed_as_our_formula_says(
    provider_stage: Stage, ran_s: int, reported: int
) -> None:
    grid = provider_stage.grid
    job_id = await run_to(provider_stage, JobStatus.RUNNING)
    terms = await grid.jobs.get_terms(job_id)
    await provider_stage.advance(ran_s - 2)
    job = await grid.jobs.get(job_id)
    report = Report(JobStatus.FINISHED, duration_minutes=reported, exit_code=0)
    call = grid.meta_scheduler.provider_set_job_status(job_id, report)
    [receipt] = await provider_stage.send(provider_stage.accounts.provider, call)
    ended_s = (await grid.rpc.block(receipt.block_number)).timestamp
    bill = settle_report(job, terms, now_s=ended_s, reported_minutes=reported)
    assert paid(settled(receipt)) == expected(bill)
    assert sum(paid(settled(receipt))) == LOCKED_WEI
    warned = any(isinstance(decode_event(log), BilledTooMuchEvent) for log in receipt.logs)
    assert warned is bill.was_clamped
    assert (await grid.jobs.get(job_id)).cost.final_cost == bill.final_cost_wei


async def test_cancel__scheduled__is_billed_as_our_formula_says(provider_stage: Stage) -> None:
    grid = provider_stage.grid
    job_id = await run_to(provider_stage, JobStatus.SCHEDULED)
    job, terms = await grid.jobs.get(job_id), await grid.jobs.get_terms(job_id)
    [receipt] = await provider_stage.send(
        provider_stage.accounts.customer, grid.meta_scheduler.cancel_job(job_id)
    )
    ended_s = (await grid.rpc.block(receipt.block_number)).timestamp
    assert paid(settled(receipt)) == expected(settle_cancel_scheduled(job, terms, now_s=ended_s))


async def test_expire__after_a_checkpoint__is_billed_as_our_formula_says(
    provider_stage: Stage,
) -> None:
    grid, accounts = provider_stage.grid, provider_stage.accounts
    job_id = await run_to(provider_stage, JobStatus.RUNNING)
    await provider_stage.advance(1859)
    await provider_stage.send(accounts.provider, grid.meta_scheduler.checkpoint_job(job_id))
    job, terms = await grid.jobs.get(job_id), await grid.jobs.get_terms(job_id)
    await provider_stage.advance(terms.deadline - (await grid.head()).timestamp)
    [receipt] = await provider_stage.send(accounts.stranger, grid.meta_scheduler.expire_job(job_id))
    ended_s = (await grid.rpc.block(receipt.block_number)).timestamp
    assert paid(settled(receipt)) == expected(settle_expiry(job, terms, now_s=ended_s))


async def test_life__of_a_job__is_told_by_its_events(provider_stage: Stage) -> None:
    grid, accounts = provider_stage.grid, provider_stage.accounts
    start = (await grid.head()).number + 1
    job_id = await run_to(provider_stage, JobStatus.RUNNING)
    done = grid.meta_scheduler.provider_set_job_status(job_id, Report(JobStatus.FAILED, 1, "x", 3))
    await provider_stage.send(accounts.provider, done)
    head = await grid.head()
    kinds = [NewJobRequestEvent, JobAssigned, ClaimJobEvent, JobTransitionEvent, JobSettled]
    found = [e for _, e in await grid.get_events(kinds, from_block=start, to_block=head.number)]
    moves = [(e.from_.name, e.to.name) for e in found if isinstance(e, JobTransitionEvent)]
    assert moves == [
        ("PENDING", "META_SCHEDULED"),
        ("META_SCHEDULED", "SCHEDULED"),
        ("SCHEDULED", "RUNNING"),
        ("RUNNING", "FAILED"),
    ]
    claim = next(e for e in found if isinstance(e, ClaimJobEvent))
    assert (claim.job_id, claim.max_duration_minute) == (job_id, 1000)
    assert claim.job_definition == a_definition()
    transfers = await grid.get_events([Transfer], from_block=start, to_block=head.number)
    assert sum(1 for _, e in transfers if isinstance(e, Transfer)) == 3
    job = await grid.jobs.get(job_id)
    assert (job.status, job.last_error, job.exit_code) == (JobStatus.FAILED, "x", 3)


async def test_try_multicall__one_call_fails__the_others_happen(provider_stage: Stage) -> None:
    grid, accounts = provider_stage.grid, provider_stage.accounts
    running = await run_to(provider_stage, JobStatus.RUNNING)
    scheduled = await run_to(provider_stage, JobStatus.SCHEDULED)
    finish = Report(JobStatus.FINISHED, 1)
    calls = [
        grid.meta_scheduler.provider_set_job_status(job_id, finish)
        for job_id in (scheduled, running)
    ]
    [receipt] = await provider_stage.send(
        accounts.provider, grid.meta_scheduler.try_multicall(calls)
    )
    [failed] = [e for log in receipt.logs if isinstance(e := decode_event(log), CallFailed)]
    error = decode_revert(failed.reason)
    assert (failed.index, type(error)) == (0, InvalidTransition)
    assert await provider_stage.status(running) is JobStatus.FINISHED
    assert await provider_stage.status(scheduled) is JobStatus.SCHEDULED


async def test_errors__of_the_contracts__come_by_name_with_values(provider_stage: Stage) -> None:
    grid, accounts = provider_stage.grid, provider_stage.accounts
    with pytest.raises(InsufficientFunds) as caught:
        await provider_stage.request(accounts.customer, locked_wei=5)
    assert (caught.value.available, caught.value.required) == (5, 100 * WEI_PER_CREDIT)
    with pytest.raises(NoJob):
        await provider_stage.send(accounts.provider, grid.meta_scheduler.claim_next_job())


async def test_paging__more_than_a_page__reads_each_once(
    provider_stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("deployed", "job_repository"):
        monkeypatch.setattr(f"deepsquare.chain.contracts.{module}.PAGE_SIZE", 2)
    grid, customer = provider_stage.grid, provider_stage.accounts.customer
    ids = [await provider_stage.request(customer) for _ in range(5)]
    block = await grid.head()
    assert sorted(await grid.jobs.get_pending(at=block)) == sorted(ids)
    found = [job.job_id for job in await grid.jobs.get_many(ids, at=block)]
    assert found == ids
    page, cursor = await grid.jobs.get_by_customer_page(
        parse_address(customer.address), cursor=1, limit=3
    )
    assert (list(page), cursor) == (ids[1:4], 4)
