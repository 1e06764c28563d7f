"""`ModuleRepositories` by git: one list of references, one commit, one file."""

import asyncio
import re
import tempfile
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from deepsquare.workflow import ResolvedModule
from deepsquare_sbatch_api.adapters.module_git.command import (
    MAX_FETCH_SECONDS,
    AnswerTooLarge,
    GitCommand,
    GitFailed,
)
from deepsquare_sbatch_api.adapters.module_git.locations import Location, Locations
from deepsquare_sbatch_api.domain.modules import (
    CommitPrefix,
    FetchedModule,
    ModuleRefused,
    ModuleSource,
    RemoteRefs,
    named_commit,
    select_commit,
    unknown_ref,
)
from deepsquare_sbatch_api.ports.clock import Clock

MAX_FILE_BYTES = 1024 * 1024
REFS_LIFE = timedelta(seconds=60)
MAX_KNOWN_REFS = 1_000
MAX_KNOWN_BYTES = 32 * 1024 * 1024
"""Bound of the cache of module files."""

MAX_AT_ONCE = 16
"""Fetches of the whole service at the same time; each may hold 64 MiB of disk."""

_REF = re.compile(r"(?P<commit>[0-9a-f]{40})\t(?P<name>\S+)")
_TAGS = "refs/tags/"
_PEELED = "^{}"
_SUFFIX = ".git"
_STATUS = re.compile("returned error: ([0-9]{3})")


@dataclass(frozen=True, slots=True)
class _Workspace:
    """A private directory with an empty repository, for one fetch."""

    home: Path
    location: Location
    git: GitCommand

    async def run(self, *arguments: str, given: bytes = b"") -> bytes:
        return await self.git.run(
            arguments,
            home=self.home,
            protocol=self.location.protocol,
            settings=self.location.settings,
            given=given,
        )

    async def fetch(self, depth_or_filter: str, *wanted: str) -> None:
        await self.run("init", "--quiet", "--bare", "repository")
        remote = (f"remote.origin.url={self.location.address}", "remote.origin.promisor=true")
        configured = [word for setting in remote for word in ("-c", setting)]
        how = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", depth_or_filter)
        await self.run("--git-dir=repository", *configured, *how, "origin", *wanted)


class GitRepositories:
    """Fetches module files; commits by reference and files by commit are remembered (W-MOD-6)."""

    def __init__(
        self, locations: Locations, clock: Clock, *, git: GitCommand | None = None
    ) -> None:
        self._locations = locations
        self._clock = clock
        self._git = git or GitCommand()
        self._gate = asyncio.Semaphore(MAX_AT_ONCE)
        self._refs: OrderedDict[str, tuple[datetime, RemoteRefs]] = OrderedDict()
        self._files: OrderedDict[tuple[str, str, str], str] = OrderedDict()
        self._files_size = 0

    async def fetch(self, source: ModuleSource) -> FetchedModule:
        """See `ModuleRepositories.fetch`."""
        location = await self._locations.of(source)
        async with _refusals(source):
            return await self._fetched(source, location)

    async def _fetched(self, source: ModuleSource, location: Location) -> FetchedModule:
        """Fetch from where the source says; GitLab has repositories only with their suffix."""
        try:
            return await self._fetched_at(source, location)
        except GitFailed as error:
            if not _is_elsewhere(error.reason) or location.address.endswith(_SUFFIX):
                raise
            suffixed = replace(location, address=location.address + _SUFFIX)
            return await self._fetched_at(source, suffixed)

    async def _fetched_at(self, source: ModuleSource, location: Location) -> FetchedModule:
        commit = await self._commit(source, location)
        text = await self._file(source, location, commit)
        resolved = ResolvedModule(source.text, source.repository, source.path, commit)
        return FetchedModule(resolved, text)

    async def _commit(self, source: ModuleSource, location: Location) -> str:
        if (named := named_commit(source)) is not None:
            return named
        refs = await self._known_refs(source, location)
        selected = select_commit(source, refs)
        if isinstance(selected, str):
            return selected
        return await self._completed(source, location, selected, refs)

    async def _known_refs(self, source: ModuleSource, location: Location) -> RemoteRefs:
        until, known = self._refs.get(source.repository, (None, None))
        if until is not None and known is not None and until > self._clock.now():
            return known
        async with self._workspace(location) as workspace:
            output = await workspace.run(
                "ls-remote", "--quiet", "--end-of-options", location.address, "HEAD", f"{_TAGS}*"
            )
        refs = parse_refs(output.decode(errors="replace"))
        self._refs[source.repository] = (self._clock.now() + REFS_LIFE, refs)
        while len(self._refs) > MAX_KNOWN_REFS:
            self._refs.popitem(last=False)
        return refs

    async def _completed(
        self, source: ModuleSource, location: Location, prefix: CommitPrefix, refs: RemoteRefs
    ) -> str:
        """Find the one commit of this beginning that a branch or tag reaches."""
        async with self._workspace(location) as workspace:
            every = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
            await workspace.fetch("--filter=tree:0", *every)
            listed = await workspace.run("--git-dir=repository", "rev-list", "--all")
        found = {each for each in listed.decode().split() if each.startswith(prefix.digits)}
        if len(found) > 1:
            raise ModuleRefused(f'"{prefix.digits}" is the beginning of {len(found)} commits')
        if not found:
            raise unknown_ref(source, refs)
        return found.pop()

    async def _file(self, source: ModuleSource, location: Location, commit: str) -> str:
        key = (source.repository, source.path, commit)
        text = self._files.get(key)
        if text is None:
            text = await self._fetched_file(source, location, commit)
        self._remember(key, text)
        return text

    async def _fetched_file(self, source: ModuleSource, location: Location, commit: str) -> str:
        async with self._workspace(location) as workspace:
            await workspace.fetch("--depth=1", commit)
            content = await _content(workspace, f"{commit}:{source.file}")
        try:
            return content.decode().removeprefix("\ufeff")
        except UnicodeDecodeError as error:
            raise ModuleRefused(f"{source.file} is not UTF-8") from error

    def _remember(self, key: tuple[str, str, str], text: str) -> None:
        # Others may have fetched the same file meanwhile: it counts once.
        if key in self._files:
            self._files_size -= _size(key, self._files.pop(key))
        self._files[key] = text
        self._files_size += _size(key, text)
        while self._files_size > MAX_KNOWN_BYTES:
            self._files_size -= _size(*self._files.popitem(last=False))

    @asynccontextmanager
    async def _workspace(self, location: Location) -> AsyncIterator[_Workspace]:
        async with asyncio.timeout(MAX_FETCH_SECONDS), self._gate:
            with tempfile.TemporaryDirectory(prefix="module-") as name:
                home = Path(name)
                # Local copies may belong to another user than the service.
                (home / ".gitconfig").write_text("[safe]\n\tdirectory = *\n")
                yield _Workspace(home, location, self._git)


