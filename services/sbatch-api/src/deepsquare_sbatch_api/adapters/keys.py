"""Key files: one key per line in base64; the first is used, all are accepted.

A key is named by the first 8 bytes of its SHA-256, so that what it made can be told apart after a
new key has been put before it.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass, field

from deepsquare.errors import Refused

KEY_BYTES = 32
ID_BYTES = 8


class InvalidKeys(Refused):
    """A key file holds no usable keys; its content is not shown."""

    code = "invalid_keys"


@dataclass(frozen=True)
class Key:
    """A secret of at least 32 bytes and its public name."""

    id: bytes
    secret: bytes = field(repr=False)


def parse_keys(text: str) -> tuple[Key, ...]:
    """Read keys, the one to use first; raises `InvalidKeys`."""
    secrets = [_decoded(line.strip()) for line in text.splitlines() if line.strip()]
    if not secrets or any(len(secret) < KEY_BYTES for secret in secrets):
        raise InvalidKeys(
            f"give one key per line: base64 of {KEY_BYTES} random bytes or more"
            " (openssl rand -base64 32)"
        )
    return tuple(Key(hashlib.sha256(secret).digest()[:ID_BYTES], secret) for secret in secrets)


def _decoded(line: str) -> bytes:
    try:
        return base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        return b""
