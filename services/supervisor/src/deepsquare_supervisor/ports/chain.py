"""The chain in a provider's words: what it holds, and what it tells."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from deepsquare.errors import Refused, Unavailable
from deepsquare.identifiers import JobId
from deepsquare_supervisor.domain.claim import ChainJob
from deepsquare_supervisor.domain.commands import ChainCommand


class ChainUnavailable(Unavailable):
    """The chain cannot be read or written now."""

    code = "chain_unavailable"


class TransactionRefused(Refused):
    """The chain will not take this transaction, now or later."""

    code = "transaction_refused"


@dataclass(frozen=True, slots=True)
class ChainView:
    """What the chain says at one block; ``missing`` are jobs it does not know."""

    block: int
    block_time: int
    jobs: tuple[ChainJob, ...] = ()
    missing: frozenset[JobId] = frozenset()
    has_claimable: bool = False
    has_stops: bool = False
    has_top_ups: bool = False
    is_joined: bool = False
    """Whether the provider may claim: approved and not banned."""
    funds_wei: int = 0
    """Native coin of the provider's wallet, which pays for gas."""


class JobQueue(Protocol):
    """Reads the provider's jobs and queues, all at one block."""

    async def read(self, known: Collection[JobId]) -> ChainView:
        """Return all jobs of this provider and those in ``known``; raises `ChainUnavailable`."""
        ...


@dataclass(frozen=True, slots=True)
class Refusal:
    """A command the chain would not carry out now, and why (the code of the contract's error)."""

    command: ChainCommand
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed transaction that can be sent any number of times; ``token`` holds all of it."""

    nonce: int
    label: str
    tx_hash: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Draft:
    """What came of signing: a transaction (None if nothing is left to do) and what was left out."""

    signed: Signed | None
    refusals: tuple[Refusal, ...] = ()


class Fate(StrEnum):
    """What became of a transaction."""

    WAITING = "waiting"
    MINED = "mined"
    REVERTED = "reverted"
    SUPERSEDED = "superseded"
    """Another transaction of the wallet took its nonce."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A fate, the block it happened at (0 while waiting), and why it reverted."""

    fate: Fate
    block: int = 0
    reason: str = ""


class Ledger(Protocol):
    """Signs and sends for the provider's wallet. All methods raise `ChainUnavailable`."""

    async def sign(self, commands: Sequence[ChainCommand]) -> Draft:
        """Try the commands, and sign one transaction of those that would work."""
        ...

    async def replace(self, signed: Signed) -> Signed:
        """Sign the same with the same nonce and higher fees; raises `TransactionRefused`."""
        ...

    async def broadcast(self, signed: Signed) -> None:
        """Send; again does no harm. Raises `TransactionRefused`."""
        ...

    async def fate(self, rivals: Sequence[Signed]) -> Verdict:
        """Tell what became of a transaction and its replacements."""
        ...
