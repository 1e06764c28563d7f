"""Functions on integers of 64 bits, as sprig has them; beyond 64 bits is an error."""

import re
from collections.abc import Callable
from functools import reduce

from deepsquare_sbatch_api.domain.templates.errors import FunctionError
from deepsquare_sbatch_api.domain.templates.functions.signature import (
    Function,
    fixed,
    text,
    variadic,
)
from deepsquare_sbatch_api.domain.templates.literals import MAX_INT, MIN_INT
from deepsquare_sbatch_api.domain.templates.values import Value, kind_of

_INTEGER = re.compile("[-+]?[0-9]{1,30}")


def to_integer(value: Value) -> int:
    """Convert as sprig does: text that is no integer counts as 0."""
    if value is None or isinstance(value, int):
        return int(value or 0)
    if isinstance(value, str):
        return int(value) if _INTEGER.fullmatch(value) and _fits(int(value)) else 0
    raise FunctionError(f"an integer is needed, not {kind_of(value)}")


def _fits(value: int) -> bool:
    return MIN_INT <= value <= MAX_INT


def _checked(value: int) -> int:
    if not _fits(value):
        raise FunctionError("the result does not fit into 64 bits")
    return value


def _folded(combine: Callable[[int, int], int]) -> Function:
    def call(*values: Value) -> int:
        return reduce(lambda left, right: _checked(combine(left, right)), map(to_integer, values))

    return variadic(call, 1)


def _divide(left: Value, right: Value) -> int:
    """Divide towards zero, as Go does."""
    dividend, divisor = to_integer(left), to_integer(right)
    if divisor == 0:
        raise FunctionError("division by zero")
    quotient = abs(dividend) // abs(divisor)
    return _checked(quotient if (dividend < 0) == (divisor < 0) else -quotient)


def _remainder(left: Value, right: Value) -> int:
    return to_integer(left) - _divide(left, right) * to_integer(right)


NUMBERS = {
    "int": fixed(to_integer, 1),
    "atoi": fixed(lambda value: to_integer(text(value)), 1),
    "add": _folded(lambda left, right: left + right),
    "add1": fixed(lambda value: _checked(to_integer(value) + 1), 1),
    "sub": fixed(lambda left, right: _checked(to_integer(left) - to_integer(right)), 2),
    "mul": _folded(lambda left, right: left * right),
    "div": fixed(_divide, 2),
    "mod": fixed(_remainder, 2),
    "max": _folded(max),
    "min": _folded(min),
}
