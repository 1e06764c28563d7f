"""What the contracts refuse, with which error and values: states, callers and bounds."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from eth_utils.crypto import keccak
from tests.contracts.conformance.stage import (
    BIG_NODES,
    CREDIT,
    CUSTOMER,
    ONE_CREDIT_A_MINUTE,
    PROVIDER,
    Stage,
    a_stage,
)
from tests.contracts.invariants.reference_jobs import ALLOWED, COLD
from tests.contracts.invariants.world import DEPLOYER, OPERATOR, SCHEDULER, STRANGER

from deepsquare.chain._generated import errors as er
from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain._generated.structs import (
    Affinity,
    Label,
    ProviderHardware,
    ProviderPrices,
)
from deepsquare.chain.call import Call
from deepsquare.chain.contract_error import ContractError
from deepsquare.identifiers import ZERO_ADDRESS, Address, JobId

UNKNOWN = JobId("0x" + "ab" * 32)
ADMIN_ROLE = bytes(32)
SCHEDULER_ROLE = keccak(text="METASCHEDULER_ROLE")
OPERATOR_ROLE = keccak(text="PROVIDER_OPERATOR_ROLE")


@pytest.fixture
def stage() -> Iterator[Stage]:
    with a_stage() as ready:
        yield ready


def _refusal(from_: S, to: S) -> ContractError | None:
    if from_ == to:
        return er.SameStatusError()
    if from_ in COLD:
        return er.JobHotStatusOnly(from_)
    return None if to in ALLOWED[from_] else er.InvalidTransition(from_, to)


def _a_job_in(stage: Stage, status: S) -> JobId:
    if status != S.FINISHED and status in COLD:
        job_id = stage.a_job_in(S.RUNNING)
        assert stage.report(job_id, status).error is None
        return job_id
    return stage.a_job_in(status)


def _move_to(stage: Stage, job_id: JobId, to: S) -> tuple[Address, Call]:
    """The call that asks for a status, whatever the job's present one is, and its caller."""
    meta = stage.world.meta_scheduler
    if to == S.PENDING:
        return SCHEDULER, meta.timeout_job(job_id)
    if to == S.META_SCHEDULED:
        return SCHEDULER, meta.meta_schedule(job_id, PROVIDER)
    if to == S.PANICKED:
        return SCHEDULER, meta.panic_job(job_id, "")
    return PROVIDER, stage.report_call(job_id, to)


MATRIX = [(from_, to) for from_ in S for to in S if to != S.SCHEDULED]
"""SCHEDULED is reached by claims alone, and they take META_SCHEDULED jobs only."""


@pytest.mark.parametrize(("from_", "to"), MATRIX)
def test_transition__follows_the_matrix(stage: Stage, from_: S, to: S) -> None:
    job_id = _a_job_in(stage, from_)
    sender, call = _move_to(stage, job_id, to)
    if from_ == S.PENDING and sender == PROVIDER:
        stage.refused(PROVIDER, call, er.JobProviderOnly(PROVIDER, ZERO_ADDRESS))
        return
    expected = _refusal(from_, to)
    if expected:
        stage.refused(sender, call, expected)
        assert stage.job(job_id).status == from_
    else:
        stage.must(sender, call)
        assert stage.job(job_id).status == to


@pytest.mark.parametrize("status", [S.PENDING, S.META_SCHEDULED, S.SCHEDULED])
def test_report__of_what_is_no_start_and_no_end__is_refused(stage: Stage, status: S) -> None:
    job_id = stage.a_job_in(S.RUNNING)
    stage.refused(PROVIDER, stage.report_call(job_id, status), er.RunningColdStatusOnly(status))


