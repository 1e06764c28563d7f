"""A bound on how many of something are open at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from deepsquare_sbatch_api.domain.errors import TooBusy


class Places:
    """`count` places; who finds none is refused at once."""

    def __init__(self, count: int) -> None:
        self._free = count

    @contextmanager
    def take(self) -> Iterator[None]:
        """Hold one place; raises `TooBusy`."""
        self.check()
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1

    def check(self) -> None:
        """Raise `TooBusy` when there is no place."""
        if self._free <= 0:
            raise TooBusy
