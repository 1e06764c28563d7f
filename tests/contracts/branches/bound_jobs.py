"""A JobRepository that obeys a plain account, so that each of its functions is called alone."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from eth_abi.abi import encode
from eth_utils.crypto import keccak
from tests.contracts.branches.facts import call_of, happened
from tests.contracts.conformance.stage import CUSTOMER, DEFINITION, PROVIDER, Stage
from tests.contracts.invariants.revm import BLOCK_TIME_S, Outcome, RevmChain, read
from tests.contracts.invariants.world import (
    CUSTOMERS,
    DEPLOYER,
    OPERATOR,
    PROVIDERS,
    SCHEDULER,
    STRANGER,
    creation_code,
)

from deepsquare.chain import events as ev
from deepsquare.chain._generated import errors as er
from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain._generated.enums import StorageType
from deepsquare.chain._generated.structs import Ending, Job, JobDefinition, JobTerms, Popped
from deepsquare.chain.contract_error import ContractError
from deepsquare.chain.contracts import JobRepository
from deepsquare.chain.conversion import converter
from deepsquare.identifiers import ZERO_ADDRESS, Address, JobId, parse_address

MASTER = parse_address("0x" + "e1".zfill(40))
OTHER_CUSTOMER, OTHER_PROVIDER = CUSTOMERS[1], PROVIDERS[1]
PRICE, LOCK, MINUTE_S = 10, 1000, 60
"""Credit-wei a minute, and what pays for 100 minutes."""

CLAIMABLE, CANCELLING, TOP_UP = 0, 1, 2
NO_JOB = JobId("0x" + "0" * 64)
NO_DEFINITION = JobDefinition(0, 0, 0, 0, "", StorageType.ANY, (), ())
NO_TERMS = JobTerms(*[0] * 10)
UNCHANGED = Ending(
    customer=ZERO_ADDRESS,
    provider=ZERO_ADDRESS,
    provider_amount=0,
    fee=0,
    refund=0,
    is_settled=False,
    is_stopping=False,
    is_overbilled=False,
)
REFUNDED = replace(UNCHANGED, customer=CUSTOMER, provider=PROVIDER, refund=LOCK, is_settled=True)
"""A job of the provider that ended at no cost."""

NOTHING = Popped(NO_JOB, 0, is_drained=True)
"""The answer of an empty queue."""

_NONCES_SLOT, _BOOKS_SLOT = 3, 4


class Terms(NamedTuple):
    """What an assignment freezes, in the order and with the widths of the packed form."""

    cut: int = 20
    delta: int = 15
    fee: int = 5
    slice: int = 30
    claim: int = 10
    start: int = 1440
    grace: int = 60

    def packed(self) -> int:
        word = 0
        for value, bits in zip(self, (8, 16, 8, 16, 16, 16, 16), strict=True):
            word = word << bits | value
        return word


TERMS = Terms()


class Claim(NamedTuple):
    """What a claim of a job answers."""

    popped: Popped
    customer: Address = ZERO_ADDRESS
    paid_minutes: int = 0
    definition: JobDefinition = NO_DEFINITION
    label_blob: Address = ZERO_ADDRESS


def found(job_id: JobId, *, skipped: int = 0, is_drained: bool = True) -> Popped:
    """A live entry."""
    return Popped(job_id, skipped, is_drained)


@dataclass
class BoundJobs:
    """The repository, its master's orders, and what its views say."""

    chain: RevmChain
    jobs: JobRepository

    def must(self, function: str, *arguments: Any) -> Outcome:
        outcome = self.chain.send(MASTER, call_of(self.jobs, function, *arguments))
        assert outcome.error is None, f"{function}: {outcome.error}"
        return outcome

    def answer(self, kind: Any, function: str, *arguments: Any) -> Any:
        raw = self.must(function, *arguments).output
        return converter(kind)(self.jobs._abi.function(function, len(arguments)).decode(raw))

    def ends(self, expected: Ending, function: str, *arguments: Any) -> None:
        assert self.answer(Ending, function, *arguments) == expected

    def refused(self, error: ContractError, function: str, *arguments: Any) -> None:
        found = self.chain.send(MASTER, call_of(self.jobs, function, *arguments)).error
        assert repr(found) == repr(error), f"{function}: {found!r}"

    def refused_to_others(self, function: str, *arguments: Any) -> None:
        """Require that only the master may do it, and that the master may."""
        call = call_of(self.jobs, function, *arguments)
        for caller in (STRANGER, DEPLOYER, OPERATOR, SCHEDULER, CUSTOMER, PROVIDER):
            found = self.chain.send(caller, call).error
            assert repr(found) == repr(er.MetaSchedulerOnly()), f"{function}: {found!r}"
        self.must(function, *arguments)

    def create(
        self,
        locked: int = LOCK,
        *,
        customer: Address = CUSTOMER,
        is_delegated: bool = False,
        **changes: Any,
    ) -> JobId:
        definition = replace(DEFINITION, **changes)
        name = b"night".ljust(32, b"\0")
        arguments = (customer, definition, locked, name, is_delegated)
        return JobId(self.answer(JobId, "create", *arguments))

    def assign(
        self,
        job_id: JobId,
        provider: Address = PROVIDER,
        *,
        price: int = PRICE,
        terms: Terms = TERMS,
    ) -> None:
        self.must("assign", job_id, provider, price, terms.packed())

    def claim(self, provider: Address = PROVIDER, max_skips: int = 32) -> Claim:
        kind = tuple[Popped, Address, int, JobDefinition, Address]
        return Claim(*self.answer(kind, "claim", provider, max_skips))

    def start(self, job_id: JobId, provider: Address = PROVIDER) -> int:
        """Start a job; returns the second of its start."""
        self.must("setStarted", job_id, provider, "", 0)
        return self.chain.now_s

    def report(self, job_id: JobId, status: S, minutes: int = 0) -> Outcome:
        return self.must("report", job_id, PROVIDER, status, minutes, "", 0)

    def cancel(self, job_id: JobId) -> None:
        self.must("cancel", job_id, CUSTOMER)

    def take_back(self, job_id: JobId) -> None:
        self.must("timeout", job_id, False)

    def a_job_in(self, status: S, locked: int = LOCK, **changes: Any) -> JobId:
        """Bring a new job to a status; a cold one by its provider's report."""
        job_id = self.create(locked, **changes)
        if status >= S.META_SCHEDULED:
            self.assign(job_id)
        if status >= S.SCHEDULED:
            self.claim()
        if status >= S.RUNNING:
            self.start(job_id)
        if status > S.RUNNING:
            self.report(job_id, status)
        return job_id

    def next_call_at(self, second: int) -> None:
        self.chain.pass_time(second - self.chain.now_s - BLOCK_TIME_S)

    def job(self, job_id: JobId) -> Job:
        return read(self.jobs.get(job_id))

    def terms(self, job_id: JobId) -> JobTerms:
        return read(self.jobs.get_terms(job_id))

    def status(self, job_id: JobId) -> S:
        return self.job(job_id).status

    def active(self, provider: Address = PROVIDER) -> set[JobId]:
        found = read(self.jobs.get_active_by_provider(provider))
        assert len(found) == len(set(found)) == read(self.jobs.active_job_count(provider))
        return set(found)

    def pending(self) -> set[JobId]:
        return self.active(ZERO_ADDRESS)

    def queued(self, queue: int, provider: Address = PROVIDER) -> int:
        return int(read(self.jobs._read(int, "queueSize", provider, queue, at="latest")))

    def moved(self, outcome: Outcome, job_id: JobId, from_: S, to: S) -> None:
        """Require one transition, now, and no other event."""
        happened(outcome, ev.JobTransitionEvent(job_id, from_, to))
        job = self.job(job_id)
        assert (job.status, job.time.block_number_state_change) == (to, self.chain.block)

    def set_nonce(self, customer: Address, nonce: int) -> None:
        """Forge the number of jobs of a customer."""
        self._store(_NONCES_SLOT, customer, lambda _: nonce)
        assert read(self.jobs.customer_nonce(customer)) == nonce

    def set_started_jobs(self, provider: Address, count: int) -> None:
        """Forge the number of started jobs of a provider."""
        others = 2**256 - 1 - (2**32 - 1 << 32)
        self._store(_BOOKS_SLOT, provider, lambda word: word & others | count << 32)
        assert read(self.jobs.started_jobs(provider)) == count

    def _store(self, mapping: int, key: Address, change: Callable[[int], int]) -> None:
        slot = int.from_bytes(keccak(encode(["address", "uint256"], [key, mapping])), "big")
        word = self.chain._evm.storage(self.jobs.address, slot)
        self.chain._evm.insert_account_storage(self.jobs.address, slot, change(word))


def bind(stage: Stage) -> BoundJobs:
    """Deploy a repository that is bound to the master."""
    chain = stage.world.chain
    code = creation_code()["JobRepository"] + encode(["address"], [MASTER])
    return BoundJobs(chain, JobRepository(chain, chain.deploy(DEPLOYER, code)))
