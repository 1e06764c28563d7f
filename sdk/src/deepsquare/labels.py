"""Labels that a job asks of its provider: `uses` and `affinity` of its definition.

Matching is off-chain (protocol.md 7, point 12); this is the rule for all who match.
"""

import operator
import re
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal, InvalidOperation

from deepsquare.chain import Affinity, Label
from deepsquare.errors import Refused

_AFFINITY = re.compile(r"\s*([^=!<>\s]+)\s*(==|!=|<=|>=|<|>|=|\bin\b)\s*(.*)")


class InvalidLabel(Refused):
    """The text is no label or no condition on a label."""

    code = "invalid_label"


def parse_use(text: str) -> Label:
    """Read ``key=value``."""
    key, equals, value = text.partition("=")
    if not key.strip() or not equals:
        raise InvalidLabel(f'"{text}" is no label: write it like zone=ch-1')
    return Label(key.strip(), value.strip())


def parse_affinity(text: str) -> Affinity:
    """Read a condition such as ``region==ch``, ``gpu!=none``, ``ram>=64`` or ``zone in a,b``."""
    match = _AFFINITY.fullmatch(text)
    if not match:
        raise InvalidLabel(
            f'"{text}" is no condition: write it like region==ch, ram>=64 or "zone in a,b"'
        )
    key, sign, value = match.groups()
    sign = "==" if sign == "=" else sign
    return Affinity(Label(key, value.strip()), sign.encode().ljust(2, b"\0"))


def format_affinity(affinity: Affinity) -> str:
    """Write a condition as `parse_affinity` reads it."""
    sign = _sign(affinity)
    space = " " if sign == "in" else ""
    return f"{affinity.label.key}{space}{sign}{space}{affinity.label.value}"


def unmet(
    uses: Sequence[Label], affinity: Sequence[Affinity], offered: Sequence[Label]
) -> str | None:
    """Return the first thing a provider's labels do not meet, as people write it, or None.

    A key may occur several times among a provider's labels. A `uses` label must be among them;
    ``==`` and ``in`` ask for the value, or one of several with commas between; ``!=`` for its
    absence; the orderings for a number that compares so.
    """
    for label in uses:
        if label not in offered:
            return f"{label.key}={label.value}"
    for condition in affinity:
        values = {label.value for label in offered if label.key == condition.label.key}
        if not _holds(condition, values):
            return format_affinity(condition)
    return None


_ORDERINGS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _holds(affinity: Affinity, values: AbstractSet[str]) -> bool:
    sign, wanted = _sign(affinity), affinity.label.value
    if sign == "==":
        return wanted in values
    if sign == "!=":
        return wanted not in values
    if sign == "in":
        return not values.isdisjoint(item.strip() for item in wanted.split(","))
    return _compares(_ORDERINGS.get(sign), values, wanted)


def _compares(
    ordering: Callable[[Decimal, Decimal], bool] | None, values: AbstractSet[str], wanted: str
) -> bool:
    limit, numbers = _number(wanted), [_number(value) for value in values]
    if ordering is None or limit is None:
        return False
    return any(number is not None and ordering(number, limit) for number in numbers)


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _sign(affinity: Affinity) -> str:
    return affinity.op.rstrip(b"\0").decode(errors="replace")
