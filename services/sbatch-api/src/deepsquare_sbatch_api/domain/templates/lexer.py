"""Splits a template into texts and actions, actions into tokens (Go's text/template, W-TPL-1)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from deepsquare_sbatch_api.domain.templates.errors import TemplateError
from deepsquare_sbatch_api.domain.templates.literals import parse_integer, unquote

_TOKEN = re.compile(
    r"""
    (?P<space>[ \t\r\n]+)
    | (?P<string>"(?:[^"\\\n]|\\.)*")
    | (?P<raw>`[^`]*`)
    | (?P<number>[-+]?[0-9][0-9A-Za-z_.]*)
    | (?P<variable>\$\w*)
    | (?P<field>\.[^\W0-9]\w*)
    | (?P<dot>\.)
    | (?P<name>[^\W0-9]\w*)
    | (?P<symbol>:=|=|\||\(|\)|,)
    """,
    re.VERBOSE,
)
_OPEN = re.compile(r"\{\{(?:-(?=[ \t\r\n]))?")
_CLOSE = re.compile(r"(?:[ \t\r\n]+-)?\}\}")
_COMMENT = re.compile(r"[ \t\r\n]*/\*.*?\*/([ \t\r\n]+-)?\}\}", re.DOTALL)
_COMMENT_START = re.compile(r"[ \t\r\n]*/\*")
_BLANKS = " \t\r\n"

MAX_TOKENS = 10_000
"""Tokens of a template, far more than any module has: they take a third of a second (W-TPL-5)."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token of an action. ``is_joined`` tells that no blank stands before it."""

    kind: str
    value: str | int
    at: int
    is_joined: bool


@dataclass(frozen=True, slots=True)
class TextPart:
    """Text between actions, with blanks trimmed as the markers ask."""

    text: str


@dataclass(frozen=True, slots=True)
class ActionPart:
    """The tokens between ``{{`` and ``}}``."""

    tokens: tuple[Token, ...]
    at: int


def split(text: str) -> Iterator[TextPart | ActionPart]:
    """Yield the parts of a template; raises `TemplateError`."""
    offset, trims, left = 0, False, MAX_TOKENS
    while (opening := _OPEN.search(text, offset)) is not None:
        before = text[offset : opening.start()]
        before = before.lstrip(_BLANKS) if trims else before
        yield TextPart(before.rstrip(_BLANKS) if len(opening[0]) > 2 else before)
        if _COMMENT_START.match(text, opening.end()):
            offset, trims = _skip_comment(text, opening.end())
            continue
        tokens, closing = _tokens(text, opening.end(), left)
        left -= len(tokens)
        yield ActionPart(tokens, opening.start())
        offset, trims = closing.end(), len(closing[0]) > 2
    rest = text[offset:]
    yield TextPart(rest.lstrip(_BLANKS) if trims else rest)


def _skip_comment(text: str, offset: int) -> tuple[int, bool]:
    comment = _COMMENT.match(text, offset)
    if comment is None:
        _fail(text, offset, "a comment stands alone in its action and ends with */}}")
    return comment.end(), comment[1] is not None


def _tokens(text: str, offset: int, most: int) -> tuple[tuple[Token, ...], "re.Match[str]"]:
    tokens: list[Token] = []
    is_joined = False
    start = offset
    while (closing := _CLOSE.match(text, offset)) is None:
        found = _TOKEN.match(text, offset)
        if found is None:
            _fail(text, min(offset, len(text)), _complaint(text, offset, start))
        if found.lastgroup == "space":
            is_joined = False
        elif len(tokens) >= most:
            _fail(text, offset, f"a template has at most {MAX_TOKENS} words in its actions")
        else:
            tokens.append(_token(text, found, is_joined=is_joined))
            is_joined = True
        offset = found.end()
    return tuple(tokens), closing


def _complaint(text: str, offset: int, start: int) -> str:
    if offset >= len(text):
        line = text.count("\n", 0, start) + 1
        return f"the action that starts on line {line} is not closed"
    if text[offset] in '"`':
        return "a string is not closed"
    if text[offset] == "'":
        return "character constants are not supported"
    return f"unexpected {text[offset]!r} in an action"


def _token(text: str, found: "re.Match[str]", *, is_joined: bool) -> Token:
    kind, raw, at = str(found.lastgroup), found[0], found.start()
    value: str | int = raw
    if kind == "string":
        value = unquote(raw) or ("" if raw == '""' else _fail(text, at, "a bad escape in a string"))
    elif kind == "raw":
        kind, value = "string", raw[1:-1].replace("\r", "")
    elif kind == "number":
        number = parse_integer(raw)
        value = number if number is not None else _fail(text, at, f"{raw[:40]} is no integer")
    elif kind == "field":
        value = raw[1:]
    return Token(kind, value, at, is_joined)


def _fail(text: str, offset: int, message: str) -> NoReturn:
    raise TemplateError.at(text, offset, message)
