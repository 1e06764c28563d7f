"""The files of one log: segments named by the offset of their first byte.

A segment starts with a header of 24 bytes: the id of the key that encrypts it (8 bytes, zeros when
it is plain) and a random start of the key stream (16 bytes). Bytes are encrypted with AES-256-CTR,
which allows appending and reading anywhere; it keeps logs secret, it does not detect alteration.
"""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from deepsquare_sbatch_api.adapters.keys import ID_BYTES, Key
from deepsquare_sbatch_api.adapters.sealing import Unsealable, derive

HEADER_BYTES = ID_BYTES + 16
_PLAIN = bytes(ID_BYTES)
_BLOCK_BYTES = 16
_SUFFIX = ".log"


class LogKeys:
    """Keys for logs: the first encrypts new segments, none leaves them plain."""

    def __init__(self, keys: tuple[Key, ...] = ()) -> None:
        self.newest = keys[0].id if keys else _PLAIN
        self._secret_by_id = {key.id: derive(key, b"logs") for key in keys}

    def apply(self, header: bytes, data: bytes, *, at: int) -> bytes:
        """Encrypt or decrypt bytes that stand at a position of a segment; raises `Unsealable`."""
        key_id, start = header[:ID_BYTES], int.from_bytes(header[ID_BYTES:])
        if key_id == _PLAIN:
            return data
        secret = self._secret_by_id.get(key_id)
        if secret is None:
            raise Unsealable("a stored log was made with another key: add that key to the file")
        block, skipped = divmod(at, _BLOCK_BYTES)
        counter = ((start + block) % 2**128).to_bytes(16)
        stream = Cipher(AES(secret), CTR(counter)).encryptor()
        return stream.update(bytes(skipped) + data)[skipped:]


@dataclass(frozen=True)
class Segment:
    """One file: `size` bytes of the log from offset `start`."""

    path: Path
    start: int
    size: int

    @property
    def end(self) -> int:
        """Offset after the last byte."""
        return self.start + self.size

    def append(self, data: bytes, keys: LogKeys) -> None:
        """Write after what is there; what a crash cut short is overwritten by the repeat."""
        with _open(self.path, os.O_RDWR | os.O_CREAT) as file:
            header = os.pread(file.number, HEADER_BYTES, 0)
            if len(header) < HEADER_BYTES:
                header = keys.newest + secrets.token_bytes(16)
                file.write(header, at=0)
            file.write(keys.apply(header, data, at=self.size), at=HEADER_BYTES + self.size)

    def read(self, start: int, end: int, keys: LogKeys) -> bytes:
        """Return the bytes between two offsets of the log that this segment has."""
        first, last = max(start, self.start) - self.start, min(end, self.end) - self.start
        with _open(self.path, os.O_RDONLY) as file:
            header = os.pread(file.number, HEADER_BYTES, 0)
            data = os.pread(file.number, last - first, HEADER_BYTES + first)
        return keys.apply(header, data, at=first)

    def flush(self) -> None:
        """Wait until the bytes are on disk."""
        with _open(self.path, os.O_RDONLY) as file:
            os.fsync(file.number)


def segment_at(directory: Path, start: int) -> Segment:
    """Return a segment that does not exist yet."""
    return Segment(directory / f"{start:020d}{_SUFFIX}", start, 0)


def list_segments(directory: Path) -> list[Segment]:
    """Return the segments of a log in order; none when it does not exist."""
    try:
        entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
    except FileNotFoundError:
        return []
    return [
        Segment(
            Path(entry.path),
            int(entry.name.removesuffix(_SUFFIX)),
            max(0, entry.stat().st_size - HEADER_BYTES),
        )
        for entry in entries
        if entry.name.endswith(_SUFFIX)
    ]


class _open:  # noqa: N801 - used as a function
    """A file descriptor that is closed at the end of the block."""

    def __init__(self, path: Path, flags: int) -> None:
        self.number = os.open(path, flags | os.O_CLOEXEC, 0o600)

    def __enter__(self) -> "_open":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.number)

    def write(self, data: bytes, *, at: int) -> None:
        """Write all of the data; raises `OSError` when the disk takes only a part."""
        done = 0
        while done < len(data):
            done += os.pwrite(self.number, data[done:], at + done)
