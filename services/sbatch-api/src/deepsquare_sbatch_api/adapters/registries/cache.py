"""Remembers look-ups for a while (W-LOOK-7)."""

import hashlib
import hmac
import secrets
from collections import OrderedDict
from datetime import datetime, timedelta

from deepsquare_sbatch_api.domain.rendering import ImageFacts, ImageReference
from deepsquare_sbatch_api.ports.clock import Clock
from deepsquare_sbatch_api.ports.images import ImageRefused, ImageRegistries

FOUND = timedelta(minutes=5)
NOT_FOUND = timedelta(seconds=30)
MAX_ENTRIES = 10_000

_Key = tuple[str, str, str, bytes]


class CachedRegistries:
    """`ImageRegistries` that asks another one at most once per image for a while.

    Credentials count as part of the image, by a hash with a key of this process.
    """

    def __init__(self, registries: ImageRegistries, clock: Clock) -> None:
        self._registries = registries
        self._clock = clock
        self._secret = secrets.token_bytes(32)
        self._known: OrderedDict[_Key, tuple[datetime, ImageFacts | str]] = OrderedDict()

    async def look_up(self, image: ImageReference) -> ImageFacts:
        """See `ImageRegistries.look_up`."""
        key = self._key(image)
        until, known = self._known.get(key, (None, None))
        if until is None or known is None or until <= self._clock.now():
            return await self._ask(image, key)
        if isinstance(known, str):
            raise ImageRefused(known)
        return known

    async def _ask(self, image: ImageReference, key: _Key) -> ImageFacts:
        try:
            facts = await self._registries.look_up(image)
        except ImageRefused as error:
            self._keep(key, str(error), NOT_FOUND)
            raise
        self._keep(key, facts, FOUND)
        return facts

    def _keep(self, key: _Key, known: ImageFacts | str, life: timedelta) -> None:
        self._known[key] = (self._clock.now() + life, known)
        self._known.move_to_end(key)
        while len(self._known) > MAX_ENTRIES:
            self._known.popitem(last=False)

    def _key(self, image: ImageReference) -> _Key:
        pair = f"{image.username}\0{image.password}".encode(errors="surrogatepass")
        digest = hmac.digest(self._secret, pair, hashlib.sha256)
        return (image.registry or "", image.name, image.tag, digest)
