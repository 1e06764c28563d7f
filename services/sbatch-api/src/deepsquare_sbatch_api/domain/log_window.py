"""Which bytes of a log are kept, and which are read: arithmetic on offsets.

Offsets count the bytes that the provider has sent, whatever was cut since; they never shift. A log
above its limit keeps its first half of the limit (the head) and its newest bytes (the tail); what
lies between is the cut.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class LogState:
    """A log: `size` bytes were sent, of which [0, head_end) and [tail_start, size) are kept."""

    size: int = 0
    head_end: int = 0
    tail_start: int = 0
    is_ended: bool = False

    @property
    def is_cut(self) -> bool:
        """Whether bytes of the middle are gone."""
        return self.head_end < self.tail_start

    def kept_from(self, offset: int) -> tuple[int, int]:
        """Return the first kept range [start, end) at or after an offset; empty at the end."""
        if offset < self.head_end:
            return offset, self.head_end
        start = min(max(offset, self.tail_start), self.size)
        return start, self.size

    def cut_between(self, offset: int, start: int) -> int:
        """Return how many cut bytes a reader skips who goes from `offset` to `start`."""
        return max(0, start - max(offset, self.head_end)) if self.is_cut else 0


def cut_notice(missing: int) -> bytes:
    """Return the line that stands for bytes that were cut."""
    return f"\ndeepsquare: {missing} bytes of this log were cut here\n".encode()


def start_of_last_lines(data: bytes, lines: int) -> int:
    """Return where the last lines of some bytes start; a last line need not end."""
    position = len(data)
    if data.endswith(b"\n"):
        position -= 1
    for _ in range(lines):
        position = data.rfind(b"\n", 0, max(0, position))
        if position < 0:
            return 0
    return position + 1 if lines else len(data)
