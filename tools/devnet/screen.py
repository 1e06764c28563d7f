"""What a devnet says on the terminal."""

import sys
import time

_PART_WIDTH = 15


class Screen:
    """Writes lines at once, with the seconds since the start."""

    def __init__(self) -> None:
        self._started_s = time.monotonic()

    def elapsed_s(self) -> float:
        """Return the seconds since the start."""
        return time.monotonic() - self._started_s

    def say(self, text: str = "") -> None:
        """Write a line."""
        print(text, flush=True)

    def tell(self, part: str, what: str) -> None:
        """Write that a part is ready."""
        self.say(f"  {self.elapsed_s():4.1f} s  {part:<{_PART_WIDTH}} {what}")

    def complain(self, text: str) -> None:
        """Write an error."""
        print(text, file=sys.stderr, flush=True)
