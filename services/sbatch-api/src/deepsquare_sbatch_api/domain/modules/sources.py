"""Sources of modules: ``host/owner/repo[/path...][@ref]`` (W-MOD-1, W-MOD-2)."""

import re
from bisect import bisect
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

_COMMIT = re.compile("[0-9a-f]{40}")
_PREFIX = re.compile("[0-9a-f]{7,39}")

MODULE_FILE = "module.yaml"

_MOST_CANDIDATES = 200
_LONGEST_CANDIDATE = 64
"""Comparing names takes the product of their lengths: a repository may have 200 000 tags."""


class ModuleRefused(Exception):
    """A module cannot be had; the message says why (W-MOD-7)."""


@dataclass(frozen=True, slots=True)
class ModuleSource:
    """A source, taken apart."""

    text: str
    host: str
    owner: str
    name: str
    path: str
    """Directory of the module in the repository, "" for its root."""
    ref: str | None

    @property
    def repository(self) -> str:
        """The address of the repository."""
        return f"https://{self.host}/{self.owner}/{self.name}"

    @property
    def file(self) -> str:
        """The module file within the repository."""
        return f"{self.path}/{MODULE_FILE}" if self.path else MODULE_FILE

    @property
    def tag(self) -> str:
        """The tag that the reference names: in a monorepo it carries the module's path."""
        return f"{self.path}/{self.ref}" if self.path else str(self.ref)


@dataclass(frozen=True, slots=True)
class RemoteRefs:
    """What a repository offers: the commit of HEAD, and commits by tag (annotated ones peeled)."""

    head: str | None
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CommitPrefix:
    """The beginning of a commit's name, to be completed by the repository."""

    digits: str


def parse_source(text: str) -> ModuleSource:
    """Take a source apart that has passed validation."""
    place, _, ref = text.partition("@")
    host, owner, name, *path = place.split("/")
    return ModuleSource(text, host, owner, name, "/".join(path), ref or None)


def named_commit(source: ModuleSource) -> str | None:
    """Return the commit that a reference of 40 hex digits is."""
    ref = (source.ref or "").lower()
    return ref if _COMMIT.fullmatch(ref) else None


def select_commit(source: ModuleSource, refs: RemoteRefs) -> str | CommitPrefix:
    """Return the commit a source means, or what its repository must complete.

    A reference of 40 hex digits is a commit; else it is a tag, else the beginning of a commit.
    Branches are no references. Raises `ModuleRefused` that names the nearest tags.
    """
    if source.ref is None:
        if refs.head is None:
            raise ModuleRefused(f"{source.repository} has no commit")
        return refs.head
    if (named := named_commit(source)) is not None:
        return named
    if source.tag in refs.tags:
        return refs.tags[source.tag]
    if _PREFIX.fullmatch(source.ref.lower()):
        return CommitPrefix(source.ref.lower())
    raise unknown_ref(source, refs)


def unknown_ref(source: ModuleSource, refs: RemoteRefs) -> ModuleRefused:
    """Word the error for a reference that is neither tag nor commit."""
    message = f'{source.repository} has no tag "{source.tag}"'
    nearest = get_close_matches(source.tag, _candidates(source.tag, refs), n=3, cutoff=0.5)
    if nearest:
        message += f"; the nearest are {', '.join(nearest)}"
    return ModuleRefused(message)


def _candidates(tag: str, refs: RemoteRefs) -> list[str]:
    """Return the tags to compare with: of too many, those that stand around it in order."""
    if len(tag) > _LONGEST_CANDIDATE:
        return []
    tags = sorted(name for name in refs.tags if len(name) <= _LONGEST_CANDIDATE)
    first = min(bisect(tags, tag) - _MOST_CANDIDATES // 2, len(tags) - _MOST_CANDIDATES)
    return tags[max(0, first) :][:_MOST_CANDIDATES]
