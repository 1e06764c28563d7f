"""``WWW-Authenticate`` by the grammar of RFC 9110, 11.6.1."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_WORD = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_SCHEME = re.compile(rf"[\s,]*({_WORD})(?=\s|,|\Z)\s*")
_PARAMETER = re.compile(rf'[\s,]*({_WORD})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({_WORD}))(?=\s|,|\Z)')
_LEGACY = re.compile(r"[0-9A-Za-z\-._~+/]+=*(?=\s*(?:,|\Z))")


@dataclass(frozen=True, slots=True)
class Challenge:
    """One challenge: its scheme in lower case, its parameters by lower-case name."""

    scheme: str
    parameters: Mapping[str, str]


def parse_challenges(header: str) -> list[Challenge]:
    """Read all challenges of a header; what is malformed ends the list."""
    challenges: list[Challenge] = []
    at = 0
    while (scheme := _SCHEME.match(header, at)) is not None:
        at = scheme.end()
        parameters: dict[str, str] = {}
        while (found := _PARAMETER.match(header, at)) is not None:
            value = found[3] if found[2] is None else re.sub(r"\\(.)", r"\1", found[2])
            parameters.setdefault(found[1].lower(), value)
            at = found.end()
        if not parameters and (token := _LEGACY.match(header, at)) is not None:
            at = token.end()
        challenges.append(Challenge(scheme[1].lower(), parameters))
    return challenges
