"""Sign-In with Ethereum: the message of EIP-4361, built and strictly parsed.

Client and server share it, so that what one writes the other reads. Signing is the signer's part:
sign `SiweMessage.render()` as a personal message (EIP-191).
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from deepsquare.errors import Refused
from deepsquare.identifiers import Address, InvalidIdentifier, parse_address

VERSION = "1"
_PREAMBLE = " wants you to sign in with your Ethereum account:"
_DOMAIN = re.compile(r"[A-Za-z0-9.\-_\[\]:]{1,255}")
_NONCE = re.compile(r"[A-Za-z0-9]{8,128}")
_STATEMENT = re.compile(r"[\x20-\x7e]+")
_CHAIN_ID = re.compile(r"[1-9][0-9]{0,77}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
_REQUEST_ID = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=:@%]{0,255}")
MAX_MESSAGE_CHARACTERS = 4096


class InvalidSiweMessage(Refused):
    """The text is no message of EIP-4361, or a field has a value the format cannot hold."""

    code = "invalid_siwe_message"


@dataclass(frozen=True, slots=True)
class SiweMessage:
    """What an account signs in order to sign in.

    Raises `InvalidSiweMessage` when a value does not fit the format. Whether domain, chain id,
    nonce and times are the right ones is for the server to decide.
    """

    domain: str
    address: Address
    uri: str
    chain_id: int
    nonce: str
    issued_at: datetime
    expiration_time: datetime | None = None
    not_before: datetime | None = None
    statement: str | None = None
    request_id: str | None = None
    resources: tuple[str, ...] = ()
    version: str = VERSION

    def __post_init__(self) -> None:
        _require(_DOMAIN.fullmatch(self.domain), "domain")
        _require(parse_address(self.address) == self.address, "address")
        _require(_is_uri(self.uri), "URI")
        _require(self.chain_id > 0, "Chain ID")
        _require(_NONCE.fullmatch(self.nonce), "Nonce")
        _require(self.version == VERSION, "Version")
        _require(self.statement is None or _STATEMENT.fullmatch(self.statement), "statement")
        _require(self.request_id is None or _REQUEST_ID.fullmatch(self.request_id), "Request ID")
        _require(all(map(_is_uri, self.resources)), "Resources")
        _require(all(time.tzinfo for time in self._times()), "time without a zone")

    def _times(self) -> list[datetime]:
        times = (self.issued_at, self.expiration_time, self.not_before)
        return [time for time in times if time is not None]

    def render(self) -> str:
        """Return the exact text to sign."""
        statement = [self.statement, ""] if self.statement is not None else [""]
        head = [f"{self.domain}{_PREAMBLE}", self.address, "", *statement]
        return "\n".join([*head, *self._fields()])

    def _fields(self) -> list[str]:
        fields = {
            "URI": self.uri,
            "Version": self.version,
            "Chain ID": str(self.chain_id),
            "Nonce": self.nonce,
            "Issued At": _render_time(self.issued_at),
            "Expiration Time": self.expiration_time and _render_time(self.expiration_time),
            "Not Before": self.not_before and _render_time(self.not_before),
            "Request ID": self.request_id,
        }
        lines = [f"{tag}: {value}" for tag, value in fields.items() if value is not None]
        if self.resources:
            lines += ["Resources:", *(f"- {resource}" for resource in self.resources)]
        return lines


class _Lines:
    """The lines of a message, taken one after the other."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")

    def take(self, what: str) -> str:
        _require(self._lines, what)
        return self._lines.pop(0)

    def field(self, tag: str) -> str:
        value = self.optional(tag)
        if value is None:
            raise InvalidSiweMessage(f'the sign-in message lacks "{tag}: ..." at its place')
        return value

    def optional(self, tag: str) -> str | None:
        prefix = f"{tag}: "
        if self._lines and self._lines[0].startswith(prefix):
            return self._lines.pop(0).removeprefix(prefix)
        return None

    def resources(self) -> tuple[str, ...]:
        if not self._lines:
            return ()
        _require(self._lines.pop(0) == "Resources:", "end")
        _require(all(line.startswith("- ") for line in self._lines), "Resources")
        return tuple(line.removeprefix("- ") for line in self._lines)


def parse_siwe(text: str) -> SiweMessage:
    """Read a message of EIP-4361.

    Strict: what it returns renders to exactly ``text``. Raises `InvalidSiweMessage`.
    """
    _require(len(text) <= MAX_MESSAGE_CHARACTERS, "length")
    try:
        message = _parse(_Lines(text))
    except InvalidIdentifier as error:
        raise InvalidSiweMessage(f"the sign-in message is invalid: {error.message}") from error
    if not _same_text(message, text):
        raise InvalidSiweMessage("the sign-in message is not in the canonical form of EIP-4361")
    return message


def _parse(lines: _Lines) -> SiweMessage:
    first = lines.take("domain")
    _require(first.endswith(_PREAMBLE), "first line")
    address = parse_address(lines.take("address"))
    _require(lines.take("empty line") == "", "empty line")
    statement = _take_statement(lines)
    return SiweMessage(
        domain=first.removesuffix(_PREAMBLE),
        address=address,
        statement=statement,
        uri=lines.field("URI"),
        version=lines.field("Version"),
        chain_id=_parse_chain_id(lines.field("Chain ID")),
        nonce=lines.field("Nonce"),
        issued_at=_parse_time(lines.field("Issued At")),
        expiration_time=_parse_optional_time(lines.optional("Expiration Time")),
        not_before=_parse_optional_time(lines.optional("Not Before")),
        request_id=lines.optional("Request ID"),
        resources=lines.resources(),
    )


def _take_statement(lines: _Lines) -> str | None:
    statement = lines.take("statement")
    if statement == "":
        return None
    _require(lines.take("empty line") == "", "empty line")
    return statement


def _parse_chain_id(text: str) -> int:
    _require(_CHAIN_ID.fullmatch(text), "Chain ID")
    return int(text)


def _parse_optional_time(text: str | None) -> datetime | None:
    return None if text is None else _parse_time(text)


def _parse_time(text: str) -> datetime:
    _require(_TIME.fullmatch(text), "time")
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidSiweMessage(f'"{text}" in the sign-in message is no time') from error


def _render_time(time: datetime) -> str:
    utc = time.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="milliseconds" if utc.microsecond else "seconds") + "Z"


def _same_text(message: SiweMessage, text: str) -> bool:
    """Compare all but the spelling of times: other clients write other fractions and zones."""
    return _without_times(message.render()) == _without_times(text)


def _without_times(text: str) -> str:
    return re.sub(r"(?m)^(Issued At|Expiration Time|Not Before): .*$", r"\1", text)


def _is_uri(text: str) -> bool:
    if re.search(r"[\s\x00-\x1f\x7f]", text):
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme and (parts.netloc or parts.path))


def _require(condition: object, what: str) -> None:
    if not condition:
        raise InvalidSiweMessage(f"the sign-in message is invalid: {what}")
