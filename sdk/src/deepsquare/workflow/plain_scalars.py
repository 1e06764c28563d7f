"""Kinds of plain scalars by the core schema of YAML 1.2."""

import re
import string

from deepsquare.workflow.nodes import BOOLEAN, FLOAT, INT, MERGE, NULL, STRING

_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), NULL),
    **dict.fromkeys(("true", "True", "TRUE", "false", "False", "FALSE"), BOOLEAN),
    "<<": MERGE,
}
_INT = re.compile(r"[-+]?[0-9]+\Z|0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z"
    r"|[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z"
)
_NUMBER_STARTS = frozenset("0123456789+-.")

STARTS_OF_TEXT = frozenset(string.ascii_letters + '_/$"') - {word[:1] for word in _WORDS}
"""First characters after which a plain scalar is a string in any case; there are others."""


def plain_kind(text: str) -> str:
    """Resolve a plain scalar by the core schema of YAML 1.2."""
    if text.isdecimal() and text.isascii():
        return INT
    kind = _WORDS.get(text)
    if kind is not None:
        return kind
    if text[0] in _NUMBER_STARTS:
        if _INT.match(text):
            return INT
        if _FLOAT.match(text):
            return FLOAT
    return STRING
