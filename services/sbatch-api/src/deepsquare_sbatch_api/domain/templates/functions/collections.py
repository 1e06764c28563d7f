"""Functions on lists and maps, as sprig has them. They never change a value: they make new ones."""

from deepsquare_sbatch_api.domain.templates.errors import FunctionError
from deepsquare_sbatch_api.domain.templates.functions.numbers import to_integer
from deepsquare_sbatch_api.domain.templates.functions.signature import (
    MAX_ENTRIES,
    fixed,
    items,
    mapping,
    shown,
    text,
    variadic,
)
from deepsquare_sbatch_api.domain.templates.values import Child, Record, Value, are_equal


def _bounded(made: list[Value]) -> list[Value]:
    if len(made) > MAX_ENTRIES:
        raise FunctionError(f"makes a list of more than {MAX_ENTRIES} entries")
    return made


def _concat(*lists: Value) -> list[Value]:
    if sum(len(items(each)) for each in lists) > MAX_ENTRIES:
        raise FunctionError(f"makes a list of more than {MAX_ENTRIES} entries")
    return [value for each in lists for value in items(each)]


def _key(value: Value) -> object:
    """Return something hashable that is equal exactly for values that are."""
    if isinstance(value, list):
        return ("list", *map(_key, value))
    if isinstance(value, dict):
        return ("dict", *((key, _key(value[key])) for key in sorted(value)))
    if isinstance(value, Record | Child):
        return ("object", id(value))
    return (type(value), value)


def _unique(values: Value) -> list[Value]:
    first_by_key: dict[object, Value] = {}
    for value in items(values):
        first_by_key.setdefault(_key(value), value)
    return list(first_by_key.values())


def _without(values: Value, *dropped: Value) -> list[Value]:
    keys = {_key(value) for value in dropped}
    return [value for value in items(values) if _key(value) not in keys]


def _until(end: Value) -> list[Value]:
    last = to_integer(end)
    if abs(last) > MAX_ENTRIES:
        raise FunctionError(f"makes a list of more than {MAX_ENTRIES} entries")
    return list(range(last) if last >= 0 else range(0, last, -1))


def _dict(*entries: Value) -> dict[str, Value]:
    keys = [shown(key) for key in entries[::2]]
    values = [*entries[1::2], ""]
    return dict(zip(keys, values, strict=False))


def _keys(*maps: Value) -> list[Value]:
    return sorted(key for each in maps for key in mapping(each))


COLLECTIONS = {
    "list": variadic(lambda *values: list(values)),
    "first": fixed(lambda values: items(values)[0] if values else None, 1),
    "last": fixed(lambda values: items(values)[-1] if values else None, 1),
    "rest": fixed(lambda values: items(values)[1:], 1),
    "initial": fixed(lambda values: items(values)[:-1], 1),
    "append": fixed(lambda values, value: _bounded([*items(values), value]), 2),
    "prepend": fixed(lambda values, value: _bounded([value, *items(values)]), 2),
    "concat": variadic(_concat),
    "has": fixed(lambda value, values: any(are_equal(value, each) for each in items(values)), 2),
    "uniq": fixed(_unique, 1),
    "without": variadic(_without, 1),
    "reverse": fixed(lambda values: items(values)[::-1], 1),
    "until": fixed(_until, 1),
    "dict": variadic(_dict),
    "get": fixed(lambda values, key: mapping(values).get(text(key), ""), 2),
    "hasKey": fixed(lambda values, key: text(key) in mapping(values), 2),
    "keys": variadic(_keys, 1),
}
