"""Which part of a log a request asks for: `Range` (RFC 9110) and `tail`."""

import re
from dataclasses import dataclass

from deepsquare.errors import Refused

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class RangeNotSatisfiable(Refused):
    """The range starts beyond the end; ``details.size`` is the log's size."""

    code = "range_not_satisfiable"


@dataclass(frozen=True)
class ByteRange:
    """Bytes [start, end) of a log."""

    start: int
    end: int


def parse_range(header: str | None, *, size: int) -> ByteRange | None:
    """Return the one range asked for, None when the whole log is to be sent.

    Other units, several ranges and malformed headers are ignored, as the RFC allows.
    Raises `RangeNotSatisfiable`.
    """
    match = _RANGE.fullmatch((header or "").strip())
    if match is None or match.group(0) == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        return _checked(max(0, size - int(last)), size, size)
    if last and int(last) < int(first):
        return None
    return _checked(int(first), min(int(last) + 1, size) if last else size, size)


def _checked(start: int, end: int, size: int) -> ByteRange:
    if start >= size:
        raise RangeNotSatisfiable(f"the log has {size} bytes", details={"size": size})
    return ByteRange(start, end)
