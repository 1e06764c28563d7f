"""Literals of Go: integers and interpreted strings."""

import re

MIN_INT, MAX_INT = -(2**63), 2**63 - 1
_DECIMAL = re.compile(r"(?:0|[1-9](?:_?[0-9])*)\Z")
_PREFIXED = {
    "0x": re.compile("(?:_?[0-9a-fA-F])+\\Z"),
    "0b": re.compile("(?:_?[01])+\\Z"),
    "0o": re.compile("(?:_?[0-7])+\\Z"),
}
_BASES = {"0x": 16, "0b": 2, "0o": 8}
_ESCAPE = re.compile(
    r"""\\(?:(?P<simple>[abfnrtv\\"])|(?P<octal>[0-7]{3})|x(?P<byte>[0-9a-fA-F]{2})"""
    r"""|u(?P<short>[0-9a-fA-F]{4})|U(?P<long>[0-9a-fA-F]{8})|(?P<bad>.|\Z))""",
    re.DOTALL,
)
_SIMPLE = dict(zip('abfnrtv\\"', '\a\b\f\n\r\t\v\\"', strict=True))
_LONGEST = 70


def parse_integer(text: str) -> int | None:
    """Read an integer literal of 64 bits; None if it is none."""
    sign, digits = (text[0], text[1:]) if text[0] in "+-" else ("", text)
    prefix = digits[:2].lower()
    if len(digits) > _LONGEST:
        return None
    if prefix in _PREFIXED and _PREFIXED[prefix].match(digits[2:]):
        value = int(digits[2:].replace("_", ""), _BASES[prefix])
    elif _DECIMAL.match(digits):
        value = int(digits.replace("_", ""))
    else:
        return None
    value = -value if sign == "-" else value
    return value if MIN_INT <= value <= MAX_INT else None


def unquote(literal: str) -> str | None:
    """Read a string literal in double quotes; None for an escape that is no text.

    >>> unquote(r'"a\\n\\u00e9"')
    'a\\né'
    """
    try:
        return _ESCAPE.sub(_unescape, literal[1:-1])
    except ValueError:
        return None


def _unescape(found: "re.Match[str]") -> str:
    if found["simple"]:
        return _SIMPLE[found["simple"]]
    code = found["octal"] or found["byte"]
    if code is not None:
        value = int(code, 8 if found["octal"] else 16)
        if value > 0x7F:
            raise ValueError
        return chr(value)
    value = int(found["short"] or found["long"] or "D800", 16)
    if found["bad"] is not None or 0xD800 <= value <= 0xDFFF:
        raise ValueError
    return chr(value)


def quote(text: str) -> str:
    """Write a string literal as Go's ``%q`` does."""
    return '"' + "".join(map(_escaped, text)) + '"'


_ESCAPES = {value: "\\" + key for key, value in _SIMPLE.items()}


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
