"""Converts scalars, strictly (W-DOC-4)."""

import re
from typing import Any

from deepsquare.workflow.declare import FieldSpec
from deepsquare.workflow.document import INVALID, Converter, Document
from deepsquare.workflow.errors import echo
from deepsquare.workflow.nodes import (
    BOOLEAN,
    FLOAT,
    INT,
    MAPPING,
    NULL,
    SCALAR_KINDS,
    SEQUENCE,
    STRING,
    TEXT_KINDS,
    Node,
)
from deepsquare.workflow.report import Path

MIN_INT, MAX_INT = -(2**31), 2**31 - 1
_INT_DIGITS = 10
"""Decimal digits of the largest Int."""

_NO_FREE_TEXT = re.compile("[\0\ud800-\udfff]").search
_NO_TEXT = re.compile("[\0-\x1f\x7f-\x9f\ud800-\udfff]").search


def _is_ill_free_text(value: str) -> bool:
    # Searching a long script for a set of characters takes longer than parsing it.
    return "\0" in value if value.isascii() else _NO_FREE_TEXT(value) is not None


def _is_ill_text(value: str) -> bool:
    return not value.isprintable() and _NO_TEXT(value) is not None


_KIND_NAMES = {
    STRING: "a string",
    INT: "an integer",
    FLOAT: "a number with a fraction or exponent",
    BOOLEAN: "a boolean",
    NULL: "null",
    MAPPING: "a mapping",
    SEQUENCE: "a list",
}
_WORDS_OF_YAML_1_1 = frozenset({"yes", "no", "on", "off", "y", "n"})


def kind_name(node: Node) -> str:
    """Name what a node is, for a message."""
    return _KIND_NAMES.get(node.tag, "a value with a tag of its own")


def wrong_type(document: Document, node: Node, path: Path, *, expected: str) -> Any:  # noqa: ANN401
    """Report a value of the wrong type; a tag the language does not know is a syntax error."""
    if node.tag not in _KIND_NAMES:
        message = "custom tags (!...) are not allowed; quote the value if it is text"
        document.report.error(node, path, "syntax", message=message)
    else:
        document.report.error(node, path, "type", message=f"must be {expected}")
    return INVALID


def string_converter(spec: FieldSpec) -> Converter:
    """Return the converter of a String field."""
    is_ill = _is_ill_free_text if spec.is_free_text else _is_ill_text
    rules = spec.rules

    def convert(document: Document, node: Node, path: Path) -> Any:  # noqa: ANN401
        if node.tag not in TEXT_KINDS and not (document.forgives and node.tag in SCALAR_KINDS):
            return _not_a_string(document, node, path, spec=spec)
        value = node.value
        if is_ill(value):
            return _ill_text(document, node, path, spec=spec)
        for rule in rules:
            if not rule.accepts(value):
                message = f"must be {rule.expects}" + ("" if spec.is_secret else echo(value))
                document.report.error(node, path, rule.tag, message=message)
                return INVALID
        return value

    return convert


def _not_a_string(document: Document, node: Node, path: Path, *, spec: FieldSpec) -> Any:  # noqa: ANN401
    if node.tag not in SCALAR_KINDS or node.tag == NULL:
        return wrong_type(document, node, path, expected=f"a string, not {kind_name(node)}")
    expected = f"a string, not {kind_name(node)}: put it in quotes"
    if not spec.is_secret:
        expected += f", '{node.value[:64]}'"
    return wrong_type(document, node, path, expected=expected)


def _ill_text(document: Document, node: Node, path: Path, *, spec: FieldSpec) -> Any:  # noqa: ANN401
    what = "a NUL character" if spec.is_free_text else "control characters or line breaks"
    message = f"must not hold {what} or halves of surrogate pairs"
    document.report.error(node, path, "text", message=message)
    return INVALID


def int_converter(spec: FieldSpec) -> Converter:
    """Return the converter of an Int field."""
    rules = spec.rules

    def convert(document: Document, node: Node, path: Path) -> Any:  # noqa: ANN401
        if node.tag != INT:
            return _not_an_integer(document, node, path)
        value = parse_int(node.value)
        if value is None:
            expected = f"an integer from {MIN_INT} to {MAX_INT}"
            return wrong_type(document, node, path, expected=expected)
        for rule in rules:
            if not rule.accepts(value):
                message = f"must be {rule.expects}; got {value}"
                document.report.error(node, path, rule.tag, message=message)
                return INVALID
        return value

    return convert


def parse_int(text: str) -> int | None:
    """Read an integer of the core schema; None outside the range of Int.

    >>> parse_int("0755"), parse_int("0o17"), parse_int("2147483648")
    (755, 15, None)
    """
    if text.isdecimal() and len(text) < _INT_DIGITS:
        return int(text)
    sign, digits = (text[0], text[1:]) if text[0] in "+-" else ("", text)
    prefix = digits[:2].lower()
    body = digits[2:] if prefix in ("0x", "0o") else digits
    body = body.lstrip("0") or "0"
    if len(body) > (_INT_DIGITS + 2):
        return None
    value = int(sign + body, {"0x": 16, "0o": 8}.get(prefix, 10))
    return value if MIN_INT <= value <= MAX_INT else None


def _not_an_integer(document: Document, node: Node, path: Path) -> Any:  # noqa: ANN401
    expected = f"an integer, not {kind_name(node)}"
    if node.tag == STRING and re.fullmatch("[-+]?[0-9]+", node.value):
        expected += ": remove the quotes"
    return wrong_type(document, node, path, expected=expected)


def convert_boolean(document: Document, node: Node, path: Path) -> Any:  # noqa: ANN401
    """Convert ``true`` or ``false``."""
    if node.tag == BOOLEAN:
        return node.value.lower() == "true"
    expected = f"true or false, not {kind_name(node)}"
    if node.tag == STRING and node.value.lower() in _WORDS_OF_YAML_1_1:
        expected += f': "{node.value}" is text in YAML 1.2'
    elif node.tag == STRING and node.value.lower() in ("true", "false"):
        expected += ": remove the quotes"
    return wrong_type(document, node, path, expected=expected)
