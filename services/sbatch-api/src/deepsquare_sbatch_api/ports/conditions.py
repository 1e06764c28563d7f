"""Telling whether the text of an `if` can be evaluated at all."""

from collections.abc import Mapping, Sequence
from typing import Protocol


class ConditionSyntax(Protocol):
    """Knows the grammar of bash test expressions."""

    async def problems(self, conditions: Sequence[str]) -> Mapping[str, str]:
        """Return what is wrong with each condition that cannot be parsed; runs none of them.

        A condition that could not be judged in time is left out, like one that is sound.
        """
