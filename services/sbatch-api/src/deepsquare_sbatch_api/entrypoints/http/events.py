"""Logs as server-sent events (HTML standard): binary safe, resumable at any byte."""

import asyncio
import base64
from collections.abc import AsyncGenerator, AsyncIterator
from functools import lru_cache

import structlog

from deepsquare.errors import DeepSquareError
from deepsquare_sbatch_api.app.logs import Piece

HEARTBEAT_S = 15
"""A comment is sent after this long without a byte, so that dead connections are found."""

_HEARTBEAT = b": still here\n\n"
_END = b"event: end\ndata:\n\n"
_log = structlog.get_logger()


async def as_events(pieces: AsyncIterator[Piece]) -> AsyncGenerator[bytes]:
    """Yield each piece as an event, its bytes in base64 and its id the offset to resume from.

    The last event is `end`. When the store or the chain goes away the stream stops without it, and
    the client opens it again.
    """
    following = asyncio.ensure_future(anext(pieces, None))
    try:
        while True:
            done, _ = await asyncio.wait({following}, timeout=HEARTBEAT_S)
            if not done:
                yield _HEARTBEAT
                continue
            piece = following.result()
            if piece is None:
                yield _END
                return
            yield _encoded(piece)
            following = asyncio.ensure_future(anext(pieces, None))
    except DeepSquareError as error:
        _log.warning("log_stream_stopped", code=error.code, why=error.message)
    finally:
        following.cancel()


@lru_cache(maxsize=32)
def _encoded(piece: Piece) -> bytes:
    """Encode once for all who follow the same log."""
    return b"id: %d\ndata: %s\n\n" % (piece.end, base64.b64encode(piece.data))
