"""Checks of a sign-in message (EIP-4361), all but nonce and signature, which need the outside."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from deepsquare.identifiers import Address, parse_address
from deepsquare_sbatch_api.domain.errors import SignInRefused

SCOPES = frozenset({"workflows", "scripts", "logs"})
"""What a session may cover; all of it unless the log-in asks for less."""


_ADDRESS_LINE = re.compile(r"\A([^\n]*\n)(0x(?:[0-9a-f]{40}|[0-9A-F]{40}))(?=\n)")


def with_checksum(text: str) -> str:
    """Return a sign-in message whose address has the checksum that EIP-4361 asks for.

    The interface takes addresses without one too; signed is the text as it was sent.
    """
    return _ADDRESS_LINE.sub(lambda found: found[1] + parse_address(found[2]), text, count=1)


class SignInMessage(Protocol):
    """The fields of an EIP-4361 message, as its sender wrote them."""

    @property
    def domain(self) -> str: ...  # noqa: D102 - named by the EIP
    @property
    def address(self) -> Address: ...  # noqa: D102
    @property
    def uri(self) -> str: ...  # noqa: D102
    @property
    def version(self) -> str: ...  # noqa: D102
    @property
    def chain_id(self) -> int: ...  # noqa: D102
    @property
    def nonce(self) -> str: ...  # noqa: D102
    @property
    def issued_at(self) -> datetime: ...  # noqa: D102
    @property
    def expiration_time(self) -> datetime | None: ...  # noqa: D102
    @property
    def not_before(self) -> datetime | None: ...  # noqa: D102


@dataclass(frozen=True)
class Expected:
    """What this service's sign-in messages must say."""

    domain: str
    uri: str
    chain_id: int
    max_age: timedelta
    skew: timedelta


def check_message(message: SignInMessage, *, expected: Expected, now: datetime) -> None:
    """Raise `SignInRefused` naming the first field that is wrong.

    A message is good from `issued_at` for `max_age`, within its own `not_before` and
    `expiration_time`; the sender's clock may differ by `skew`.
    """
    _check_destination(message, expected)
    _check_times(message, expected=expected, now=now)


def _check_destination(message: SignInMessage, expected: Expected) -> None:
    pairs = (
        ("domain", message.domain, expected.domain),
        ("URI", message.uri.rstrip("/"), expected.uri.rstrip("/")),
        ("version", message.version, "1"),
        ("chain id", message.chain_id, expected.chain_id),
    )
    for field, given, wanted in pairs:
        if given != wanted:
            raise SignInRefused(f"the {field} of the sign-in message must be {wanted}")


def _check_times(message: SignInMessage, *, expected: Expected, now: datetime) -> None:
    if message.issued_at > now + expected.skew:
        raise SignInRefused("the sign-in message was issued in the future: set your clock")
    if message.issued_at + expected.max_age + expected.skew < now:
        raise SignInRefused("the sign-in message is too old: ask for a new nonce")
    if message.expiration_time is not None and message.expiration_time <= now:
        raise SignInRefused("the sign-in message has expired: ask for a new nonce")
    if message.not_before is not None and message.not_before > now:
        raise SignInRefused("the sign-in message is not valid yet")
