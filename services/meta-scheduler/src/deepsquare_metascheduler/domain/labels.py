"""Does a provider have what a job asks for by its labels?

A provider carries labels, such as ``region=eu``; a key may occur several times. A job's ``uses``
are labels the provider must have; its ``affinity`` are conditions, such as ``slurm>=23`` (matching
is off-chain by protocol.md 7, point 12):

- ``==``, ``in``: the provider has the key with this value, or one of these, separated by commas;
- ``!=``: it does not have the key with this value;
- ``<``, ``<=``, ``>``, ``>=``: it has the key, both values are numbers, and they compare so.
"""

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation

from deepsquare.chain import Affinity, Label

ValuesByKey = Mapping[str, frozenset[str]]

_ORDERINGS: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def values_by_key(labels: Iterable[Label]) -> ValuesByKey:
    """Index a provider's labels."""
    found: dict[str, frozenset[str]] = {}
    for label in labels:
        found[label.key] = found.get(label.key, frozenset()) | {label.value}
    return found


def unmet(uses: Sequence[Label], affinity: Sequence[Affinity], offered: ValuesByKey) -> str | None:
    """Return the first condition a provider does not meet, as people write it, or None."""
    for label in uses:
        if label.value not in offered.get(label.key, frozenset()):
            return f"{label.key}={label.value}"
    for condition in affinity:
        if not _holds(condition, offered):
            return f"{condition.label.key}{_operator(condition)}{condition.label.value}"
    return None


def _operator(condition: Affinity) -> str:
    return condition.op.rstrip(b"\0").decode("ascii", errors="replace")


def _holds(condition: Affinity, offered: ValuesByKey) -> bool:
    kind, wanted = _operator(condition), condition.label.value
    values = offered.get(condition.label.key, frozenset())
    if kind == "==":
        return wanted in values
    if kind == "!=":
        return wanted not in values
    if kind == "in":
        return not values.isdisjoint(item.strip() for item in wanted.split(","))
    return _compares(_ORDERINGS.get(kind), values, wanted)


def _compares(
    ordering: Callable[[Decimal, Decimal], bool] | None, values: Iterable[str], wanted: str
) -> bool:
    limit = _number(wanted)
    if ordering is None or limit is None:
        return False
    return any((number := _number(v)) is not None and ordering(number, limit) for v in values)


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
