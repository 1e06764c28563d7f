"""How much work a value makes: values may share parts, so that nesting could multiply it."""

from deepsquare_sbatch_api.domain.templates.errors import FunctionError
from deepsquare_sbatch_api.domain.templates.values import Value

MAX_WEIGHT = 100_000
"""Entries of a value, those of its parts included each time they stand in it."""

MAX_DEPTH = 50
"""Nesting of lists and maps in a value."""

_CHARACTERS_PER_ENTRY = 10


class Scales:
    """Weighs values, each list and map once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Value, int, int]] = {}
        """Value, weight and depth by identity; holding the value keeps the identity its own."""

    def weigh(self, value: Value) -> int:
        """Return the weight of a value; raises `FunctionError` beyond a limit."""
        weight, depth = self._measure(value)
        if weight > MAX_WEIGHT:
            raise FunctionError(f"makes a value of more than {MAX_WEIGHT} entries")
        if depth > MAX_DEPTH:
            raise FunctionError(f"makes a value nested deeper than {MAX_DEPTH} levels")
        return weight

    def _measure(self, value: Value) -> tuple[int, int]:
        if isinstance(value, str):
            return 1 + len(value) // _CHARACTERS_PER_ENTRY, 0
        if not isinstance(value, list | dict):
            return 1, 0
        if id(value) not in self._known:
            parts = list(map(self._measure, value.values() if isinstance(value, dict) else value))
            weight = 1 + sum(weight for weight, _ in parts)
            depth = 1 + max((depth for _, depth in parts), default=0)
            self._known[id(value)] = (value, weight, depth)
        _, weight, depth = self._known[id(value)]
        return weight, depth
