"""Writes archives with any member, hostile ones included: RAR by hand, 7-zip by its tool.

No program of Debian's main section writes RAR; members are stored without compression. Formats:
https://www.rarlab.com/technote.htm (RAR 5) and its forerunner for RAR 4.
"""

import io
import struct
import subprocess
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Member:
    """A file, or a symbolic link if it has a target."""

    name: str
    content: bytes = b"data"
    target: str = ""

    @property
    def stored(self) -> bytes:
        return self.target.encode() or self.content

    @property
    def mode(self) -> int:
        return 0o120777 if self.target else 0o100644


def _vint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _rar5_block(body: bytes) -> bytes:
    sized = _vint(len(body)) + body
    return struct.pack("<I", zlib.crc32(sized)) + sized


def _rar5_link(target: str) -> bytes:
    record = b"\x05\x01\x00" + _vint(len(target)) + target.encode()
    return _vint(len(record)) + record


def _rar5_file(member: Member) -> bytes:
    extra = _rar5_link(member.target) if member.target else b""
    data = b"" if member.target else member.content
    name = member.name.encode()
    sizes = (_vint(len(extra)) if extra else b"") + _vint(len(data))
    head = b"\x02" + _vint(3 if extra else 2) + sizes + _vint(4) + _vint(len(data))
    crc = struct.pack("<I", zlib.crc32(data))
    rest = _vint(member.mode) + crc + b"\x00\x01" + _vint(len(name)) + name + extra
    return _rar5_block(head + rest) + data


def rar5(members: Sequence[Member]) -> bytes:
    """Write a RAR 5 archive."""
    files = b"".join(_rar5_file(member) for member in members)
    return b"Rar!\x1a\x07\x01\x00" + _rar5_block(b"\x01\0\0") + files + _rar5_block(b"\x05\0\0")


def _rar4_block(kind: int, flags: int, rest: bytes) -> bytes:
    body = struct.pack("<BHH", kind, flags, 7 + len(rest)) + rest
    return struct.pack("<H", zlib.crc32(body) & 0xFFFF) + body


def _rar4_file(member: Member) -> bytes:
    data, name = member.stored, member.name.replace("/", "\\").encode()
    sizes = struct.pack("<II", len(data), len(data))
    about = struct.pack(
        "<BIIBBHI", 3, zlib.crc32(data), 0x5A21A000, 29, 0x30, len(name), member.mode
    )
    return _rar4_block(0x74, 0x8000, sizes + about + name) + data


def rar4(members: Sequence[Member]) -> bytes:
    """Write a RAR 4 archive."""
    files = b"".join(_rar4_file(member) for member in members)
    return b"Rar!\x1a\x07\x00" + _rar4_block(0x73, 0, bytes(6)) + files + _rar4_block(0x7B, 0, b"")


def seven_zip(members: Sequence[Member], folder: Path) -> bytes:
    """Write a 7-zip archive: members get harmless names first, 7z renames them."""
    folder.mkdir()
    for number, member in enumerate(members):
        path = folder / f"m{number}"
        if member.target:
            path.symlink_to(member.target)
        else:
            path.write_bytes(member.content)
    names = [word for n, member in enumerate(members) for word in (f"m{n}", member.name)]
    archive = folder / "a.7z"
    _run(folder, "7z", "a", "-snl", str(archive), *(f"m{n}" for n in range(len(members))))
    _run(folder, "7z", "rn", str(archive), *names)
    return archive.read_bytes()


def _run(folder: Path, *words: str) -> None:
    subprocess.run(words, cwd=folder, check=True, stdout=subprocess.DEVNULL)


def tar(members: Sequence[Member], mode: str = "w") -> bytes:
    """Write a tar archive."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode=mode) as archive:  # type: ignore[call-overload]
        for member in members:
            info = tarfile.TarInfo(member.name)
            if member.target:
                info.type, info.linkname = tarfile.SYMTYPE, member.target
                archive.addfile(info)
                continue
            info.size = len(member.content)
            archive.addfile(info, io.BytesIO(member.content))
    return raw.getvalue()


def zipped(members: Sequence[Member]) -> bytes:
    """Write a zip archive."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # equal names are wanted
        for member in members:
            info = zipfile.ZipInfo(member.name)
            info.create_system, info.external_attr = 3, member.mode << 16
            archive.writestr(info, member.stored)
    return raw.getvalue()


Writer = Callable[[Sequence[Member]], bytes]


def writers(folder: Path) -> dict[str, Writer]:
    """Return the writer of each kind; ``folder`` must not exist."""
    return {
        "tar": tar,
        "tar.gz": lambda members: tar(members, "w:gz"),
        "zip": zipped,
        "7z": lambda members: seven_zip(members, folder),
        "rar4": rar4,
        "rar5": rar5,
    }
