"""Values for tests with sensible defaults: name only what the test is about."""

from dataclasses import replace
from typing import Any

from deepsquare.amounts import WEI_PER_CREDIT
from deepsquare.chain import (
    Job,
    JobCost,
    JobDefinition,
    JobStatus,
    JobTerms,
    JobTime,
    Label,
    Provider,
    ProviderHardware,
    ProviderPrices,
    StorageType,
)
from deepsquare.chain.statuses import HOT
from deepsquare.deployment.plan import DEFAULT_CONSTANTS
from deepsquare.hashing import batch_location_hash
from deepsquare.identifiers import (
    ZERO_ADDRESS,
    Address,
    BatchLocationHash,
    JobId,
    job_id_from_bytes,
    parse_address,
)

SCRIPT = b"#!/bin/bash\ntrue\n"
CUSTOMER = parse_address("0x" + "c1" * 20)
PROVIDER = parse_address("0x" + "d1" * 20)
START_S = 1_700_000_000
"""Chain time at which the jobs of `a_job` start."""


def a_job_id(number: int = 1) -> JobId:
    """Return a job id from a small number."""
    return job_id_from_bytes(number.to_bytes(32, "big"))


def an_address(number: int = 1) -> Address:
    """Return an address from a small number."""
    return parse_address("0x" + number.to_bytes(20, "big").hex())


def a_definition(
    *,
    ntasks: int = 1,
    cpus_per_task: int = 1,
    mem_per_cpu_mb: int = 1024,
    gpus: int = 0,
    script: bytes = SCRIPT,
    **changes: Any,  # noqa: ANN401 - whatever fields the test is about
) -> JobDefinition:
    """Return a job definition of one small task, with the hash of ``script``."""
    definition = JobDefinition(
        gpus=gpus,
        mem_per_cpu=mem_per_cpu_mb,
        cpus_per_task=cpus_per_task,
        ntasks=ntasks,
        batch_location_hash=BatchLocationHash(batch_location_hash(script)),
        storage_type=StorageType(0),
        uses=(),
        affinity=(),
    )
    return replace(definition, **changes)


def a_job(
    status: JobStatus = JobStatus.RUNNING,
    *,
    number: int = 1,
    locked_wei: int = 1000 * WEI_PER_CREDIT,
    definition: JobDefinition | None = None,
    cancel_requested_s: int = 0,
    **changes: Any,  # noqa: ANN401 - whatever fields the test is about
) -> Job:
    """Return a job of `CUSTOMER`, assigned to `PROVIDER` unless PENDING, started at `START_S`."""
    is_pending, is_cold = status is JobStatus.PENDING, status not in HOT
    has_started = is_cold or status is JobStatus.RUNNING
    job = Job(
        job_id=a_job_id(number),
        status=status,
        customer_addr=CUSTOMER,
        provider_addr=ZERO_ADDRESS if is_pending else PROVIDER,
        definition=definition or a_definition(),
        cost=JobCost(locked_wei, 0, 0, delegate_spending_authority=False),
        time=JobTime(
            submit=START_S - 60,
            start=START_S if has_started else 0,
            end=START_S + 60 if is_cold else 0,
            cancel_request_timestamp=cancel_requested_s,
            block_number_state_change=1,
            panic_timestamp=0,
        ),
        job_name=bytes(32),
        has_cancel_request=bool(cancel_requested_s),
        last_error="",
        exit_code=0,
    )
    return replace(job, **changes)


def some_terms(
    cost_per_minute_wei: int = WEI_PER_CREDIT,
    **changes: int,
) -> JobTerms:
    """Return the terms of a job under the default constants (protocol.md 2.5)."""
    terms = JobTerms(
        cost_per_minute=cost_per_minute_wei,
        deepsquare_cut=DEFAULT_CONSTANTS["deepsquareCut"],
        bill_duration_delta_minute=DEFAULT_CONSTANTS["billDurationDeltaMinute"],
        cancellation_fee_minute=DEFAULT_CONSTANTS["cancellationFeeMinute"],
        top_up_slice_duration_min=DEFAULT_CONSTANTS["topUpSliceDurationMin"],
        claim_job_timeout=DEFAULT_CONSTANTS["claimJobTimeout"],
        start_job_timeout=DEFAULT_CONSTANTS["startJobTimeout"],
        expire_grace_minute=DEFAULT_CONSTANTS["expireGraceMinute"],
        last_checkpoint=0,
        deadline=2**63,
    )
    return replace(terms, **changes)


def some_prices(
    *, gpu_wei: int = 0, cpu_wei: int = WEI_PER_CREDIT, mem_wei: int = 0
) -> ProviderPrices:
    """Return prices per minute and GPU, CPU thread, MB."""
    return ProviderPrices(gpu_wei, cpu_wei, mem_wei)


def some_hardware(
    *nodes: tuple[int, int, int],
) -> ProviderHardware:
    """Return nodes given as (CPUs, memory in MB, GPUs); two of 16 CPUs by default."""
    nodes = nodes or ((16, 64_000, 0), (16, 64_000, 0))
    return ProviderHardware(
        nodes=len(nodes),
        gpus_per_node=tuple(gpus for _, _, gpus in nodes),
        cpus_per_node=tuple(cpus for cpus, _, _ in nodes),
        mem_per_node=tuple(memory for _, memory, _ in nodes),
    )


def a_provider(
    number: int = 1,
    *,
    hardware: ProviderHardware | None = None,
    prices: ProviderPrices | None = None,
    labels: dict[str, str] | None = None,
    is_banned: bool = False,
) -> Provider:
    """Return a joined provider."""
    return Provider(
        addr=an_address(0xD000 + number),
        provider_hardware=hardware or some_hardware(),
        provider_prices=prices or some_prices(),
        labels=tuple(Label(key, value) for key, value in (labels or {}).items()),
        is_banned=is_banned,
    )
