"""A call of a contract, not yet signed: what typed wrappers return and the sender sends."""

from dataclasses import dataclass, field

from deepsquare.identifiers import Address


@dataclass(frozen=True, slots=True)
class Call:
    """Bytes for a contract, with a label that says to people what they do."""

    to: Address
    data: bytes = field(repr=False)
    label: str
