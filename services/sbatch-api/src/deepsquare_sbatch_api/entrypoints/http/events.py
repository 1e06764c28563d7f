"""Logs as server-sent events (HTML standard): binary safe, resumable at any byte."""

import base64
from collections.abc import AsyncGenerator, AsyncIterator
from functools import lru_cache

import structlog

from deepsquare.errors import DeepSquareError
from deepsquare_sbatch_api.app.logs import Piece

_HEARTBEAT = b": still here\n\n"
"""A comment, so that proxies do not give up and dead connections are found."""

_END = b"event: end\ndata:\n\n"
_log = structlog.get_logger()


async def as_events(pieces: AsyncIterator[Piece]) -> AsyncGenerator[bytes]:
    """Yield each piece as an event, its bytes in base64 and its id the offset to resume from.

    The last event is `end`. When the service stops, or the store or the chain goes away, the stream
    stops without it, and the client opens it again.
    """
    try:
        async for piece in pieces:
            yield _encoded(piece)
    except DeepSquareError as error:
        _log.warning("log_stream_stopped", code=error.code, why=error.message)


@lru_cache(maxsize=32)
def _encoded(piece: Piece) -> bytes:
    """Encode once for all who follow the same log."""
    if piece.is_last:
        return _END
    if not piece.data:
        return _HEARTBEAT
    return b"id: %d\ndata: %s\n\n" % (piece.end, base64.b64encode(piece.data))
