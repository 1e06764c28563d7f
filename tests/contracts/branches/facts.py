"""What the tests of the branches look at before and after a call."""

from collections import Counter
from dataclasses import astuple, dataclass
from typing import Any

from eth_utils.crypto import keccak
from tests.contracts.conformance.stage import CUSTOMER, PROVIDER, Stage
from tests.contracts.invariants.revm import Outcome, read
from tests.contracts.invariants.world import STRANGER

from deepsquare.chain._generated.structs import Job
from deepsquare.chain.abi import load_abi
from deepsquare.chain.call import Call
from deepsquare.chain.contracts.deployed import DeployedContract
from deepsquare.chain.events import GridEvent
from deepsquare.identifiers import ZERO_ADDRESS, Address, JobId

ADMIN_ROLE = bytes(32)
SCHEDULER_ROLE = keccak(text="METASCHEDULER_ROLE")
UNKNOWN = JobId("0x" + "ab" * 32)
CAP = 2**96 - 1
UNLIMITED = 2**256 - 1


@dataclass(frozen=True)
class Money:
    """Credit-wei that the parties own, and what the MetaScheduler says of what it owns."""

    customer: int = 0
    provider: int = 0
    stranger: int = 0
    contract: int = 0
    escrow: int = 0
    fees: int = 0

    def __sub__(self, earlier: "Money") -> "Money":
        pairs = zip(astuple(self), astuple(earlier), strict=True)
        return Money(*(now - before for now, before in pairs))


def money(stage: Stage) -> Money:
    meta, credit = stage.world.meta_scheduler, stage.world.credit
    return Money(
        customer=read(credit.balance_of(CUSTOMER)),
        provider=read(credit.balance_of(PROVIDER)),
        stranger=read(credit.balance_of(STRANGER)),
        contract=read(credit.balance_of(meta.address)),
        escrow=read(meta.total_escrow()),
        fees=read(meta.accrued_fees()),
    )


@dataclass(frozen=True)
class Queues:
    """How many entries wait in the queues of a provider, stale ones too."""

    claimable: int = 0
    cancelling: int = 0
    top_up: int = 0


def queues(stage: Stage, provider: Address = PROVIDER) -> Queues:
    views = stage.world.queues
    return Queues(
        read(views.claimable_size(provider)),
        read(views.cancelling_size(provider)),
        read(views.top_up_size(provider)),
    )


def active(stage: Stage, provider: Address = PROVIDER) -> set[JobId]:
    return set(read(stage.world.jobs.get_active_by_provider(provider)))


def pending(stage: Stage) -> set[JobId]:
    return active(stage, ZERO_ADDRESS)


def happened(outcome: Outcome, *events: GridEvent) -> None:
    """Require exactly these events of a job or of credits, in any order."""
    assert outcome.error is None, outcome.error
    assert Counter(outcome.events) == Counter(events)


def logged(outcome: Outcome, contract: DeployedContract) -> list[tuple[Any, ...]]:
    """All events of a contract, each as its name and values; addresses in lower case."""
    assert outcome.error is None, outcome.error
    known = load_abi(contract.abi_name).events
    found = []
    for log in outcome.logs:
        if log.address == contract.address:
            event = known[log.topics[0]]
            found.append((event.name, *event.decode(log.topics, log.data)))
    return found


def call_of(contract: DeployedContract, function: str, *arguments: Any) -> Call:
    """A call that the SDK has no wrapper for."""
    return contract._call(function, *arguments)


def times(job: Job) -> tuple[int, int]:
    """Start and end."""
    return job.time.start, job.time.end


def ask(stage: Stage, contract: DeployedContract, view: str, *arguments: Any) -> Any:
    """The answer of a view that the SDK has no wrapper for."""
    answer = stage.world.chain.simulate(STRANGER, call_of(contract, view, *arguments))
    return load_abi(contract.abi_name).function(view, len(arguments)).decode(answer)
