"""Values of templates: what is true, equal, and how they are written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deepsquare_sbatch_api.domain.templates.errors import FunctionError

Value = Any
"""None, bool, int, str, list or dict of values, `Record` or `Child`."""


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """Data of the job that templates may read, field by field (W-TPL-2)."""

    name: str
    fields: Mapping[str, Value] = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Child:
    """A step handed to the module: can be placed, counted and tested, not read (W-TPL-3)."""

    index: int


KIND_NAMES: dict[type, str] = {
    bool: "a boolean",
    int: "an integer",
    str: "a string",
    list: "a list",
    dict: "a map",
    Record: "a record",
    Child: "a step",
    type(None): "nil",
}


def kind_of(value: Value) -> str:
    """Name the kind of a value with its article, for messages."""
    return KIND_NAMES[type(value)]


def is_true(value: Value) -> bool:
    """Tell whether a value counts as true: not false, 0, nil or empty."""
    return True if isinstance(value, Record | Child) else bool(value)


def written(value: Value) -> str:
    """Write a value as an action does."""
    return "<no value>" if value is None else to_text(value)


def to_text(value: Value) -> str:
    """Write a value as Go's ``%v`` does; records and steps as ``<Name>`` (W-TPL-4)."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + " ".join(map(to_text, value)) + "]"
    if isinstance(value, dict):
        entries = (f"{key}:{to_text(value[key])}" for key in sorted(value))
        return "map[" + " ".join(entries) + "]"
    if isinstance(value, Record | Child):
        return f"<{value.name if isinstance(value, Record) else 'Step'}>"
    return "<nil>" if value is None else str(value)


def are_equal(left: Value, right: Value) -> bool:
    """Compare deeply; an integer never equals a boolean."""
    if type(left) is not type(right):
        return False
    if isinstance(left, list):
        return len(left) == len(right) and all(map(are_equal, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(
            are_equal(value, right[key]) for key, value in left.items()
        )
    return bool(left == right)


def field_of(value: Value, name: str) -> Value:
    """Return a field; what templates must not see is an error that says so."""
    if isinstance(value, Record):
        if name not in value.fields:
            seen = ", ".join(f".{known}" for known in value.fields) or "no field"
            raise FunctionError(f"templates cannot see .{name} of {value.name}; they see {seen}")
        return value.fields[name]
    if isinstance(value, dict):
        return value.get(name)
    if isinstance(value, Child):
        raise FunctionError("a step handed to the module can be placed, not read")
    raise FunctionError(f"{kind_of(value)} has no field .{name}")
