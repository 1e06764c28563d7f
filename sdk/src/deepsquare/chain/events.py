"""Events of the contracts as typed values, decoded by topic 0.

Fields are in the order of the ABI. Events say that something happened; what is true is asked of the
views (faults.md rule 1).
"""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias, cast

from deepsquare.chain._generated.enums import JobStatus
from deepsquare.chain._generated.structs import JobDefinition
from deepsquare.chain.abi import Event, load_abi
from deepsquare.chain.conversion import Converter, converter
from deepsquare.chain.logs import RawLog
from deepsquare.identifiers import Address, JobId


@dataclass(frozen=True, slots=True)
class NewJobRequestEvent:
    """A customer requested a job."""

    job_id: JobId
    customer_addr: Address


@dataclass(frozen=True, slots=True)
class ClaimJobEvent:
    """A provider claimed a job; ``max_duration_minute`` is what the lock pays."""

    customer_addr: Address
    provider_addr: Address
    job_id: JobId
    max_duration_minute: int
    job_definition: JobDefinition


@dataclass(frozen=True, slots=True)
class ClaimNextCancellingJobEvent:
    """A provider took note that a job is to be stopped."""

    customer_addr: Address
    provider_addr: Address
    job_id: JobId


@dataclass(frozen=True, slots=True)
class ClaimNextTopUpJobEvent:
    """A provider took note of a top-up; the minutes are additional."""

    job_id: JobId
    provider_addr: Address
    max_duration_minute: int


@dataclass(frozen=True, slots=True)
class JobRefusedEvent:
    """A job went back to PENDING."""

    job_id: JobId
    provider_addr: Address
    customer_addr: Address


@dataclass(frozen=True, slots=True)
class BilledTooMuchEvent:
    """A provider reported more minutes than the chain's clock allows."""

    job_id: JobId
    provider_addr: Address
    billing_amount: int


@dataclass(frozen=True, slots=True)
class JobAssigned:
    """A job was assigned to a provider; there is something to claim."""

    job_id: JobId
    provider_addr: Address
    customer_addr: Address
    cost_per_minute: int


@dataclass(frozen=True, slots=True)
class JobSettled:
    """A job ended: who got what, in credit-wei."""

    job_id: JobId
    provider_addr: Address
    customer_addr: Address
    provider_amount: int
    fee: int
    refund: int


@dataclass(frozen=True, slots=True)
class JobToppedUp:
    """Credits were added to a job."""

    job_id: JobId
    provider_addr: Address
    payer: Address
    amount: int


@dataclass(frozen=True, slots=True)
class JobStopRequested:
    """A provider has to stop a job."""

    job_id: JobId
    provider_addr: Address


@dataclass(frozen=True, slots=True)
class CallFailed:
    """One call of a `tryMulticall` was undone; ``reason`` is its revert data."""

    index: int
    reason: bytes


@dataclass(frozen=True, slots=True)
class JobCreated:
    """A job's record was created."""

    job_id: JobId


@dataclass(frozen=True, slots=True)
class JobTransitionEvent:
    """A job changed its status."""

    job_id: JobId
    from_: JobStatus
    to: JobStatus


@dataclass(frozen=True, slots=True)
class ProviderWaitingForApproval:
    """A provider proposed a registration."""

    addr: Address


@dataclass(frozen=True, slots=True)
class ProviderApproved:
    """A provider's proposal became its registration."""

    addr: Address


@dataclass(frozen=True, slots=True)
class ProviderRemoved:
    """A provider was removed."""

    addr: Address


@dataclass(frozen=True, slots=True)
class ProviderBanChanged:
    """An address was banned, or its ban lifted."""

    addr: Address
    status: bool


@dataclass(frozen=True, slots=True)
class Transfer:
    """Credits changed hands."""

    from_: Address
    to: Address
    value: int


@dataclass(frozen=True, slots=True)
class Approval:
    """An allowance was set."""

    owner: Address
    spender: Address
    value: int


GridEvent: TypeAlias = (
    NewJobRequestEvent
    | ClaimJobEvent
    | ClaimNextCancellingJobEvent
    | ClaimNextTopUpJobEvent
    | JobRefusedEvent
    | BilledTooMuchEvent
    | JobAssigned
    | JobSettled
    | JobToppedUp
    | JobStopRequested
    | CallFailed
    | JobCreated
    | JobTransitionEvent
    | ProviderWaitingForApproval
    | ProviderApproved
    | ProviderRemoved
    | ProviderBanChanged
    | Transfer
    | Approval
)

EVENTS_BY_CONTRACT: dict[str, tuple[type[GridEvent], ...]] = {
    "MetaScheduler": (
        NewJobRequestEvent,
        ClaimJobEvent,
        ClaimNextCancellingJobEvent,
        ClaimNextTopUpJobEvent,
        JobRefusedEvent,
        BilledTooMuchEvent,
        JobAssigned,
        JobSettled,
        JobToppedUp,
        JobStopRequested,
        CallFailed,
    ),
    "JobRepository": (JobCreated, JobTransitionEvent),
    "ProviderManager": (
        ProviderWaitingForApproval,
        ProviderApproved,
        ProviderRemoved,
        ProviderBanChanged,
    ),
    "Credit": (Transfer, Approval),
}


@lru_cache
def _decoders() -> dict[bytes, tuple[Event, Converter]]:
    return {
        event.topic: (event, converter(cast("Hashable", kind)))
        for contract, kinds in EVENTS_BY_CONTRACT.items()
        for event in load_abi(contract).events.values()
        for kind in kinds
        if kind.__name__ == event.name
    }


def topic_of(kind: type[GridEvent]) -> bytes:
    """Return topic 0 of an event, for a `LogFilter`."""
    for topic, (event, _) in _decoders().items():
        if event.name == kind.__name__:
            return topic
    raise KeyError(kind.__name__)


def decode_event(log: RawLog) -> GridEvent | None:
    """Return the typed event of a log, or None for an event this module does not know."""
    found = _decoders().get(log.topics[0]) if log.topics else None
    if found is None:
        return None
    event, convert = found
    decoded: GridEvent = convert(event.decode(log.topics, log.data))
    return decoded
