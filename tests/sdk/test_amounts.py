from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepsquare.amounts import MAX_WEI, InvalidAmount, format_credits, parse_credits, to_credits


@pytest.mark.parametrize(
    ("given_value", "wei"),
    [
        ("1", 10**18),
        ("12.5", 12_500_000_000_000_000_000),
        (Decimal("1.03192"), 1_031_920_000_000_000_000),
        (7, 7 * 10**18),
        ("0", 0),
        ("0.000000000000000001", 1),
        ("1e2", 100 * 10**18),
        ("1e-18", 1),
    ],
)
def test_parse__an_amount__is_exact(given_value: str | int | Decimal, wei: int) -> None:
    assert parse_credits(given_value) == wei


@pytest.mark.parametrize(
    ("given_value", "message"),
    [
        (1.5, "no float"),
        (True, "no float"),
        ("", "write it like 12.5"),
        ("ten", "write it like 12.5"),
        ("NaN", "finite"),
        ("Infinity", "finite"),
        ("-1", "not negative"),
        (-1, "not negative"),
        ("0.0000000000000000001", "more than 18 decimals"),
        ("1e-999999", "more than 18 decimals"),
        ("1e999999", "more than can exist"),
        (2**64, "more than can exist"),
        (2**256 - 1, "more than can exist"),
        ("79228162514.264337593543950336", "more than can exist"),
    ],
)
def test_parse__no_amount__is_refused_with_the_reason_f8(given_value: str, message: str) -> None:
    with pytest.raises(InvalidAmount, match=message):
        parse_credits(given_value)


def test_parse__the_largest_amount__is_taken() -> None:
    assert parse_credits("79228162514.264337593543950335") == MAX_WEI


@pytest.mark.parametrize(
    ("wei", "text"),
    [(0, "0"), (1, "0.000000000000000001"), (10**18, "1"), (100 * 10**18, "100"),
     (1_031_920_000_000_000_000, "1.03192"), (-(10**17), "-0.1")],
)  # fmt: skip
def test_format__wei__has_no_exponent_and_no_trailing_zero(wei: int, text: str) -> None:
    assert format_credits(wei) == text


@given(st.integers(0, MAX_WEI))
def test_format__any_amount__is_read_back_exactly(wei: int) -> None:
    assert parse_credits(format_credits(wei)) == wei


@given(st.integers(0, MAX_WEI))
def test_conversion__narrow_decimal_context__loses_nothing(wei: int) -> None:
    with localcontext() as context:
        context.prec = 3
        assert parse_credits(to_credits(wei)) == wei
