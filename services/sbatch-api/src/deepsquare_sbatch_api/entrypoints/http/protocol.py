"""HTTP/1.1 with bounds that uvicorn 0.54 does not set with its fast parser: heads of requests, and
bodies that go on after their answer.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 64 * 1024
"""Longest request line, headers and trailers together."""

HEAD_PATIENCE_S = 30
"""How long a head may take to arrive, and a new connection to send something."""

REST_PATIENCE_S = 30
"""How long the rest of a body may come after its request was answered. Closed at once, the client
would see a broken connection in the place of the answer.
"""

_REFUSAL = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: application/json\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b"
)
_TOLD = (
    b'{"code":"too_large","message":"the head of the request is larger than %d bytes","details":{}}'
    % MAX_HEAD_BYTES
)


class HeadTooLong(Exception):
    """Ends parsing; uvicorn then refuses the request."""


class BoundedHttp(HttpToolsProtocol):
    """Closes a connection whose head is too long or too slow, or whose body does not end.

    The parser keeps a header to itself until it is whole, so bytes that came since it last told of
    anything count as head.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*args, **kwargs)
        self._head_bytes = 0
        self._untold_bytes = 0
        self._has_told = False
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, and wait for its first request."""
        super().connection_made(transport)
        self._wait(HEAD_PATIENCE_S)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Pass bytes to the parser, and count what it keeps."""
        self._has_told = False
        super().data_received(data)
        self._untold_bytes = 0 if self._has_told else self._untold_bytes + len(data)
        if self._head_bytes + self._untold_bytes > MAX_HEAD_BYTES:
            self.send_400_response("")

    def send_400_response(self, msg: str) -> None:
        """Close the connection; one whose head is too long is told so."""
        if self._head_bytes + self._untold_bytes <= MAX_HEAD_BYTES:
            super().send_400_response(msg)
            return
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(_REFUSAL % (len(_TOLD), _TOLD))
        self.transport.close()

    def on_message_begin(self) -> None:
        """Begin to count a head."""
        self._has_told = True
        self._head_bytes = 0
        self._wait(HEAD_PATIENCE_S)
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take a part of the request line."""
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header or a trailer."""
        self._count(name)
        self._count(value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin the request."""
        self._wait_no_more()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._has_told = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        self._wait_no_more()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """End an answer; one that did not wait for the whole body takes the rest for a while."""
        super().on_response_complete()
        if self.cycle.more_body:
            self._wait(REST_PATIENCE_S)

    def _count(self, part: bytes) -> None:
        self._has_told = True
        self._head_bytes += len(part)
        if self._head_bytes > MAX_HEAD_BYTES:
            raise HeadTooLong

    def _wait(self, seconds: float) -> None:
        self._wait_no_more()
        self._patience = self.loop.call_later(seconds, self.transport.close)

    def _wait_no_more(self) -> None:
        if self._patience:
            self._patience.cancel()
            self._patience = None
