"""Bytes of a log to lines of text."""


class LineDecoder:
    """Turns bytes that arrive in pieces into whole lines of text, whatever the bytes are.

    Lines longer than ``limit`` characters are given in several parts, so that memory is bounded.
    """

    def __init__(self, *, limit: int = 65536) -> None:
        self._rest = b""
        self._limit = limit

    def feed(self, data: bytes) -> list[str]:
        """Return the lines that this piece completes, without their line ends."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > self._limit:
            lines.append(self._rest)
            self._rest = b""
        return [line.decode(errors="replace") for line in lines]

    def finish(self) -> list[str]:
        """Return what is left when no more will come."""
        rest, self._rest = self._rest, b""
        return [rest.decode(errors="replace")] if rest else []
