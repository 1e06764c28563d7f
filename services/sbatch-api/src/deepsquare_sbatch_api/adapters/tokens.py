"""Session tokens: JSON Web Tokens signed by HMAC (RFC 7519, HS256)."""

import secrets
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import jwt

from deepsquare.identifiers import Address
from deepsquare_sbatch_api.adapters.keys import Key
from deepsquare_sbatch_api.ports.sessions import Session

_REMEMBERED = 4096
"""Valid tokens whose signature is not checked a second time."""

_ALGORITHM = "HS256"
_REQUIRED = ["iss", "aud", "sub", "scope", "iat", "exp", "jti"]


class JwtTokens:
    """`SessionTokens` for one service, named by its public URL."""

    def __init__(self, keys: tuple[Key, ...], *, issuer: str) -> None:
        self._key = keys[0]
        self._secret_by_id = {key.id.hex(): key.secret for key in keys}
        self._issuer = issuer
        self._verified_once = lru_cache(maxsize=_REMEMBERED)(self._verified)

    def issue(self, session: Session) -> str:
        """Return a token; its header names the key that signed it."""
        claims = {
            "iss": self._issuer,
            "aud": self._issuer,
            "sub": session.address,
            "scope": " ".join(sorted(session.scope)),
            "iat": int(datetime.now(UTC).timestamp()),
            "exp": int(session.expires_at.timestamp()),
            "jti": secrets.token_hex(8),
        }
        headers = {"kid": self._key.id.hex()}
        return jwt.encode(claims, self._key.secret, algorithm=_ALGORITHM, headers=headers)

    def read(self, token: str, *, now: datetime) -> Session | None:
        """Return the session of a token that one of our keys signed and that is not expired."""
        try:
            session = self._verified_once(token)
        except (jwt.InvalidTokenError, KeyError, TypeError, ValueError):
            return None
        return session if now < session.expires_at else None

    def _verified(self, token: str) -> Session:
        """Check all but the expiry, which the caller's clock decides."""
        secret = self._secret_by_id[jwt.get_unverified_header(token)["kid"]]
        claims = jwt.decode(
            token,
            secret,
            algorithms=[_ALGORITHM],
            issuer=self._issuer,
            audience=self._issuer,
            options={"require": _REQUIRED, "verify_exp": False, "verify_iat": False},
        )
        return _session(claims)


def _session(claims: dict[str, Any]) -> Session:
    return Session(
        Address(claims["sub"]),
        frozenset(claims["scope"].split()),
        datetime.fromtimestamp(claims["exp"], UTC),
    )
