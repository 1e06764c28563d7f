"""Functions that text/template itself has."""

import re
from collections.abc import Callable

from deepsquare_sbatch_api.domain.templates.errors import FunctionError
from deepsquare_sbatch_api.domain.templates.functions.signature import (
    Function,
    bounded,
    count,
    fixed,
    joined,
    shown,
    text,
    variadic,
)
from deepsquare_sbatch_api.domain.templates.literals import quote
from deepsquare_sbatch_api.domain.templates.values import Value, is_true, kind_of

_COMPARABLE = (bool, int, str, type(None))
_VERB = re.compile(r"%(.?)", re.DOTALL)


def _same(left: Value, right: Value) -> bool:
    if not isinstance(left, _COMPARABLE) or not isinstance(right, _COMPARABLE):
        raise FunctionError(f"cannot compare {kind_of(left)} with {kind_of(right)}")
    if left is not None and right is not None and type(left) is not type(right):
        raise FunctionError(f"cannot compare {kind_of(left)} with {kind_of(right)}")
    return bool(left == right)


def _equal(left: Value, *others: Value) -> bool:
    return any(_same(left, other) for other in others)


def _ordered(holds: Callable[[Value, Value], bool]) -> Function:
    def compare(left: Value, right: Value) -> bool:
        if type(left) is not type(right) or type(left) not in (int, str):
            raise FunctionError(f"cannot order {kind_of(left)} and {kind_of(right)}")
        return holds(left, right)

    return fixed(compare, 2)


def _length(value: Value) -> int:
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, list | dict):
        return len(value)
    raise FunctionError(f"{kind_of(value)} has no length")


def _index(value: Value, *keys: Value) -> Value:
    for key in keys:
        if isinstance(value, dict):
            value = value.get(text(key))
        elif isinstance(value, list):
            position = count(key)
            if not 0 <= position < len(value):
                raise FunctionError(f"there is no entry {position} in a list of {len(value)}")
            value = value[position]
        else:
            raise FunctionError(f"{kind_of(value)} has no entries")
    return value


def _print(*values: Value) -> str:
    """Join like Go's Sprint: a blank between two values of which neither is a string."""
    parts: list[str] = []
    for index, value in enumerate(values):
        if index and not isinstance(value, str) and not isinstance(values[index - 1], str):
            parts.append(" ")
        parts.append(shown(value))
    return joined(parts, "")


def _print_line(*values: Value) -> str:
    return joined([*map(shown, values)], " ") + "\n"


def _format(pattern: Value, *values: Value) -> str:
    left = list(values)
    made = _VERB.sub(lambda found: _verb(found[1], left), text(pattern))
    if left:
        raise FunctionError(f"{len(left)} arguments have no place in the format")
    return bounded(made)


def _verb(verb: str, values: list[Value]) -> str:
    if verb == "%":
        return "%"
    if verb not in ("s", "d", "v", "q"):
        raise FunctionError(f"%{verb} is not supported: use %s, %d, %v, %q or %%")
    if not values:
        raise FunctionError(f"%{verb} has no argument")
    value = values.pop(0)
    if verb == "d":
        return str(count(value))
    if verb == "s":
        return text(value)
    return shown(value) if verb == "v" else quote(text(value))


BUILT_IN = {
    # The evaluator itself evaluates these two, no further than the result needs.
    "and": variadic(lambda *values: values[-1], 1),
    "or": variadic(lambda *values: values[-1], 1),
    "not": fixed(lambda value: not is_true(value), 1),
    "eq": variadic(_equal, 2),
    "ne": fixed(lambda left, right: not _same(left, right), 2),
    "lt": _ordered(lambda left, right: left < right),
    "le": _ordered(lambda left, right: left <= right),
    "gt": _ordered(lambda left, right: left > right),
    "ge": _ordered(lambda left, right: left >= right),
    "len": fixed(_length, 1),
    "index": variadic(_index, 1),
    "print": variadic(_print),
    "printf": variadic(_format, 1),
    "println": variadic(_print_line),
}