CallOfJob = Callable[[Stage, JobId], Call]
JOB_CALLS: dict[str, CallOfJob] = {
    "cancel": lambda s, j: s.world.meta_scheduler.cancel_job(j),
    "top up": lambda s, j: s.world.meta_scheduler.top_up_job(j, CREDIT),
    "top up by delegation": lambda s, j: s.world.meta_scheduler.top_up_job_delegate(j),
    "delegate": lambda s, j: s.world.meta_scheduler.set_delegate_spending_authority(
        j, is_allowed=True
    ),
    "assign": lambda s, j: s.world.meta_scheduler.meta_schedule(j, PROVIDER),
    "time out": lambda s, j: s.world.meta_scheduler.timeout_job(j),
    "panic": lambda s, j: s.world.meta_scheduler.panic_job(j, ""),
    "refuse": lambda s, j: s.world.meta_scheduler.refuse_job(j),
    "report": lambda s, j: s.report_call(j, S.RUNNING),
    "checkpoint": lambda s, j: s.world.meta_scheduler.checkpoint_job(j),
    "expire": lambda s, j: s.world.meta_scheduler.expire_job(j),
}


@pytest.mark.parametrize("name", JOB_CALLS)
def test_unknown_job__is_invalid_in_every_function(stage: Stage, name: str) -> None:
    stage.refused(SCHEDULER, JOB_CALLS[name](stage, UNKNOWN), er.InvalidJob())


@pytest.mark.parametrize("name", ["cancel", "delegate"])
def test_customers_call__by_a_stranger__is_refused(stage: Stage, name: str) -> None:
    job_id = stage.a_job_in(S.PENDING)
    stage.refused(STRANGER, JOB_CALLS[name](stage, job_id), er.CustomerOnly(STRANGER, CUSTOMER))


@pytest.mark.parametrize("name", ["refuse", "report", "checkpoint"])
def test_providers_call__by_a_stranger__is_refused(stage: Stage, name: str) -> None:
    job_id = stage.a_job_in(S.SCHEDULED)
    stage.refused(STRANGER, JOB_CALLS[name](stage, job_id), er.JobProviderOnly(STRANGER, PROVIDER))


@pytest.mark.parametrize("name", ["assign", "panic"])
def test_meta_schedulers_call__by_a_stranger__is_refused(stage: Stage, name: str) -> None:
    job_id = stage.a_job_in(S.PENDING)
    error = er.AccessControlUnauthorizedAccount(STRANGER, SCHEDULER_ROLE)
    stage.refused(STRANGER, JOB_CALLS[name](stage, job_id), error)


def test_delegated_top_up__by_a_stranger_or_undelegated__is_refused(stage: Stage) -> None:
    job_id = stage.a_job_in(S.RUNNING)
    call = stage.world.meta_scheduler.top_up_job_delegate(job_id)
    stage.refused(STRANGER, call, er.CustomerMetaSchedulerProviderOnly())
    stage.refused(SCHEDULER, call, er.NoSpendingAuthority())


def test_admins_call__by_a_stranger__is_refused(stage: Stage) -> None:
    meta, providers, constants = (
        stage.world.meta_scheduler,
        stage.world.providers,
        stage.world.constants,
    )
    admin_only = er.AccessControlUnauthorizedAccount(STRANGER, ADMIN_ROLE)
    stage.refused(STRANGER, meta.set_enable_request_new_job(is_enabled=False), admin_only)
    stage.refused(STRANGER, meta.withdraw_admin(0), admin_only)
    stage.refused(STRANGER, meta.grant_role(SCHEDULER_ROLE, STRANGER), admin_only)
    stage.refused(STRANGER, providers.set_job_count_source(STRANGER), admin_only)
    operator_only = er.AccessControlUnauthorizedAccount(STRANGER, OPERATOR_ROLE)
    for call in (
        providers.approve(PROVIDER),
        providers.approve_proposal(PROVIDER, bytes(32)),
        providers.remove(PROVIDER),
        providers.ban(PROVIDER),
        providers.unban(PROVIDER),
    ):
        stage.refused(STRANGER, call, operator_only)
    owner_only = er.OwnableUnauthorizedAccount(STRANGER)
    stage.refused(STRANGER, constants.set_value("deepsquareCut", 1), owner_only)
    stage.refused(STRANGER, stage.world.credit.mint(STRANGER, 1), owner_only)


