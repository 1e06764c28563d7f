"""Signing in with an Ethereum account (EIP-4361)."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from deepsquare_sbatch_api.domain.errors import SignInRefused
from deepsquare_sbatch_api.domain.sign_in import (
    SCOPES,
    Expected,
    SignInMessage,
    check_message,
    with_checksum,
)
from deepsquare_sbatch_api.ports.clock import Clock
from deepsquare_sbatch_api.ports.nonces import NonceStore
from deepsquare_sbatch_api.ports.sessions import Session, SessionTokens, SignatureChecker


@dataclass(frozen=True)
class IssuedNonce:
    """A nonce and the moment it stops being good."""

    nonce: str
    expires_at: datetime


@dataclass(frozen=True)
class SignedIn:
    """A session and its bearer token."""

    token: str
    session: Session


@dataclass(frozen=True)
class SignIn:
    """Gives out nonces and turns signed messages into sessions."""

    nonces: NonceStore
    signatures: SignatureChecker
    tokens: SessionTokens
    clock: Clock
    parse: Callable[[str], SignInMessage]
    expected: Expected
    session_life: timedelta

    async def new_nonce(self) -> IssuedNonce:
        """Return a nonce that is good once, for the greatest age of a message."""
        nonce = secrets.token_hex(16)
        expires_at = self.clock.now() + self.expected.max_age
        await self.nonces.issue(nonce, expires_at=expires_at)
        return IssuedNonce(nonce, expires_at)

    async def log_in(
        self, text: str, *, signature: bytes, scope: frozenset[str] = SCOPES
    ) -> SignedIn:
        """Check message, signature and nonce, in this order; raises `SignInRefused`.

        The nonce is consumed by the same operation that checks it, after the signature, so that
        nobody but the signer can use up a nonce.
        """
        message, now = self.parse(with_checksum(text)), self.clock.now()
        check_message(message, expected=self.expected, now=now)
        if not await self.signatures.is_signed_by(message.address, text=text, signature=signature):
            raise SignInRefused("the signature is not by the address of the sign-in message")
        if not await self.nonces.consume(message.nonce, now=now):
            raise SignInRefused("the nonce is unknown, used or expired: ask for a new one")
        session = Session(message.address, scope & SCOPES, now + self.session_life)
        return SignedIn(self.tokens.issue(session), session)
