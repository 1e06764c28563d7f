"""Logs as server-sent events (HTML standard): binary safe, resumable at any byte."""

import asyncio
import base64
from asyncio import FIRST_COMPLETED
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


async def as_events(pieces: AsyncIterator[Piece], stopping: asyncio.Event) -> AsyncGenerator[bytes]:
    """Yield each piece as an event, its bytes in base64 and its id the offset to resume from.

    The last event is `end`. When the service stops, or the store or the chain goes away, the stream
    stops without it, and the client opens it again.
    """
    stop = asyncio.ensure_future(stopping.wait())
    following = asyncio.ensure_future(anext(pieces, None))
    try:
        while not stopping.is_set():
            await asyncio.wait({following, stop}, timeout=HEARTBEAT_S, return_when=FIRST_COMPLETED)
            if not following.done():
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
        stop.cancel()


@lru_cache(maxsize=32)
def _encoded(piece: Piece) -> bytes:
    """Encode once for all who follow the same log."""
    return b"id: %d\ndata: %s\n\n" % (piece.end, base64.b64encode(piece.data))
