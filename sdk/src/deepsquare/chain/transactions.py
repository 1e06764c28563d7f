"""Signed transactions and their receipts, as values that can be journalled."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NewType

from deepsquare.chain.call import Call
from deepsquare.chain.fees import Fees
from deepsquare.chain.logs import RawLog, parse_log

TxHash = NewType("TxHash", str)
"""``0x`` and 64 lower-case hex digits."""


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """A transaction that is ready to be sent, any number of times.

    ``raw`` and ``hash`` never change once signed: journal them before the first broadcast, and
    after a crash broadcast the same bytes again.
    """

    raw: bytes = field(repr=False)
    hash: TxHash
    nonce: int
    call: Call
    gas: int
    fees: Fees


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a mined transaction."""

    transaction_hash: TxHash
    block_number: int
    block_hash: str
    is_success: bool
    gas_used: int
    logs: tuple[RawLog, ...]


def parse_receipt(raw: Mapping[str, Any]) -> Receipt:
    """Read the answer of ``eth_getTransactionReceipt``."""
    return Receipt(
        transaction_hash=TxHash(raw["transactionHash"].lower()),
        block_number=int(raw["blockNumber"], 16),
        block_hash=raw["blockHash"],
        is_success=int(raw["status"], 16) == 1,
        gas_used=int(raw["gasUsed"], 16),
        logs=tuple(parse_log(log) for log in raw["logs"]),
    )
