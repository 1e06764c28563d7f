"""Raw logs of the chain and the filter that asks for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deepsquare.chain.conversion import checksummed
from deepsquare.identifiers import Address

Topic = bytes | Sequence[bytes] | None
"""One topic's condition: a value, any of several values, or anything."""


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Logs of ``addresses`` in the blocks ``from_block`` to ``to_block``, both included."""

    addresses: Sequence[Address]
    from_block: int
    to_block: int
    topics: Sequence[Topic] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the parameter of ``eth_getLogs``."""
        return {
            "address": list(self.addresses),
            "fromBlock": hex(self.from_block),
            "toBlock": hex(self.to_block),
            "topics": [_topic(topic) for topic in self.topics],
        }


@dataclass(frozen=True, slots=True)
class RawLog:
    """A log as the chain keeps it; `deepsquare.chain.events` decodes it."""

    address: Address
    topics: tuple[bytes, ...]
    data: bytes
    block_number: int
    block_hash: str
    transaction_hash: str
    log_index: int
    was_removed: bool


def parse_log(raw: Mapping[str, Any]) -> RawLog:
    """Read a log of ``eth_getLogs``, of a receipt or of a subscription."""
    return RawLog(
        address=checksummed(raw["address"]),
        topics=tuple(bytes.fromhex(topic[2:]) for topic in raw["topics"]),
        data=bytes.fromhex(raw["data"][2:]),
        block_number=int(raw["blockNumber"], 16),
        block_hash=raw["blockHash"],
        transaction_hash=raw["transactionHash"],
        log_index=int(raw["logIndex"], 16),
        was_removed=bool(raw.get("removed", False)),
    )


def _topic(topic: Topic) -> str | list[str] | None:
    if topic is None:
        return None
    if isinstance(topic, bytes):
        return "0x" + topic.hex()
    return ["0x" + one.hex() for one in topic]
