"""Calls beside what the reference makes of each."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

from eth_abi.abi import encode
from eth_utils.crypto import keccak
from tests.contracts.invariants.reference_grid import (
    CANCELLING,
    CLAIMABLE,
    TOP_UP,
    Offer,
    Reference,
)
from tests.contracts.invariants.reference_jobs import RefJob
from tests.contracts.invariants.world import CHAIN_ID, World

from deepsquare.chain import events as ev
from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain._generated.structs import JobDefinition
from deepsquare.chain.call import Call
from deepsquare.chain.contracts.meta_scheduler import PermitSignature, Report
from deepsquare.errors import DeepSquareError
from deepsquare.identifiers import Address, JobId

Apply = Callable[[Reference], object]
JOB_NAME = b"n".ljust(32, b"\0")


@dataclass(frozen=True)
class Act:
    """One call and what the reference makes of it."""

    sender: Address
    call: Call
    apply: Apply
    job: JobId | None = None


def expected_id(repository: Address, customer: Address, nonce: int) -> JobId:
    """Return the id of protocol.md 2.2."""
    words = encode(
        ["uint256", "address", "address", "uint256"], [CHAIN_ID, repository, customer, nonce]
    )
    return JobId(f"0x{int.from_bytes(keccak(words)) >> 128:064x}")


class JobActs:
    """Calls about one job; the caller comes first, as in the reference."""

    def __init__(self, world: World) -> None:
        self._meta = world.meta_scheduler
        self._repository = world.jobs.address

    def request(
        self, sender: Address, definition: JobDefinition, amount: int, *, nonce: int, flag: bool
    ) -> Act:
        """Request a job; ``nonce`` is the customer's, if nothing comes in between."""
        call = self._meta.request_new_job(definition, amount, name="n", may_top_up=flag)

        def apply(r: Reference) -> None:
            job_id = expected_id(self._repository, sender, r.nonce(sender))
            r.request(sender, job_id, definition, amount, JOB_NAME, flag)

        return Act(sender, call, apply, expected_id(self._repository, sender, nonce))

    def cancel(self, sender: Address, job: JobId) -> Act:
        call = self._meta.cancel_job(job)
        return Act(sender, call, lambda r: r.cancel(sender, job), job)

    def top_up(self, sender: Address, job: JobId, amount: int) -> Act:
        call = self._meta.top_up_job(job, amount)
        return Act(sender, call, lambda r: r.top_up(sender, job, amount), job)

    def top_up_delegate(self, sender: Address, job: JobId) -> Act:
        call = self._meta.top_up_job_delegate(job)
        return Act(sender, call, lambda r: r.top_up_delegate(sender, job), job)

    def set_delegate(self, sender: Address, job: JobId, flag: bool) -> Act:
        call = self._meta.set_delegate_spending_authority(job, is_allowed=flag)
        return Act(sender, call, lambda r: r.set_delegate(sender, job, flag), job)

    def meta_schedule(self, sender: Address, job: JobId, provider: Address) -> Act:
        call = self._meta.meta_schedule(job, provider)
        return Act(sender, call, lambda r: r.meta_schedule(sender, job, provider), job)

    def timeout(self, sender: Address, job: JobId) -> Act:
        call = self._meta.timeout_job(job)
        return Act(sender, call, lambda r: r.timeout(sender, job), job)

    def panic(self, sender: Address, job: JobId, text: str) -> Act:
        call = self._meta.panic_job(job, text)
        return Act(sender, call, lambda r: r.panic(sender, job, text), job)

    def expire(self, sender: Address, job: JobId) -> Act:
        call = self._meta.expire_job(job)
        return Act(sender, call, lambda r: r.expire(sender, job), job)

    def report(self, sender: Address, job: JobId, status: S, minutes: int) -> Act:
        text, code = ("failed: é" * 40 if status == S.FAILED else ""), int(status) - 5
        call = self._meta.provider_set_job_status(job, Report(status, minutes, text, code))
        return Act(sender, call, lambda r: r.report(sender, job, status, minutes, text, code), job)

    def refuse(self, sender: Address, job: JobId) -> Act:
        call = self._meta.refuse_job(job)
        return Act(sender, call, lambda r: r.refuse(sender, job), job)

    def checkpoint(self, sender: Address, job: JobId) -> Act:
        call = self._meta.checkpoint_job(job)
        return Act(sender, call, lambda r: r.checkpoint(sender, job), job)

    def claim(self, sender: Address, kind: str, job: RefJob | None = None) -> Act:
        """Claim from a queue; ``job`` is one that may come of it."""
        call = {
            CLAIMABLE: self._meta.claim_next_job,
            CANCELLING: self._meta.claim_next_cancelling_job,
            TOP_UP: self._meta.claim_next_top_up_job,
        }[kind]()
        return Act(sender, call, lambda r: r.claim(sender, kind), job.id if job else None)

    def claim_many(self, sender: Address, kind: str, most: int) -> Act:
        call = {
            CLAIMABLE: self._meta.claim_next_jobs,
            CANCELLING: self._meta.claim_next_cancelling_jobs,
            TOP_UP: self._meta.claim_next_top_up_jobs,
        }[kind](most)
        return Act(sender, call, lambda r: r.claim_many(sender, kind, most))

    def batch(self, sender: Address, acts: Sequence[Act], *, is_trying: bool) -> Act:
        """Several calls of one sender in one transaction."""
        calls = [act.call for act in acts]
        call = self._meta.try_multicall(calls) if is_trying else self._meta.multicall(calls)
        return Act(sender, call, lambda r: _apply_batch(r, acts, is_trying=is_trying))


