"""Server-sent events: bytes to events, as the HTML standard defines the format."""

import codecs
from collections.abc import AsyncIterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event; ``id`` is that of the last line that gave one, as the standard says."""

    event: str
    data: str
    id: str


class EventParser:
    """Takes text in pieces of any size and gives whole events."""

    def __init__(self) -> None:
        self._rest = ""
        self._data: list[str] = []
        self._event = ""
        self._id = ""

    def feed(self, text: str) -> list[ServerEvent]:
        """Return the events that this piece completes."""
        *lines, self._rest = (self._rest + text).split("\n")
        found = (self._take(line.removesuffix("\r")) for line in lines)
        return [event for event in found if event]

    def _take(self, line: str) -> ServerEvent | None:
        if not line:
            return self._dispatch()
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
        elif field == "event":
            self._event = value
        elif field == "id":
            self._id = value
        return None

    def _dispatch(self) -> ServerEvent | None:
        if not self._data and not self._event:
            return None
        event = ServerEvent(self._event or "message", "\n".join(self._data), self._id)
        self._data, self._event = [], ""
        return event


async def parse_events(chunks: AsyncIterator[bytes]) -> AsyncIterator[ServerEvent]:
    """Yield the events of a stream of bytes."""
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    parser = EventParser()
    async for chunk in chunks:
        for event in parser.feed(decode(chunk)):
            yield event
