"""One-time numbers of the sign-in."""

from datetime import datetime
from typing import Protocol


class NonceStore(Protocol):
    """Nonces, each of which can be consumed once. Raises `StoreUnavailable`."""

    async def issue(self, nonce: str, *, expires_at: datetime) -> None:
        """Remember a new nonce."""

    async def consume(self, nonce: str, *, now: datetime) -> bool:
        """Check and remove in one step: True for one caller, and only before it expires."""
