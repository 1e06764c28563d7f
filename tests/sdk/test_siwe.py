"""Sign-In with Ethereum messages: what is built is read, and nothing else is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from hypothesis import given
from hypothesis import strategies as st

from deepsquare.identifiers import parse_address
from deepsquare.siwe import InvalidSiweMessage, SiweMessage, parse_siwe
from deepsquare.testing import development_account

ISSUED = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
ADDRESS = parse_address(development_account(0).address)
MESSAGE = SiweMessage(
    domain="sbatch.example.org:8443",
    address=ADDRESS,
    uri="https://sbatch.example.org:8443",
    chain_id=179188,
    nonce="abcdef0123456789",
    issued_at=ISSUED,
    expiration_time=ISSUED + timedelta(minutes=5),
    statement="Sign in to the DeepSquare Grid.",
    resources=("https://example.org/a", "urn:grid:b"),
)
EXPECTED = f"""sbatch.example.org:8443 wants you to sign in with your Ethereum account:
{ADDRESS}

Sign in to the DeepSquare Grid.

URI: https://sbatch.example.org:8443
Version: 1
Chain ID: 179188
Nonce: abcdef0123456789
Issued At: 2025-01-02T03:04:05Z
Expiration Time: 2025-01-02T03:09:05Z
Resources:
- https://example.org/a
- urn:grid:b"""


def test_render__all_fields__is_the_text_of_eip_4361() -> None:
    assert MESSAGE.render() == EXPECTED


def test_parse__rendered__gives_the_message_back() -> None:
    assert parse_siwe(EXPECTED) == MESSAGE


def test_render__no_statement__keeps_both_empty_lines() -> None:
    bare = replace(MESSAGE, statement=None, resources=(), expiration_time=None)
    assert bare.render().split("\n")[1:5] == [ADDRESS, "", "", f"URI: {bare.uri}"]
    assert parse_siwe(bare.render()) == bare


def test_parse__times_of_other_clients__are_read() -> None:
    text = EXPECTED.replace("03:04:05Z", "03:04:05.120Z").replace("03:09:05Z", "04:09:05+01:00")
    message = parse_siwe(text)
    assert message.issued_at == ISSUED + timedelta(milliseconds=120)
    assert message.expiration_time == MESSAGE.expiration_time


def test_render__signed_by_an_account__recovers_it() -> None:
    account = development_account(0)
    signed = account.sign_message(encode_defunct(text=MESSAGE.render()))
    recovered = Account.recover_message(
        encode_defunct(text=MESSAGE.render()), signature=signed.signature
    )
    assert recovered == MESSAGE.address


BROKEN = {
    "a line too many": EXPECTED + "\n",
    "a trailing word": EXPECTED + "\nhello",
    "lower-case address": EXPECTED.replace(ADDRESS, ADDRESS.lower()),
    "wrong checksum": EXPECTED.replace(ADDRESS, ADDRESS.swapcase().replace("0X", "0x")),
    "another version": EXPECTED.replace("Version: 1", "Version: 2"),
    "chain id with a sign": EXPECTED.replace("179188", "+179188"),
    "chain id 0": EXPECTED.replace("179188", "0"),
    "short nonce": EXPECTED.replace("abcdef0123456789", "abc"),
    "nonce with a dash": EXPECTED.replace("abcdef0123456789", "abcdef-123456789"),
    "no time": EXPECTED.replace("2025-01-02T03:04:05Z", "yesterday"),
    "before the year 1": EXPECTED.replace("2025-01-02T03:04:05Z", "0001-01-01T00:00:00+23:59"),
    "after the year 9999": EXPECTED.replace("2025-01-02T03:04:05Z", "9999-12-31T23:59:59-23:59"),
    "month 13": EXPECTED.replace("2025-01-02T03:04:05Z", "2025-13-02T03:04:05Z"),
    "time without a zone": EXPECTED.replace("03:04:05Z", "03:04:05"),
    "fields in another order": EXPECTED.replace(
        "Version: 1\nChain ID: 179188", "Chain ID: 179188\nVersion: 1"
    ),
    "a field twice": EXPECTED.replace("Version: 1", "Version: 1\nVersion: 1"),
    "carriage returns": EXPECTED.replace("\n", "\r\n"),
    "no URI": EXPECTED.replace("URI: https://sbatch.example.org:8443\n", ""),
    "relative URI": EXPECTED.replace("URI: https://sbatch.example.org:8443", "URI: /login"),
    "broken URI": EXPECTED.replace("URI: https://sbatch.example.org:8443", "URI: http://["),
    "empty": "",
    "too long": EXPECTED + "\n- urn:x" * 1000,
    "resources not listed": EXPECTED.replace("- urn", "* urn"),
    "domain with a path": EXPECTED.replace("sbatch.example.org:8443 wants", "a/b wants"),
    "no preamble": EXPECTED.replace("wants you to sign in", "wants your money"),
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_parse__not_exactly_a_message__is_refused(text: str) -> None:
    with pytest.raises(InvalidSiweMessage, match="sign-in message"):
        parse_siwe(text)


@pytest.mark.parametrize(
    "change",
    [
        {"statement": "two\nlines"},
        {"statement": ""},
        {"nonce": "short"},
        {"domain": "evil.org\nURI: x"},
        {"chain_id": 0},
        {"uri": "https://a b"},
        {"issued_at": datetime(2025, 1, 1)},  # noqa: DTZ001 - that is the point
        {"request_id": "line\nfeed"},
        {"resources": ("no uri",)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_message__value_the_format_cannot_hold__is_refused(change: dict[str, object]) -> None:
    with pytest.raises(InvalidSiweMessage):
        replace(MESSAGE, **change)  # type: ignore[arg-type]


@given(
    statement=st.none() | st.from_regex(r"[ -~]+", fullmatch=True),
    nonce=st.from_regex(r"[A-Za-z0-9]{8,64}", fullmatch=True),
    issued_at=st.datetimes(
        min_value=datetime(1970, 1, 2),  # noqa: DTZ001
        max_value=datetime(9000, 1, 1),  # noqa: DTZ001
    ),
    offset=st.integers(-12, 12),
    request_id=st.none() | st.from_regex(r"[A-Za-z0-9._~-]{0,20}", fullmatch=True),
)
def test_parse__any_message__reads_what_was_written(
    statement: str | None,
    nonce: str,
    issued_at: datetime,
    offset: int,
    request_id: str | None,
) -> None:
    zone = timezone(timedelta(hours=offset))
    message = replace(
        MESSAGE,
        statement=statement,
        nonce=nonce,
        issued_at=issued_at.replace(tzinfo=zone, microsecond=issued_at.microsecond // 1000 * 1000),
        request_id=request_id,
    )
    assert parse_siwe(message.render()) == message
