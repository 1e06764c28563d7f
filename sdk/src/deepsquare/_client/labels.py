"""Labels that a job asks of its provider: `uses` and `affinity` of its definition."""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from deepsquare.chain import Affinity, JobDefinition, Label
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


def unmet(definition: JobDefinition, labels: Sequence[Label]) -> str:
    """Return what a provider's labels lack for a job, empty if they fit.

    A `uses` label must be among them as it is. A condition compares as numbers where both sides
    are numbers, else as text; a label that is absent meets ``!=`` only.
    """
    if missing := [use for use in definition.uses if use not in labels]:
        return f"lacks the label {missing[0].key}={missing[0].value}"
    value_by_key = {label.key: label.value for label in labels}
    for affinity in definition.affinity:
        if not _is_met(affinity, value_by_key):
            return f"does not meet {format_affinity(affinity)}"
    return ""


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _is_met(affinity: Affinity, value_by_key: Mapping[str, str]) -> bool:
    has, wanted, sign = value_by_key.get(affinity.label.key), affinity.label.value, _sign(affinity)
    if has is None:
        return sign == "!="
    if sign == "in":
        return has in [item.strip() for item in wanted.split(",")]
    compare = _COMPARE.get(sign)
    return compare is not None and compare(*_comparable(has, wanted))


def _comparable(left: str, right: str) -> tuple[Any, Any]:
    try:
        numbers = Decimal(left), Decimal(right)
    except InvalidOperation:
        return left, right
    return numbers if all(number.is_finite() for number in numbers) else (left, right)


def _sign(affinity: Affinity) -> str:
    return affinity.op.rstrip(b"\0").decode(errors="replace")
