"""The lives a job can have, end to end (protocol.md 3 and 4)."""

import ape
import pytest
from ape import chain
from eth_account import Account
from eth_account.messages import encode_typed_data
from tests.contracts.grid import CREDIT, JOB_NAME, MINUTE, ContractGrid, a_definition

from deepsquare.chain._generated.enums import JobStatus


@pytest.fixture(autouse=True)
def provider(grid: ContractGrid) -> None:
    grid.join(grid.people.provider)


def test_life__finished_in_time__pays_provider_fee_and_refund(grid: ContractGrid) -> None:
    people = grid.people
    job_id = grid.a_job(JobStatus.RUNNING)
    grid.wait(30 * MINUTE)

    receipt = grid.report(job_id, JobStatus.FINISHED, 30, exit_code=256, error="x")

    assert grid.settlement(receipt) == (24 * CREDIT, 6 * CREDIT, 970 * CREDIT)
    assert grid.credit.balanceOf(people.provider) == 24 * CREDIT
    assert grid.credit.balanceOf(people.customer) == 970 * CREDIT
    assert grid.meta.accruedFees() == 6 * CREDIT
    assert grid.meta.totalEscrow() == 0
    assert grid.providers.getJobCount(people.provider) == 1
    job = grid.jobs.get(job_id)
    assert (job.status, job.exitCode, job.lastError) == (JobStatus.FINISHED, 256, "x")
    assert job.cost.finalCost == 30 * CREDIT
    assert job.time.end - job.time.start == 30 * MINUTE


def test_request__with_permit__needs_one_transaction(grid: ContractGrid) -> None:
    customer = grid.people.customer
    grid.credit.transfer(customer, 100 * CREDIT, sender=grid.people.admin)
    deadline = chain.pending_timestamp + 3600
    signature = sign_permit(grid, customer.private_key, 100 * CREDIT, deadline)
    permit = grid.meta.selfPermit.encode_input(100 * CREDIT, deadline, *signature)
    request = grid.meta.requestNewJob.encode_input(a_definition(), 100 * CREDIT, JOB_NAME, False)

    grid.meta.multicall([permit, request], sender=customer)

    job_id = grid.jobs.jobIdByCustomer(customer, 0)
    assert grid.jobs.get(job_id).cost.maxCost == 100 * CREDIT
    assert grid.meta.totalEscrow() == 100 * CREDIT


def test_permit__used_by_somebody_before__still_counts(grid: ContractGrid) -> None:
    people = grid.people
    deadline = chain.pending_timestamp + 3600
    signature = sign_permit(grid, people.customer.private_key, 5 * CREDIT, deadline)
    arguments = (people.customer, grid.meta, 5 * CREDIT, deadline, *signature)
    grid.credit.permit(*arguments, sender=people.stranger)

    grid.meta.selfPermit(5 * CREDIT, deadline, *signature, sender=people.customer)
    with ape.reverts(grid.meta.ERC2612InvalidSigner):
        grid.meta.selfPermit(6 * CREDIT, deadline, *signature, sender=people.customer)


@pytest.mark.parametrize("status", [JobStatus.PENDING, JobStatus.META_SCHEDULED])
def test_cancel__before_the_claim__refunds_all(grid: ContractGrid, status: JobStatus) -> None:
    job_id = grid.a_job(status)

    receipt = grid.meta.cancelJob(job_id, sender=grid.people.customer)

    assert grid.settlement(receipt) == (0, 0, 1000 * CREDIT)
    job = grid.jobs.get(job_id)
    assert job.status == JobStatus.CANCELLED
    assert job.time.start == job.time.end == job.time.cancelRequestTimestamp


def test_cancel__of_a_scheduled_job__pays_the_reserved_place_without_fee(
    grid: ContractGrid,
) -> None:
    job_id = grid.a_job(JobStatus.SCHEDULED)

    receipt = grid.meta.cancelJob(job_id, sender=grid.people.customer)

    assert grid.settlement(receipt) == (5 * CREDIT, 0, 995 * CREDIT)
    assert grid.queues.hasCancellingJob(grid.people.provider)
    assert grid.jobs.get(job_id).cost.finalCost == 5 * CREDIT


def test_cancel__of_a_running_job__waits_for_the_report(grid: ContractGrid) -> None:
    people = grid.people
    job_id = grid.a_job(JobStatus.RUNNING, is_delegated=True)
    grid.wait(30 * MINUTE)

    grid.meta.cancelJob(job_id, sender=people.customer)
    again = grid.meta.cancelJob(job_id, sender=people.customer)

    job = grid.jobs.get(job_id)
    assert (job.status, job.hasCancelRequest) == (JobStatus.RUNNING, True)
    assert not job.cost.delegateSpendingAuthority
    assert not again.events
    told = grid.meta.claimNextCancellingJob(sender=people.provider)
    [event] = told.decode_logs(grid.meta.ClaimNextCancellingJobEvent)
    assert bytes(event.jobId) == job_id
    receipt = grid.report(job_id, JobStatus.CANCELLED, 30)
    assert grid.settlement(receipt) == (24 * CREDIT, 6 * CREDIT, 970 * CREDIT)


