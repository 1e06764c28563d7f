import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepsquare.identifiers import (
    InvalidIdentifier,
    job_id_from_bytes,
    job_id_to_bytes,
    parse_address,
    parse_job_id,
)

VECTOR_HEX = "0x" + "00" * 16 + "fdb16d5d8888ba7e49aef8a8fa832af2"
VECTOR_DECIMAL = "337215937670665548130508230922277694194"
CHECKSUMMED = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


def test_job_id__decimal_form_of_the_protocol__is_the_hex_form() -> None:
    assert parse_job_id(VECTOR_DECIMAL) == parse_job_id(VECTOR_HEX) == VECTOR_HEX


def test_job_id__upper_case__becomes_canonical() -> None:
    assert parse_job_id("0x" + VECTOR_HEX[2:].upper()) == VECTOR_HEX


@pytest.mark.parametrize(
    "text",
    ["", "0x", "0x12", VECTOR_HEX + "0", "-1", "1" * 40, "1_0", "0X" + VECTOR_HEX[2:], "١٢", "1\n"],
)
def test_job_id__something_else__is_refused(text: str) -> None:
    with pytest.raises(InvalidIdentifier, match="is no job id"):
        parse_job_id(text)


@given(st.binary(min_size=32, max_size=32))
def test_job_id__any_bytes__come_back(raw: bytes) -> None:
    assert job_id_to_bytes(job_id_from_bytes(raw)) == raw


@pytest.mark.parametrize("text", [CHECKSUMMED, CHECKSUMMED.lower(), "0x" + CHECKSUMMED[2:].upper()])
def test_address__any_letter_case__is_answered_checksummed(text: str) -> None:
    assert parse_address(text) == CHECKSUMMED


def test_address__wrong_checksum__is_refused() -> None:
    with pytest.raises(InvalidIdentifier, match="checksum"):
        parse_address(CHECKSUMMED.replace("f39F", "F39f"))


@pytest.mark.parametrize("text", ["", CHECKSUMMED[2:], CHECKSUMMED + "0", "0xzz", "vitalik.eth"])
def test_address__something_else__is_refused(text: str) -> None:
    with pytest.raises(InvalidIdentifier, match="is no address"):
        parse_address(text)
