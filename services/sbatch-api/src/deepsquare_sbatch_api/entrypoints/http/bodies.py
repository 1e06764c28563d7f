"""Reading request bodies: limited in size and time while they arrive."""

import asyncio
from dataclasses import dataclass

from fastapi import Request

from deepsquare_sbatch_api.domain.errors import BadRequest, TooLarge

PATIENCE_S = 30
"""How long a body may take to arrive."""


@dataclass(frozen=True)
class Body:
    """A dependency that returns the whole body, of `limit` bytes at most."""

    limit: int

    async def __call__(self, request: Request) -> bytes:
        """Return the body; raises `TooLarge` early, and `BadRequest` for a slow or encoded one."""
        _refuse_encoded(request)
        if _announced_size(request) > self.limit:
            raise TooLarge(self.limit)
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._read(request)
        except TimeoutError:
            raise BadRequest(f"the body did not arrive within {PATIENCE_S} s") from None

    async def _read(self, request: Request) -> bytes:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > self.limit:
                raise TooLarge(self.limit)
        return bytes(body)


DOCUMENT = Body(2**20)
LOG_BYTES = Body(256 * 2**10)
SMALL = Body(16 * 2**10)


def _refuse_encoded(request: Request) -> None:
    """Decode nothing: compressed bytes would be kept as if they were the log."""
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.lower() != "identity":
        raise BadRequest(f'Content-Encoding "{encoding[:32]}" is not taken: send the body plain')


def _announced_size(request: Request) -> int:
    text = request.headers.get("content-length", "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
