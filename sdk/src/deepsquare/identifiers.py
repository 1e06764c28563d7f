"""Identifiers of jobs and accounts.

A job id is 32 bytes on chain; everywhere else it is its canonical text, ``0x`` and 64 lower-case
hex digits, which is also the name of the Slurm job. People may also give the decimal form
(protocol.md 2.2).
"""

import re
from typing import NewType

from eth_utils.address import is_checksum_address, is_hex_address, to_checksum_address

from deepsquare.errors import Refused

JobId = NewType("JobId", str)
"""``0x`` and 64 lower-case hex digits."""

Address = NewType("Address", str)
"""An account or contract, in EIP-55 checksum form."""

BatchLocationHash = NewType("BatchLocationHash", str)
"""The content hash of a batch script; see `deepsquare.hashing`."""

ZERO_ADDRESS = Address("0x" + "00" * 20)

_HEX_ID = re.compile(r"0x[0-9a-fA-F]{64}")
_DECIMAL_ID = re.compile(r"[0-9]{1,39}")


class InvalidIdentifier(Refused):
    """The text is no job id or no address."""

    code = "invalid_identifier"


def parse_job_id(text: str) -> JobId:
    """Read a whole job id in its hex or decimal form; raises `InvalidIdentifier`."""
    if _HEX_ID.fullmatch(text):
        return JobId(text.lower())
    if _DECIMAL_ID.fullmatch(text):
        return job_id_from_bytes(int(text).to_bytes(32, "big"))
    raise InvalidIdentifier(
        f'"{text[:80]}" is no job id: give 0x and 64 hex digits, or its decimal form'
    )


def job_id_from_bytes(raw: bytes) -> JobId:
    """Convert the 32 bytes of the chain."""
    return JobId("0x" + raw.hex())


def job_id_to_bytes(job_id: JobId) -> bytes:
    """Convert to the 32 bytes of the chain."""
    return bytes.fromhex(job_id[2:])


def parse_address(text: str) -> Address:
    """Read an address in any letter case; a wrong checksum in mixed case is refused.

    Raises `InvalidIdentifier`.
    """
    if not is_hex_address(text) or not text.startswith("0x"):
        raise InvalidIdentifier(f'"{text[:80]}" is no address: give 0x and 40 hex digits')
    digits = text[2:]
    if digits not in (digits.lower(), digits.upper()) and not is_checksum_address(text):
        raise InvalidIdentifier(f'the checksum of "{text}" is wrong: copy the address again')
    return Address(to_checksum_address(text))