@pytest.mark.parametrize("status", [S.META_SCHEDULED, S.RUNNING])
def test_refuse__only_what_is_not_started(stage: Stage, status: S) -> None:
    job_id = stage.a_job_in(status)
    call = stage.world.meta_scheduler.refuse_job(job_id)
    if status == S.RUNNING:
        stage.refused(PROVIDER, call, er.MetaScheduledScheduledStatusOnly(status))
    else:
        stage.must(PROVIDER, call)


@pytest.mark.parametrize("status", [S.PENDING, S.META_SCHEDULED, S.FINISHED])
def test_top_up__only_what_a_provider_works_on(stage: Stage, status: S) -> None:
    job_id = stage.a_job_in(status)
    call = stage.world.meta_scheduler.top_up_job(job_id, CREDIT)
    stage.refused(CUSTOMER, call, er.RunningScheduledStatusOnly(status))


@pytest.mark.parametrize("name", ["checkpoint", "expire"])
def test_attesting_and_expiring__only_what_runs(stage: Stage, name: str) -> None:
    job_id = stage.a_job_in(S.SCHEDULED)
    stage.refused(PROVIDER, JOB_CALLS[name](stage, job_id), er.RunningStatusOnly(S.SCHEDULED))


def test_claim__by_a_banned_or_unknown_provider__is_refused(stage: Stage) -> None:
    meta = stage.world.meta_scheduler
    stage.must(OPERATOR, stage.world.providers.ban(PROVIDER))
    for sender in (PROVIDER, STRANGER):
        stage.refused(sender, meta.claim_next_job(), er.ProviderNotJoined())
        stage.refused(sender, meta.claim_next_jobs(1), er.ProviderNotJoined())
        stage.refused(sender, meta.claim_next_cancelling_job(), er.NoJob())
        stage.refused(sender, meta.claim_next_top_up_job(), er.NoJob())


def _labels(count: int, key_bytes: int = 4, value_bytes: int = 0) -> tuple[Label, ...]:
    return tuple(Label(f"{i:0{key_bytes}d}", "v" * value_bytes) for i in range(count))


def _affinities(op: bytes, count: int = 1) -> tuple[Affinity, ...]:
    return tuple(Affinity(Label("key", "value"), op) for _ in range(count))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"ntasks": 0}, er.InvalidJobDefinition()),
        ({"cpus_per_task": 0}, er.InvalidJobDefinition()),
        ({"mem_per_cpu": 0}, er.InvalidJobDefinition()),
        ({"batch_location_hash": ""}, er.InvalidJobDefinition()),
        ({"uses": (Label("", "v"),)}, er.InvalidJobDefinition()),
        ({"affinity": _affinities(b"=\0")}, er.InvalidJobDefinition()),
        ({"batch_location_hash": "x" * 129}, er.JobDefinitionTooLarge(129, 128)),
        ({"uses": _labels(17)}, er.JobDefinitionTooLarge(17, 16)),
        ({"affinity": _affinities(b"==", 17)}, er.JobDefinitionTooLarge(17, 16)),
        ({"uses": _labels(1, 65)}, er.JobDefinitionTooLarge(65, 64)),
        ({"uses": _labels(1, 4, 129)}, er.JobDefinitionTooLarge(129, 128)),
        ({"uses": _labels(16, 64, 65)}, er.JobDefinitionTooLarge(2064, 2048)),
    ],
)
def test_definition__out_of_bounds__is_refused(
    stage: Stage, changes: dict[str, Any], error: ContractError
) -> None:
    with pytest.raises(AssertionError) as refused:
        stage.request(**changes)
    assert str(error) in str(refused.value)


