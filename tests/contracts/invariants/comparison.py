"""The chain's records beside those of the reference."""

from dataclasses import asdict, fields, is_dataclass
from typing import Any

from tests.contracts.invariants.reference_grid import (
    CANCELLING,
    CLAIMABLE,
    TOP_UP,
    Offer,
    Reference,
)
from tests.contracts.invariants.reference_jobs import RefJob
from tests.contracts.invariants.revm import read
from tests.contracts.invariants.world import EVERYBODY, World

from deepsquare.errors import DeepSquareError
from deepsquare.identifiers import Address


def shown(error: DeepSquareError | None) -> str:
    """Write an error with its values, so that two can be compared."""
    if error is None:
        return "success"
    if not is_dataclass(error):
        return repr(error)
    return f"{type(error).__name__}({[getattr(error, f.name) for f in fields(error)]})"


def check_job(world: World, expected: RefJob) -> None:
    """Require of the chain what the reference knows of a job."""
    job = read(world.jobs.get(expected.id))
    assert _facts_of_chain(job) == _facts_of_reference(expected), expected.id
    terms = read(world.jobs.get_terms(expected.id))
    assert asdict(terms) == _terms_of_reference(expected), expected.id


def check_grid(world: World, reference: Reference) -> None:
    """Require of the chain what the reference knows beside the jobs."""
    assert read(world.meta_scheduler.enable_request_new_job()) == reference.is_open
    values = tuple(asdict(read(world.constants.values())).values())
    assert values == tuple(reference.constants.values()), "the constants"
    for account in {*EVERYBODY, *world.cast.everybody, world.meta_scheduler.address}:
        assert read(world.credit.balance_of(account)) == reference.balances[account], account
    assert set(read(world.providers.get_joined())) == set(reference.joined), "27: who joined"
    assert set(read(world.providers.get_all_waiting())) == set(reference.waiting), "who waits"
    _check_roles(world, reference)
    for provider in world.cast.providers:
        _check_provider(world, reference, provider)
        _check_queues(world, reference, provider)


def _check_roles(world: World, reference: Reference) -> None:
    for role, contract in (("scheduler", world.meta_scheduler), ("operator", world.providers)):
        role_id = reference.roles[role]
        holders = {who for who in EVERYBODY if read(contract.has_role(role_id, who))}
        assert holders == reference.holders[role] & set(EVERYBODY), f"who is {role}"


def _check_provider(world: World, reference: Reference, provider: Address) -> None:
    manager = world.providers
    joined, waiting = read(manager.get_provider(provider)), read(manager.get_waiting(provider))
    assert _offer(joined) == reference.joined.get(provider), "27: what was approved"
    assert _offer(waiting) == reference.waiting.get(provider), "27: what was proposed"
    proposal = reference.waiting.get(provider)
    digest = proposal.digest if proposal else bytes(32)
    assert read(manager.proposal_hash(provider)) == digest, "27: the hash of what was proposed"
    assert read(manager.is_banned(provider)) == (provider in reference.banned), "27"
    assert read(manager.get_job_count(provider)) == reference.started[provider], "jobs started"


def _offer(provider: Any) -> Offer | None:
    if not provider.provider_hardware.nodes:
        return None
    return Offer(provider.provider_hardware, provider.provider_prices, provider.labels)


def _check_queues(world: World, reference: Reference, provider: Address) -> None:
    sizes = {
        CLAIMABLE: read(world.queues.claimable_size(provider)),
        CANCELLING: read(world.queues.cancelling_size(provider)),
        TOP_UP: read(world.queues.top_up_size(provider)),
    }
    assert sizes == {kind: len(reference.queues[provider, kind]) for kind in sizes}, "queues"


def _terms_of_reference(job: RefJob) -> dict[str, int]:
    terms = None if job.is_cold else job.terms
    return {
        "cost_per_minute": terms.cost_per_minute if terms else 0,
        "deepsquare_cut": terms.cut if terms else 0,
        "bill_duration_delta_minute": terms.delta if terms else 0,
        "cancellation_fee_minute": terms.cancellation_fee if terms else 0,
        "top_up_slice_duration_min": terms.slice if terms else 0,
        "claim_job_timeout": terms.claim_timeout if terms else 0,
        "start_job_timeout": terms.start_timeout if terms else 0,
        "expire_grace_minute": terms.expire_grace if terms else 0,
        "last_checkpoint": job.checkpoint if terms else 0,
        "deadline": min(job.deadline or 0, 2**64 - 1),
    }


def _facts_of_chain(job: Any) -> dict[str, object]:
    return {
        "status": job.status,
        "customer": job.customer_addr,
        "provider": job.provider_addr,
        "definition": job.definition,
        "max_cost": job.cost.max_cost,
        "final_cost": job.cost.final_cost,
        "pending_top_up": job.cost.pending_top_up,
        "delegated": job.cost.delegate_spending_authority,
        "submit": job.time.submit,
        "start": job.time.start,
        "end": job.time.end,
        "cancel": job.time.cancel_request_timestamp,
        "block": job.time.block_number_state_change,
        "panicked": job.time.panic_timestamp,
        "name": job.job_name,
        "last_error": job.last_error,
        "exit_code": job.exit_code,
    }


def _facts_of_reference(job: RefJob) -> dict[str, object]:
    return {
        "status": job.status,
        "customer": job.customer,
        "provider": job.provider,
        "definition": job.definition,
        "max_cost": job.max_cost,
        "final_cost": job.final_cost,
        "pending_top_up": job.pending_top_up,
        "delegated": job.delegated,
        "submit": job.submit,
        "start": job.start,
        "end": job.end,
        "cancel": job.cancel_requested,
        "block": job.block,
        "panicked": job.panicked,
        "name": job.name,
        "last_error": job.last_error,
        "exit_code": job.exit_code,
    }
