"""Amounts of credits: integers of credit-wei inside, decimals of credits for people.

One credit is 10^18 credit-wei (protocol.md 2.1). Floats are refused: they cannot hold an amount.
"""

from decimal import Decimal, InvalidOperation
from typing import NewType

from deepsquare.errors import Refused

Wei = NewType("Wei", int)
"""An amount in credit-wei."""

CREDIT_DECIMALS = 18
WEI_PER_CREDIT = 10**CREDIT_DECIMALS
MAX_WEI = Wei(2**96 - 1)
"""No amount on chain can exceed it (protocol.md 2.1)."""


class InvalidAmount(Refused):
    """The text or number is no amount of credits."""

    code = "invalid_amount"


def parse_credits(value: str | int | Decimal) -> Wei:
    """Convert credits, such as ``"12.5"``, to credit-wei, exactly.

    Raises `InvalidAmount` for floats, for negative, infinite or malformed numbers, for more than
    18 decimals, and above 2^96-1 credit-wei.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise InvalidAmount(
            f"{value!r} is no amount of credits: give an integer, a decimal or a text, no float"
        )
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise InvalidAmount(f'"{value}" is no amount of credits: write it like 12.5') from None
    if not number.is_finite() or number < 0:
        raise InvalidAmount(f"{value} is no amount of credits: it must be finite and not negative")
    return _to_wei(number, shown=str(value))


def _to_wei(number: Decimal, shown: str) -> Wei:
    if number.adjusted() >= CREDIT_DECIMALS:
        raise InvalidAmount(f"{shown} credits are more than can exist")
    numerator, denominator = number.as_integer_ratio()
    wei, remainder = divmod(numerator * WEI_PER_CREDIT, denominator)
    if remainder:
        raise InvalidAmount(f"{shown} has more than {CREDIT_DECIMALS} decimals")
    if wei > MAX_WEI:
        raise InvalidAmount(f"{shown} credits are more than can exist")
    return Wei(wei)


def to_credits(wei: int) -> Decimal:
    """Convert credit-wei to credits, exactly, whatever the decimal context."""
    sign, digits = int(wei < 0), tuple(map(int, str(abs(wei))))
    return Decimal((sign, digits, -CREDIT_DECIMALS))


def format_credits(wei: int) -> str:
    """Write credit-wei as credits with no exponent and no trailing zeros: ``"1.03192"``."""
    text = format(to_credits(wei), "f")
    return text.rstrip("0").rstrip(".")
