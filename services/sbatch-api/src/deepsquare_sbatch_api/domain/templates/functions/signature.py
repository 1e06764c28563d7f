"""What a function is, and how it takes its arguments."""

from collections.abc import Callable
from dataclasses import dataclass

from deepsquare_sbatch_api.domain.templates.errors import FunctionError
from deepsquare_sbatch_api.domain.templates.values import Value, kind_of, to_text

MAX_TEXT = 1024 * 1024
"""Characters of any text a function makes."""

MAX_ENTRIES = 100_000
"""Entries of any list a function makes."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function and how many arguments it takes; ``most`` None is any number."""

    call: Callable[..., Value]
    least: int
    most: int | None

    def takes(self, count: int) -> bool:
        """Tell whether it takes this many arguments."""
        return count >= self.least and (self.most is None or count <= self.most)

    @property
    def arity(self) -> str:
        """How many arguments it takes, in words."""
        if self.most is None:
            return f"at least {self.least} arguments"
        if self.least == self.most:
            return f"{self.least} argument{'s' * (self.least != 1)}"
        return f"{self.least} to {self.most} arguments"


def fixed(call: Callable[..., Value], count: int) -> Function:
    """Declare a function of ``count`` arguments."""
    return Function(call, count, count)


def variadic(call: Callable[..., Value], least: int = 0) -> Function:
    """Declare a function of at least ``least`` arguments."""
    return Function(call, least, None)


def text(value: Value) -> str:
    """Take a string."""
    if not isinstance(value, str):
        raise FunctionError(f"a string is needed, not {kind_of(value)}")
    return value


def items(value: Value) -> list[Value]:
    """Take a list; nil is an empty one."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise FunctionError(f"a list is needed, not {kind_of(value)}")
    return value


def mapping(value: Value) -> dict[str, Value]:
    """Take a map."""
    if not isinstance(value, dict):
        raise FunctionError(f"a map is needed, not {kind_of(value)}")
    return value


def count(value: Value) -> int:
    """Take an integer."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise FunctionError(f"an integer is needed, not {kind_of(value)}")
    return value


def bounded(made: str) -> str:
    """Give back a text unless it is too long."""
    if len(made) > MAX_TEXT:
        raise FunctionError(f"makes a text of more than {MAX_TEXT} characters")
    return made


def joined(parts: list[str], separator: str) -> str:
    """Join texts unless the result is too long."""
    total = sum(map(len, parts)) + len(separator) * max(0, len(parts) - 1)
    if total > MAX_TEXT:
        raise FunctionError(f"makes a text of more than {MAX_TEXT} characters")
    return separator.join(parts)


def shown(value: Value) -> str:
    """Write any value as a text, bounded."""
    return bounded(to_text(value))
