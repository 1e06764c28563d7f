"""The content hash that binds a job on chain to its batch script (workflow.md W-HASH-1)."""

import base64
import hashlib

from deepsquare.identifiers import BatchLocationHash

HASH_LENGTH = 31
"""Characters kept: 186 bits, and a Solidity string of one storage word."""


def batch_location_hash(script: bytes) -> BatchLocationHash:
    """Return the first 31 characters of the unpadded base64url form of the SHA-256 of a script.

    >>> batch_location_hash(b"")
    '47DEQpj8HBSa-_TImW-5JCeuQeRkm5N'
    """
    digest = hashlib.sha256(script).digest()
    return BatchLocationHash(base64.urlsafe_b64encode(digest).decode()[:HASH_LENGTH])
