"""Manifests and indexes of images, both Docker's and OCI's (W-LOOK-2)."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deepsquare_sbatch_api.ports.images import ImageRefused, ImageUnknown

INDEX_TYPES = frozenset(
    {
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    }
)
MANIFEST_TYPES = frozenset(
    {
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    }
)
MAX_BRACKETS = 10_000
"""Where a library raised Python's recursion limit, deep nesting would end the process."""

_LONGEST_PATH = 4095
_NO_PATH = re.compile("[\0\ud800-\udfff]")

ACCEPTED = ", ".join(sorted(INDEX_TYPES | MANIFEST_TYPES))


@dataclass(frozen=True, slots=True)
class Platform:
    """What a job runs on."""

    os: str = "linux"
    architecture: str = "amd64"

    def __str__(self) -> str:
        return f"{self.os}/{self.architecture}"


def digest_of(body: bytes) -> str:
    """Return the digest of bytes as registries write it."""
    return "sha256:" + hashlib.sha256(body).hexdigest()


def check_digest(body: bytes, expected: str) -> None:
    """Raise `ImageUnknown` unless the bytes have the digest; other algorithms are not checked."""
    if expected.startswith("sha256:") and digest_of(body) != expected.lower():
        raise ImageUnknown("the registry sent something else than it announced")


def decoded(body: bytes) -> Mapping[str, Any]:
    """Decode a JSON object; raises `ImageUnknown`."""
    try:
        value = json.loads(body) if body.count(b"[") + body.count(b"{") <= MAX_BRACKETS else None
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ImageUnknown("the registry's answer is no JSON object")
    return value


def is_index(manifest: Mapping[str, Any], content_type: str) -> bool:
    """Tell an index from a manifest: by content type, else by the body; raises `ImageUnknown`."""
    stated = (content_type.partition(";")[0].strip().lower(), str(manifest.get("mediaType")))
    for media_type in stated:
        if media_type in INDEX_TYPES:
            return True
        if media_type in MANIFEST_TYPES:
            return False
    if isinstance(manifest.get("manifests"), list):
        return True
    if isinstance(manifest.get("config"), dict):
        return False
    raise ImageUnknown("the registry's answer is neither a manifest nor an index")


def entry_for(index: Mapping[str, Any], platform: Platform) -> str:
    """Return the digest of the platform's manifest; raises `ImageRefused` if there is none."""
    entries = index.get("manifests")
    if not isinstance(entries, list):
        raise ImageUnknown("the registry's index lists no manifests")
    for entry in entries:
        stated = entry.get("platform") if isinstance(entry, dict) else None
        if isinstance(stated, dict) and _is(stated, platform):
            return _digest(entry)
    raise ImageRefused(f"the image is not made for {platform}")


def _is(stated: Mapping[str, Any], platform: Platform) -> bool:
    return stated.get("os") == platform.os and stated.get("architecture") == platform.architecture


def config_digest(manifest: Mapping[str, Any]) -> str:
    """Return the digest of an image's configuration; raises `ImageUnknown`."""
    return _digest(manifest.get("config"))


def _digest(descriptor: object) -> str:
    digest = descriptor.get("digest") if isinstance(descriptor, dict) else None
    if not isinstance(digest, str) or not _is_sha256(digest):
        raise ImageUnknown("the registry's answer names no sha256 digest")
    return digest


def _is_sha256(digest: str) -> bool:
    algorithm, _, digits = digest.partition(":")
    return algorithm == "sha256" and len(digits) == 64 and set(digits) <= set("0123456789abcdef")


def working_directory(config: Mapping[str, Any]) -> str | None:
    """Return the image's working directory, if its configuration names a usable, absolute one."""
    inner = config.get("config")
    directory = inner.get("WorkingDir") if isinstance(inner, dict) else None
    return directory if isinstance(directory, str) and _is_path(directory) else None


def _is_path(text: str) -> bool:
    """Tell whether a system can have such a path, and a script can hold it."""
    is_encodable = len(text) <= _LONGEST_PATH and not _NO_PATH.search(text)
    return text.startswith("/") and is_encodable
