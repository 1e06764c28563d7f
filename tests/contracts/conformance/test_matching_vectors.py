"""The conformance vectors of protocol.md 4.4 about hardware and queues."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.contracts.conformance.stage import (
    CREDIT,
    CUSTOMER,
    ONE_CREDIT_A_MINUTE,
    PROVIDER,
    Stage,
    a_stage,
    has,
    one,
)
from tests.contracts.invariants.revm import read
from tests.contracts.invariants.world import SCHEDULER

from deepsquare.chain import events as ev
from deepsquare.chain._generated import errors as er
from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain._generated.structs import ProviderHardware, ProviderPrices
from deepsquare.chain.contract_error import ContractError

TWO_NODES = ProviderHardware(2, (0, 0), (64, 64), (256_000, 256_000))
MIXED_NODES = ProviderHardware(2, (0, 0), (128, 8), (64_000, 1_000_000))


@pytest.fixture
def stage() -> Iterator[Stage]:
    with a_stage() as ready:
        yield ready


@pytest.mark.parametrize(
    ("hardware", "job", "error"),
    [
        (
            TWO_NODES,
            {"ntasks": 5, "cpus_per_task": 32},
            er.InsufficientHardware(0, 160, 128),
        ),
        (
            TWO_NODES,
            {"cpus_per_task": 65},
            er.InsufficientHardware(3, 65, 0),
        ),
        (
            TWO_NODES,
            {"cpus_per_task": 4, "mem_per_cpu": 100_000},
            er.InsufficientHardware(3, 4, 0),
        ),
        (
            MIXED_NODES,
            {"cpus_per_task": 64, "mem_per_cpu": 8000},
            er.InsufficientHardware(3, 64, 0),
        ),
        (
            TWO_NODES,
            {"ntasks": 100, "mem_per_cpu": 10_000},
            er.InsufficientHardware(1, 1_000_000, 512_000),
        ),
        (TWO_NODES, {"gpus": 1}, er.InsufficientHardware(2, 1, 0)),
    ],
)
def test_vectors_31_to_33__what_does_not_fit__is_refused_with_the_resource(
    stage: Stage, hardware: ProviderHardware, job: dict[str, Any], error: ContractError
) -> None:
    stage.join(ONE_CREDIT_A_MINUTE, hardware)
    job_id = stage.request(**job)
    stage.refused(SCHEDULER, stage.world.meta_scheduler.meta_schedule(job_id, PROVIDER), error)


def test_vector_34__lock_below_one_minute__is_refused(stage: Stage) -> None:
    stage.join(ProviderPrices(0, 100 * CREDIT + 1, 0))
    job_id = stage.request(100 * CREDIT)
    error = er.LockedCreditsTooLow(100 * CREDIT, 100 * CREDIT + 1)
    stage.refused(SCHEDULER, stage.world.meta_scheduler.meta_schedule(job_id, PROVIDER), error)


def cancelled_claimables(stage: Stage, count: int) -> None:
    for _ in range(count):
        job_id = stage.a_job_in(S.META_SCHEDULED)
        stage.must(CUSTOMER, stage.world.meta_scheduler.cancel_job(job_id))


def test_vector_35__live_job_behind_33_stale_ones__takes_two_claims(stage: Stage) -> None:
    cancelled_claimables(stage, 33)
    live = stage.a_job_in(S.META_SCHEDULED)
    meta, queues = stage.world.meta_scheduler, stage.world.queues
    assert read(queues.has_next_claimable_job(PROVIDER))
    assert not has(stage.must(PROVIDER, meta.claim_next_job()), ev.ClaimJobEvent)
    assert read(queues.has_next_claimable_job(PROVIDER))
    claim = one(stage.must(PROVIDER, meta.claim_next_job()), ev.ClaimJobEvent)
    assert claim.job_id == live


def test_vector_36__only_stale_entries__are_no_job(stage: Stage) -> None:
    cancelled_claimables(stage, 32)
    meta, queues = stage.world.meta_scheduler, stage.world.queues
    assert not read(queues.has_next_claimable_job(PROVIDER))
    stage.refused(PROVIDER, meta.claim_next_job(), er.NoJob())
    outcome = stage.must(PROVIDER, meta.claim_next_jobs(5))
    assert int.from_bytes(outcome.output) == 0
    assert read(queues.claimable_size(PROVIDER)) == 0


def test_claims_in_one_call__are_at_most_64(stage: Stage) -> None:
    for _ in range(65):
        stage.a_job_in(S.META_SCHEDULED, 100 * CREDIT)
    outcome = stage.must(PROVIDER, stage.world.meta_scheduler.claim_next_jobs(2**256 - 1))
    assert int.from_bytes(outcome.output) == 64