def test_report__of_more_than_can_be__bills_the_elapsed_time(grid: ContractGrid) -> None:
    job_id = grid.a_job(JobStatus.RUNNING)
    grid.wait(30 * MINUTE)

    receipt = grid.report(job_id, JobStatus.FINISHED, 46)

    [event] = receipt.decode_logs(grid.meta.BilledTooMuchEvent)
    assert event._billingAmount == 46
    assert grid.jobs.get(job_id).cost.finalCost == 30 * CREDIT


def test_top_up__is_announced_in_whole_minutes(grid: ContractGrid) -> None:
    people = grid.people
    job_id = grid.a_job(JobStatus.RUNNING)
    grid.fund(people.customer, 2 * CREDIT)

    grid.meta.topUpJob(job_id, 6 * CREDIT // 10, sender=people.customer)
    assert not grid.queues.hasTopUpJob(people.provider)
    grid.meta.topUpJob(job_id, 6 * CREDIT // 10, sender=people.customer)
    assert grid.queues.getTopUpJobQueueSize(people.provider) == 1

    receipt = grid.meta.claimNextTopUpJob(sender=people.provider)
    [event] = receipt.decode_logs(grid.meta.ClaimNextTopUpJobEvent)
    assert event.maxDurationMinute == 1
    assert grid.jobs.get(job_id).cost.pendingTopUp == 2 * CREDIT // 10


def test_delegated_top_up__of_the_last_slice__draws_on_the_customer(grid: ContractGrid) -> None:
    people = grid.people
    job_id = grid.a_job(JobStatus.RUNNING, lock=100, is_delegated=True)
    grid.fund(people.customer, 30 * CREDIT)
    with ape.reverts(
        grid.meta.RemainingTimeAboveLimit, error_inputs={"remaining": 100, "limit": 30}
    ):
        grid.meta.topUpJobDelegate(job_id, sender=people.provider)
    grid.wait(70 * MINUTE)

    grid.meta.topUpJobDelegate(job_id, sender=people.provider)

    assert grid.jobs.get(job_id).cost.maxCost == 130 * CREDIT
    assert grid.credit.balanceOf(people.customer) == 0


def test_refuse__returns_the_job_to_the_pending_ones(grid: ContractGrid) -> None:
    people = grid.people
    job_id = grid.a_job(JobStatus.SCHEDULED)

    grid.meta.refuseJob(job_id, sender=people.provider)

    assert grid.status(job_id) == JobStatus.PENDING
    assert grid.jobs.getTerms(job_id).costPerMinute == 0
    pending, _ = grid.jobs.getActiveByProvider(ape.utils.ZERO_ADDRESS, 0, 10)
    assert [bytes(item) for item in pending] == [job_id]


def test_timeout__by_a_stranger__needs_the_deadline(grid: ContractGrid) -> None:
    people = grid.people
    job_id = grid.a_job(JobStatus.META_SCHEDULED)
    assigned = chain.blocks.head.timestamp
    grid.wait(599)
    with ape.reverts(grid.meta.DeadlineNotReached):
        grid.meta.timeoutJob(job_id, sender=people.stranger)

    chain.pending_timestamp = assigned + 600
    grid.meta.timeoutJob(job_id, sender=people.stranger)

    assert grid.status(job_id) == JobStatus.PENDING


def test_panic__of_a_running_job__refunds_all_and_stops_it(grid: ContractGrid) -> None:
    people = grid.people
    job_id = grid.a_job(JobStatus.RUNNING)
    grid.meta.checkpointJob(job_id, sender=people.provider)

    receipt = grid.meta.panicJob(job_id, "lost", sender=people.metascheduler)

    assert grid.settlement(receipt) == (0, 0, 1000 * CREDIT)
    job = grid.jobs.get(job_id)
    assert (job.status, job.lastError) == (JobStatus.PANICKED, "lost")
    assert job.time.panicTimestamp == job.time.end
    assert grid.queues.hasCancellingJob(people.provider)


def test_expire__pays_up_to_the_last_checkpoint(grid: ContractGrid) -> None:
    people = grid.people
    job_id = grid.a_job(JobStatus.RUNNING, lock=100)
    started = grid.jobs.get(job_id).time.start
    chain.pending_timestamp = started + 1859
    grid.meta.checkpointJob(job_id, sender=people.provider)
    chain.pending_timestamp = started + 9600

    receipt = grid.meta.expireJob(job_id, sender=people.stranger)

    assert grid.settlement(receipt) == (24 * CREDIT, 6 * CREDIT, 70 * CREDIT)
    assert grid.jobs.get(job_id).lastError == "expired"


def test_queues__behind_a_stale_prefix__are_worked_off(grid: ContractGrid) -> None:
    people = grid.people
    stale = assigned_jobs(grid, 33)
    assert grid.queues.getClaimableJobQueueSize(people.provider) == 33
    grid.meta.multicall(
        [grid.meta.cancelJob.encode_input(job_id) for job_id in stale], sender=people.customer
    )
    live = grid.a_job(JobStatus.META_SCHEDULED)

    assert grid.queues.hasNextClaimableJob(people.provider)
    assert not grid.claim().decode_logs(grid.meta.ClaimJobEvent)
    [event] = grid.claim().decode_logs(grid.meta.ClaimJobEvent)
    assert bytes(event.jobId) == live
    assert event.maxDurationMinute == 1000
    assert grid.queues.getClaimableJobQueueSize(people.provider) == 0
    with ape.reverts(grid.meta.NoJob):
        grid.claim()


def assigned_jobs(grid: ContractGrid, count: int) -> list[bytes]:
    """Request and assign jobs, all at once."""
    people, meta = grid.people, grid.meta
    grid.fund(people.customer, count * 1000 * CREDIT)
    request = meta.requestNewJob.encode_input(a_definition(), 1000 * CREDIT, JOB_NAME, False)
    requested = meta.multicall([request] * count, sender=people.customer)
    jobs = [bytes(event._jobId) for event in requested.decode_logs(meta.NewJobRequestEvent)]
    assign = [meta.metaSchedule.encode_input(job_id, people.provider) for job_id in jobs]
    meta.multicall(assign, sender=people.metascheduler)
    return jobs


def test_labels__of_a_definition__come_back_as_they_went(grid: ContractGrid) -> None:
    uses = [("os", "linux"), ("arch", "")]
    affinity = [(("region", "ch"), b"=="), (("gpu", "a" * 128), b"in")]
    job_id = grid.request(uses=uses, affinity=affinity)
    twin = grid.request(uses=uses, affinity=affinity, customer=grid.people.other_customer)

    for job in (grid.jobs.get(job_id), grid.jobs.get(twin)):
        assert [tuple(label) for label in job.definition.uses] == uses
        found = [(tuple(item.label), bytes(item.op)) for item in job.definition.affinity]
        assert found == affinity
    grid.assign(job_id)
    [event] = grid.claim().decode_logs(grid.meta.ClaimJobEvent)
    uses_member = 6
    assert [tuple(label) for label in event.jobDefinition[uses_member]] == uses


def test_try_multicall__with_a_bad_item__does_the_others(grid: ContractGrid) -> None:
    people = grid.people
    good, bad = grid.a_job(JobStatus.SCHEDULED), grid.request()
    calls = [
        grid.meta.providerSetJobStatus.encode_input(job_id, JobStatus.RUNNING, 0, "", 0)
        for job_id in (bad, good)
    ]

    receipt = grid.meta.tryMulticall(calls, sender=people.provider)

    [event] = receipt.decode_logs(grid.meta.CallFailed)
    assert event._index == 0
    assert grid.status(good) == JobStatus.RUNNING
    with ape.reverts(grid.meta.JobProviderOnly):
        grid.meta.multicall(calls, sender=people.provider)


def test_admin__withdraws_fees_and_pauses_intake(grid: ContractGrid) -> None:
    people = grid.people
    job_id = grid.a_job(JobStatus.RUNNING)
    grid.wait(30 * MINUTE)
    grid.report(job_id, JobStatus.FINISHED, 30)
    before = grid.credit.balanceOf(people.admin)

    grid.meta.withdrawAdmin(6 * CREDIT, sender=people.admin)
    grid.meta.setEnableRequestNewJob(False, sender=people.admin)

    assert grid.credit.balanceOf(people.admin) == before + 6 * CREDIT
    with ape.reverts(grid.meta.NewJobRequestDisabled):
        grid.request()
    with ape.reverts(grid.meta.InsufficientFunds, error_inputs={"available": 0, "required": 1}):
        grid.meta.withdrawAdmin(1, sender=people.admin)


def test_job_ids__equal_the_formula_and_the_simulation(grid: ContractGrid) -> None:
    customer = grid.people.customer
    grid.fund(customer, 2000 * CREDIT)
    request = (a_definition(), 1000 * CREDIT, JOB_NAME, False)
    simulated = grid.meta.requestNewJob.call(*request, sender=customer)
    grid.request(customer=grid.people.other_customer)
    grid.meta.requestNewJob(*request, sender=customer)

    assert grid.jobs.getByCustomer(customer) == [simulated]
    assert grid.jobs.jobIdByCustomer(customer, 0) == simulated
    assert bytes(simulated)[:16] == bytes(16)


def sign_permit(
    grid: ContractGrid, key: str, value: int, deadline: int
) -> tuple[int, bytes, bytes]:
    """Sign an ERC-2612 permit for MetaScheduler; returns v, r, s."""
    owner = Account.from_key(key)
    domain = {
        "name": "DeepSquare Credit",
        "version": "1",
        "chainId": chain.chain_id,
        "verifyingContract": grid.credit.address,
    }
    names = ("owner", "spender", "value", "nonce", "deadline")
    kinds = ("address", "address", "uint256", "uint256", "uint256")
    types = {"Permit": [{"name": n, "type": k} for n, k in zip(names, kinds, strict=True)]}
    nonce = grid.credit.nonces(owner.address)
    values = (owner.address, grid.meta.address, value, nonce, deadline)
    message = encode_typed_data(domain, types, dict(zip(names, values, strict=True)))
    signed = owner.sign_message(message)
    return signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big")
