"""Functions on strings, as sprig has them."""

import re

from deepsquare_sbatch_api.domain.templates.errors import FunctionError
from deepsquare_sbatch_api.domain.templates.functions.signature import (
    MAX_ENTRIES,
    MAX_TEXT,
    bounded,
    count,
    fixed,
    items,
    joined,
    shown,
    text,
    variadic,
)
from deepsquare_sbatch_api.domain.templates.literals import quote
from deepsquare_sbatch_api.domain.templates.values import Value

_WORD = re.compile(r"\w+")


def _title(value: Value) -> str:
    """Make the first letter of each word a capital, the rest staying as it is."""
    return _WORD.sub(lambda word: word[0][:1].upper() + word[0][1:], text(value))


def _quoted(*values: Value) -> str:
    return joined([quote(shown(value)) for value in values if value is not None], " ")


def _single_quoted(*values: Value) -> str:
    return joined([f"'{shown(value)}'" for value in values if value is not None], " ")


def _indent(width: Value, value: Value) -> str:
    return _indented(count(width), text(value))


def _indented(width: int, value: str) -> str:
    if width < 0 or (value.count("\n") + 1) * width + len(value) > MAX_TEXT:
        raise FunctionError(f"cannot indent by {width}: the result would be too long")
    margin = " " * width
    return margin + value.replace("\n", "\n" + margin)


def _repeat(times: Value, value: Value) -> str:
    number, repeated = count(times), text(value)
    if number < 0 or number * len(repeated) > MAX_TEXT:
        raise FunctionError(f"cannot repeat {number} times: the result would be too long")
    return repeated * number


def _replace(old: Value, new: Value, value: Value) -> str:
    whole = text(value)
    if len(whole) + whole.count(text(old)) * len(text(new)) > MAX_TEXT:
        raise FunctionError(f"makes a text of more than {MAX_TEXT} characters")
    return whole.replace(text(old), text(new))


def _truncate(length: Value, value: Value) -> str:
    kept, whole = count(length), text(value)
    if kept < 0:
        return whole[kept:] if len(whole) + kept > 0 else whole
    return whole[:kept]


def _substring(start: Value, end: Value, value: Value) -> str:
    first, last, whole = count(start), count(end), text(value)
    if first < 0:
        return whole[: max(0, last)]
    return whole[first:] if last < 0 or last > len(whole) else whole[first:last]


def _joined(separator: Value, values: Value) -> str:
    parts = items(values) if isinstance(values, list) or values is None else [values]
    return joined([shown(part) for part in parts if part is not None], text(separator))


def _split(separator: Value, value: Value) -> list[Value]:
    whole, mark = text(value), text(separator)
    if (whole.count(mark) if mark else len(whole)) > MAX_ENTRIES:
        raise FunctionError(f"makes a list of more than {MAX_ENTRIES} entries")
    return list(whole.split(mark) if mark else whole)


def _trimmed(characters: Value, value: Value) -> str:
    return text(value).strip(text(characters))


TEXTS = {
    "lower": fixed(lambda value: text(value).lower(), 1),
    "upper": fixed(lambda value: text(value).upper(), 1),
    "title": fixed(_title, 1),
    "trim": fixed(lambda value: text(value).strip(), 1),
    "trimAll": fixed(_trimmed, 2),
    "trimPrefix": fixed(lambda part, value: text(value).removeprefix(text(part)), 2),
    "trimSuffix": fixed(lambda part, value: text(value).removesuffix(text(part)), 2),
    "replace": fixed(_replace, 3),
    "contains": fixed(lambda part, value: text(part) in text(value), 2),
    "hasPrefix": fixed(lambda part, value: text(value).startswith(text(part)), 2),
    "hasSuffix": fixed(lambda part, value: text(value).endswith(text(part)), 2),
    "quote": variadic(_quoted),
    "squote": variadic(_single_quoted),
    "indent": fixed(_indent, 2),
    "nindent": fixed(lambda width, value: bounded("\n" + _indent(width, value)), 2),
    "repeat": fixed(_repeat, 2),
    "trunc": fixed(_truncate, 2),
    "substr": fixed(_substring, 3),
    "nospace": fixed(lambda value: re.sub(r"\s", "", text(value)), 1),
    "join": fixed(_joined, 2),
    "splitList": fixed(_split, 2),
    "toString": fixed(shown, 1),
}
