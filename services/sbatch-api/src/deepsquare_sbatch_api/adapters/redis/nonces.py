"""`NonceStore` in Redis."""

from datetime import datetime

from deepsquare_sbatch_api.adapters.redis.connection import PREFIX, Redis, mapped, untyped

_KEPT_S = 2 * 60 * 60
"""Redis forgets a nonce after this long; whether it is still good is decided by its value."""


class RedisNonces:
    """One key for each nonce, holding the moment it expires."""

    def __init__(self, client: Redis) -> None:
        self._client = untyped(client)

    async def issue(self, nonce: str, *, expires_at: datetime) -> None:
        """See `NonceStore.issue`."""
        with mapped():
            await self._client.set(_name(nonce), expires_at.isoformat(), ex=_KEPT_S)

    async def consume(self, nonce: str, *, now: datetime) -> bool:
        """See `NonceStore.consume`; GETDEL checks and removes at once."""
        with mapped():
            value = await self._client.getdel(_name(nonce))
        return value is not None and now < datetime.fromisoformat(value.decode())


def _name(nonce: str) -> str:
    return f"{PREFIX}nonce:{nonce}"