class GridActs:
    """Calls about registrations, terms and credits."""

    def __init__(self, world: World) -> None:
        self._meta = world.meta_scheduler
        self._providers = world.providers
        self._constants = world.constants
        self._credit = world.credit

    def register(self, sender: Address, offer: Offer) -> Act:
        call = self._providers.register(offer.hardware, offer.prices, offer.labels)
        return Act(sender, call, lambda r: r.register(sender, offer))

    def approve(self, sender: Address, provider: Address) -> Act:
        call = self._providers.approve(provider)
        return Act(sender, call, lambda r: r.approve(sender, provider))

    def approve_proposal(self, sender: Address, provider: Address, digest: bytes) -> Act:
        call = self._providers.approve_proposal(provider, digest)
        return Act(sender, call, lambda r: r.approve_proposal(sender, provider, digest))

    def remove(self, sender: Address, provider: Address) -> Act:
        call = self._providers.remove(provider)
        return Act(sender, call, lambda r: r.remove(sender, provider))

    def set_ban(self, sender: Address, provider: Address, flag: bool) -> Act:
        call = self._providers.ban(provider) if flag else self._providers.unban(provider)
        return Act(sender, call, lambda r: r.set_ban(sender, provider, flag))

    def set_role(self, sender: Address, role: str, account: Address, flag: bool) -> Act:
        contract = self._meta if role == "scheduler" else self._providers
        role_id = keccak(
            text={"scheduler": "METASCHEDULER_ROLE"}.get(role, "PROVIDER_OPERATOR_ROLE")
        )
        change = contract.grant_role if flag else contract.revoke_role
        return Act(
            sender, change(role_id, account), lambda r: r.set_role(sender, role, account, flag)
        )

    def set_constant(self, sender: Address, name: str, value: int) -> Act:
        call = self._constants.set_value(name, value)
        return Act(sender, call, lambda r: r.set_constant(sender, name, value))

    def set_open(self, sender: Address, flag: bool) -> Act:
        call = self._meta.set_enable_request_new_job(is_enabled=flag)
        return Act(sender, call, lambda r: r.set_open(sender, flag))

    def withdraw(self, sender: Address, amount: int) -> Act:
        call = self._meta.withdraw_admin(amount)
        return Act(sender, call, lambda r: r.withdraw(sender, amount))

    def allow(self, sender: Address, amount: int) -> Act:
        call = self._credit.approve(self._meta.address, amount)
        return Act(sender, call, lambda r: r.approve_credits(sender, amount))

    def permit_too_late(self, sender: Address, amount: int) -> Act:
        """Bring a permit that has run out: no matter if the allowance is there already."""
        late = PermitSignature(amount, deadline=0, v=27, r=bytes(32), s=bytes(32))
        call = self._meta.self_permit(late)
        return Act(sender, call, lambda r: r.permit_too_late(sender, amount))

    def give(self, sender: Address, to: Address, amount: int) -> Act:
        call = self._credit.transfer(to, amount)
        return Act(sender, call, lambda r: r.transfer(sender, to, amount))


def _apply_batch(reference: Reference, acts: Sequence[Act], *, is_trying: bool) -> None:
    before = copy.deepcopy(reference.__dict__)
    for index, act in enumerate(acts):
        try:
            act.apply(reference)
        except DeepSquareError as error:
            reference.__dict__.update(before)
            if not is_trying:
                raise
            reference.events.append(ev.CallFailed(index, _revert_data(error)))
        if is_trying:
            before = copy.deepcopy(reference.__dict__)


def _revert_data(error: DeepSquareError) -> bytes:
    signature: str = error.signature  # type: ignore[attr-defined]
    types = signature.partition("(")[2].removesuffix(")")
    values = [getattr(error, f.name) for f in fields(error)]  # type: ignore[arg-type]
    return keccak(text=signature)[:4] + encode(types.split(",") if types else [], values)
