"""A call of a contract, not yet signed: what typed wrappers return and the sender sends."""

from dataclasses import dataclass, field

from deepsquare.identifiers import Address


@dataclass(frozen=True, slots=True)
class Call:
    """Bytes for a contract, with a label that says to people what they do."""

    to: Address
    data: bytes = field(repr=False)
    label: str
    tries: tuple["Call", ...] = field(default=(), repr=False)
    """The calls of a `tryMulticall`, whose gas is estimated one by one: as it survives the failure
    of a call, an estimate of the whole would be too low for all of them to succeed."""
