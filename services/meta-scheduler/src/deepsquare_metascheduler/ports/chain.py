"""The grid as the meta-scheduler needs it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from deepsquare.errors import DeepSquareError
from deepsquare_metascheduler.domain.commands import Command
from deepsquare_metascheduler.domain.snapshot import Snapshot


class GridState(Protocol):
    """Reads the state of the grid."""

    async def snapshot(self) -> Snapshot:
        """Return the state at the newest block; raises `Unavailable` when the chain is away."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command: done, or the error it met."""

    command: Command
    error: DeepSquareError | None = None


class GridActions(Protocol):
    """Carries commands out."""

    async def balance_wei(self) -> int:
        """Return what the wallet has to pay gas with; raises `Unavailable`."""
        ...

    async def execute(self, commands: Sequence[Command]) -> list[Outcome]:
        """Carry commands out, each on its own; one that fails leaves the others alone.

        Returns an outcome per command once the chain has them. Raises `Unavailable` when the chain
        is away or slow, and `Refused` when the wallet cannot send.
        """
        ...