@pytest.mark.parametrize("op", [b"==", b"!=", b"<\0", b"<=", b">\0", b">=", b"in"])
def test_definition__at_its_bounds__comes_back_as_it_went(stage: Stage, op: bytes) -> None:
    changes: dict[str, Any] = {
        "batch_location_hash": "é" * 64,
        "uses": _labels(16, 32, 96),
        "affinity": (),
    }
    job_id = stage.request(**changes)
    assert stage.job(job_id).definition.uses == changes["uses"]
    assert stage.job(job_id).definition.batch_location_hash == "é" * 64
    wished = stage.request(affinity=_affinities(op, 16))
    assert stage.job(wished).definition.affinity == _affinities(op, 16)


def test_amount__above_the_cap__is_refused(stage: Stage) -> None:
    with pytest.raises(AssertionError, match="AmountTooLarge"):
        stage.request(2**96)
    job_id = stage.a_job_in(S.RUNNING)
    call = stage.world.meta_scheduler.top_up_job(job_id, 2**96 - 1)
    stage.refused(CUSTOMER, call, er.AmountTooLarge(2**96 - 1))


@pytest.mark.parametrize(
    ("hardware", "prices", "labels", "error"),
    [
        (ProviderHardware(0, (), (), ()), None, (), er.InvalidNodesCount()),
        (ProviderHardware(1025, (), (), ()), None, (), er.InvalidNodesCount()),
        (ProviderHardware(2, (0,), (1, 1), (1, 1)), None, (), er.ArrayLengthMismatch()),
        (ProviderHardware(1, (0,), (2**32,), (1,)), None, (), er.HardwareOutOfRange()),
        (ProviderHardware(1, (2**32,), (1,), (1,)), None, (), er.HardwareOutOfRange()),
        (ProviderHardware(2, (0, 0), (1, 1), (2**63, 2**63)), None, (), er.HardwareOutOfRange()),
        (ProviderHardware(1, (0,), (0,), (1,)), None, (), er.InvalidTotalCpus()),
        (ProviderHardware(1, (0,), (1,), (0,)), None, (), er.InvalidTotalMem()),
        (BIG_NODES, ProviderPrices(1, 0, 0), (), er.InvalidPrices()),
        (BIG_NODES, ProviderPrices(0, 2**96, 0), (), er.InvalidPrices()),
        (BIG_NODES, None, _labels(65), er.LabelsTooLarge(65, 64)),
        (BIG_NODES, None, _labels(1, 65), er.LabelsTooLarge(65, 64)),
        (BIG_NODES, None, _labels(64, 64, 65), er.LabelsTooLarge(8256, 8192)),
    ],
)
def test_registration__out_of_bounds__is_refused(
    stage: Stage,
    hardware: ProviderHardware,
    prices: ProviderPrices | None,
    labels: tuple[Label, ...],
    error: ContractError,
) -> None:
    call = stage.world.providers.register(hardware, prices or ONE_CREDIT_A_MINUTE, labels)
    stage.refused(STRANGER, call, error)


def test_operator__what_has_no_effect__is_refused(stage: Stage) -> None:
    providers = stage.world.providers
    stage.refused(OPERATOR, providers.approve(PROVIDER), er.WaitingApprovalOnly())
    stage.refused(OPERATOR, providers.remove(STRANGER), er.NoProvider())
    stage.refused(OPERATOR, providers.unban(PROVIDER), er.AlreadyDone())
    stage.must(OPERATOR, providers.ban(PROVIDER))
    stage.refused(OPERATOR, providers.ban(PROVIDER), er.AlreadyDone())
    register = providers.register(BIG_NODES, ONE_CREDIT_A_MINUTE, ())
    stage.refused(PROVIDER, register, er.Banned())


def test_fees__cannot_be_withdrawn_beyond_what_accrued(stage: Stage) -> None:
    call = stage.world.meta_scheduler.withdraw_admin(1)
    stage.refused(DEPLOYER, call, er.InsufficientFunds(0, 1))
