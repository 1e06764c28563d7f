"""Errors and warnings of documents (workflow.md 1.2)."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from deepsquare.errors import Refused

MAX_REPORTED = 100
"""Errors reported for one document; the rest is counted (W-ERR-1)."""

SHOWN_CHARACTERS = 64
"""A value is echoed up to this length (W-ERR-4)."""

_END_OF_KEY = re.compile("[:=]")

_ECHO = "; got "
_LEAST_SECRET = 6
"""Characters of a secret that is searched for in all of a message, not only in its echo."""


@dataclass(frozen=True, slots=True)
class WorkflowError:
    """One problem of a document, or a warning.

    ``type`` is parse, validation, module, image, internal or warning; ``namespace`` the path from
    the root in wire names; ``line`` and ``column`` count from 1 and are absent without a text.
    """

    type: str
    tag: str
    namespace: str
    field: str
    message: str
    line: int | None = None
    column: int | None = None
    suggestion: str | None = None
    source: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the error object of the HTTP interface, without absent members."""
        members = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: value for name, value in members if value is not None}

    def __str__(self) -> str:
        place = (
            self.namespace if self.line is None else f"{self.line}:{self.column} {self.namespace}"
        )
        return f"{self.source + ': ' if self.source else ''}{place}: {self.message}"


class WorkflowInvalid(Refused):
    """A document breaks rules; ``errors`` holds all problems in document order.

    ``left_out`` counts errors beyond the first `MAX_REPORTED`; ``warnings`` came up on the way.
    """

    code = "invalid_workflow"

    def __init__(
        self,
        errors: Sequence[WorkflowError],
        *,
        left_out: int = 0,
        warnings: Sequence[WorkflowError] = (),
    ) -> None:
        self.errors = list(errors)
        self.warnings = list(warnings)
        self.left_out = left_out
        super().__init__(
            "\n".join([*map(str, self.errors), *self.remainder]),
            details={"errors": [error.as_dict() for error in self.errors], "left_out": left_out},
        )

    @property
    def remainder(self) -> list[str]:
        """Say how many errors are left out, in one line or none (W-ERR-1)."""
        return [f"and {self.left_out} more"] if self.left_out else []


def shown(value: object) -> str:
    """Quote a value for a message: cut, on one line, without user parts and queries of URLs."""
    text = str(value)
    if "@" in text or "?" in text:
        text = _without_credentials(text)
    text = printable(text[: SHOWN_CHARACTERS + 1])
    if len(text) > SHOWN_CHARACTERS:
        text = text[: SHOWN_CHARACTERS - 1] + "\N{HORIZONTAL ELLIPSIS}"
    return f'"{text}"'


def echo(value: object) -> str:
    """End a message with the value it is about."""
    return _ECHO + shown(value)


def without_values(
    problems: Iterable[WorkflowError], values: Iterable[str]
) -> tuple[WorkflowError, ...]:
    """Hide values where a template may have put them, as they are no secret there (W-ERR-4)."""
    lines = {line[: SHOWN_CHARACTERS - 1] for value in values for line in value.splitlines()} - {""}
    parts = sorted(lines, key=len, reverse=True)
    return tuple(replace(each, message=_hidden(each.message, parts)) for each in problems)


def _hidden(message: str, parts: list[str]) -> str:
    start, mark, echoed = message.rpartition(f'{_ECHO}"')
    if mark and any(part in echoed for part in parts):
        message = f'{start}{mark}***"'
    for part in parts:
        if len(part) >= _LEAST_SECRET:
            message = message.replace(part, "***")
    return message


def without_value(key: str) -> str:
    """Hide the value that a missing blank makes part of a key: ``{password:hunter2}``."""
    found = _END_OF_KEY.search(key)
    return key[: found.end()] + "***" if found else key


def printable(text: str) -> str:
    """Replace what would break a line of a message, or steer a terminal."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text
    )


def _without_credentials(text: str) -> str:
    """Leave out what may be a user part or a query, however ill-formed the URL around it is."""
    scheme, mark, rest = text.partition("://")
    if "@" in scheme or "?" in scheme or not mark:
        scheme, mark, rest = "", "", text
    place = rest.partition("?")[0].partition("#")[0]
    _user, at, host = place.rpartition("@")
    if not at and "@" in rest:
        # A password may hold the mark that ends a place.
        at, host = "@", ""
    return scheme + mark + ("***@" if at else "") + host
