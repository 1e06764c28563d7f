"""Growing pauses between attempts of what failed, so that no retry runs hot."""

from collections.abc import Hashable

FIRST_S = 2
LONGEST_S = 60


class Pauses:
    """For each thing, until when not to try it again. Times in seconds of any one clock."""

    def __init__(self) -> None:
        self._by_key: dict[Hashable, tuple[int, int]] = {}

    def is_over(self, key: Hashable, now: int) -> bool:
        """Tell whether the thing may be tried."""
        until, _ = self._by_key.get(key, (0, 0))
        return now >= until

    def failed(self, key: Hashable, now: int) -> None:
        """Note a failure: the pause doubles, up to a minute."""
        _, length = self._by_key.get(key, (0, 0))
        length = min(LONGEST_S, length * 2 or FIRST_S)
        self._by_key[key] = (now + length, length)

    def worked(self, key: Hashable) -> None:
        """Note a success: the next failure starts anew."""
        self._by_key.pop(key, None)
