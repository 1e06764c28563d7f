"""Sessions of signed-in accounts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from deepsquare.identifiers import Address


@dataclass(frozen=True)
class Session:
    """Who is signed in, for what, until when."""

    address: Address
    scope: frozenset[str]
    expires_at: datetime


class SessionTokens(Protocol):
    """Turns sessions into bearer tokens and back."""

    def issue(self, session: Session) -> str:
        """Return a token for a session."""

    def read(self, token: str, *, now: datetime) -> Session | None:
        """Return the session of a token; None when it is forged, malformed or expired."""


class SignatureChecker(Protocol):
    """Knows whether an account signed a text (EIP-191), contract accounts included (ERC-1271)."""

    async def is_signed_by(self, account: Address, *, text: str, signature: bytes) -> bool:
        """Tell whether the signature is the account's; raises `ChainUnavailable`."""