def _size(key: tuple[str, str, str], text: str) -> int:
    return sum(map(len, key)) + len(text)


async def _content(workspace: _Workspace, name: str) -> bytes:
    """Read a file of the fetched commit; links are followed within the repository only."""
    reader = ("--git-dir=repository", "cat-file", "--follow-symlinks")
    given = name.encode() + b"\n"
    answer = (await workspace.run(*reader, "--batch-check", given=given)).split(b"\n")[0].split()
    if len(answer) != 3 or answer[1] != b"blob":
        raise ModuleRefused(f"the repository has no file {name.partition(':')[2]}")
    if int(answer[2]) > MAX_FILE_BYTES:
        raise ModuleRefused(f"{name.partition(':')[2]} is larger than {MAX_FILE_BYTES} bytes")
    whole = await workspace.run(*reader, "--batch", given=given)
    return whole.partition(b"\n")[2][: int(answer[2])]


def parse_refs(output: str) -> RemoteRefs:
    """Read what ``git ls-remote`` writes; an annotated tag stands for the commit it names."""
    head: str | None = None
    tags: dict[str, str] = {}
    peeled: dict[str, str] = {}
    for found in _REF.finditer(output):
        name = found["name"]
        if name == "HEAD":
            head = found["commit"]
        elif name.startswith(_TAGS):
            into = peeled if name.endswith(_PEELED) else tags
            into[name.removeprefix(_TAGS).removesuffix(_PEELED)] = found["commit"]
    return RemoteRefs(head, tags | peeled)


@asynccontextmanager
async def _refusals(source: ModuleSource) -> AsyncIterator[None]:
    """Word what goes wrong with git for the customer, without git's own words (W-MOD-7)."""
    try:
        yield
    except TimeoutError as error:
        raise ModuleRefused(f"{source.repository} takes too long") from error
    except AnswerTooLarge as error:
        raise ModuleRefused(f"{source.repository} is larger than 64 MiB") from error
    except GitFailed as error:
        raise ModuleRefused(_worded(error.reason, source)) from error


def _worded(reason: str, source: ModuleSource) -> str:
    unknown = (
        "not found",
        "does not appear to be a git repository",
        "could not read Username",
        "terminal prompts disabled",
        "Authentication failed",
        "does not exist",
    )
    if any(words in reason for words in unknown):
        return f"there is no public repository {source.repository}"
    if "not our ref" in reason or "unadvertised object" in reason:
        return f"{source.repository} has no commit {source.ref}"
    if _is_elsewhere(reason):
        return f"{source.repository} has moved: use its present address"
    status = _STATUS.search(reason)
    why = f": its host answers with status {status[1]}" if status else ""
    return f"{source.repository} cannot be fetched{why}"


def _is_elsewhere(reason: str) -> bool:
    """Tell whether a host has answered with a redirect, which git is not let follow."""
    status = _STATUS.search(reason)
    return status is not None and status[1].startswith("3")
