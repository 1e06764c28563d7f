"""How often and after which pauses a retryable request is repeated."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """A bounded number of rounds with growing pauses between them."""

    rounds: int = 3
    first_pause_s: float = 0.2
    factor: float = 2
    longest_pause_s: float = 5

    def pauses(self) -> Iterator[float]:
        """Yield the pause before each round; the first round starts at once."""
        yield 0
        for number in range(self.rounds - 1):
            yield min(self.first_pause_s * self.factor**number, self.longest_pause_s)
