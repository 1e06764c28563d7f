"""Fetching modules by git (W-MOD-2 to W-MOD-7, W-LOOK-5)."""

import asyncio
import http.server
import os
import tempfile
from pathlib import Path

import pytest
from tests.sbatch_api.doubles import SteppedClock
from tests.sbatch_api.modules.repositories import (
    Certificates,
    Repository,
    git_handler,
    serving,
)

from deepsquare_sbatch_api.adapters.module_git import GitCommand, GitRepositories, Locations
from deepsquare_sbatch_api.adapters.module_git import repositories as repositories_module
from deepsquare_sbatch_api.adapters.module_git.command import GitFailed
from deepsquare_sbatch_api.adapters.outbound import Outbound
from deepsquare_sbatch_api.domain.modules import (
    CommitPrefix,
    FetchedModule,
    ModuleRefused,
    parse_source,
)
from deepsquare_sbatch_api.domain.outbound import OutboundRule

pytestmark = pytest.mark.integration


async def nowhere(host: str, port: int) -> list[str]:
    raise AssertionError(f"resolved {host}:{port}")


def mirrored(
    root: Path, clock: SteppedClock | None = None, git: GitCommand | None = None
) -> GitRepositories:
    locations = Locations(Outbound(OutboundRule(), resolver=nowhere), mirrors={"h.org": root})
    return GitRepositories(locations, clock or SteppedClock(), git=git)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository.create(tmp_path / "o" / "r")


async def refusal(repositories: GitRepositories, source: str) -> str:
    with pytest.raises(ModuleRefused) as caught:
        await repositories.fetch(parse_source(source))
    return str(caught.value)


async def test_module__by_every_kind_of_reference__is_the_file_at_its_commit(
    tmp_path: Path, repository: Repository
) -> None:
    """W-MOD-2, W-MOD-3."""
    first = repository.commit({"module.yaml": "one", "a/b/module.yaml": "deep one"}, tag="v1")
    repository.git("tag", "--annotate", "--message", "m", "a/b/v1")
    second = repository.commit({"module.yaml": "two"}, tag="20240101")
    repository.commit({"module.yaml": "three", "a/b/module.yaml": "deep three"})
    repositories = mirrored(tmp_path)
    expected = {
        "h.org/o/r": "three",
        "h.org/o/r/a/b": "deep three",
        "h.org/o/r@v1": "one",
        "h.org/o/r/a/b@v1": "deep one",
        "h.org/o/r@20240101": "two",
        f"h.org/o/r@{first}": "one",
        f"h.org/o/r/a/b@{second}": "deep one",
        f"h.org/o/r@{second[:7]}": "two",
        f"h.org/o/r@{second[:39]}": "two",
    }
    for source, text in expected.items():
        fetched = await repositories.fetch(parse_source(source))
        assert fetched.text == text, source
        assert fetched.resolved.source == source
    fetched = await repositories.fetch(parse_source("h.org/o/r/a/b@v1"))
    assert fetched.resolved.commit == first
    assert fetched.resolved.file == f"h.org/o/r/a/b@{first}"


async def test_module__that_cannot_be_had__is_refused_in_words_for_the_customer(
    tmp_path: Path, repository: Repository
) -> None:
    """W-MOD-2, W-MOD-4, W-MOD-7."""
    repository.commit(
        {
            "module.yaml": "one",
            "big/module.yaml": "x" * (1024 * 1024 + 1),
            "latin/module.yaml": b"\xff",
        },
        tag="v1.0.0",
    )
    (repository.path / "folder").mkdir()
    (repository.path / "folder" / "module.yaml").mkdir()
    (repository.path / "folder" / "module.yaml" / "x").write_text("")
    repository.commit_all()
    repositories = mirrored(tmp_path)
    address = "https://h.org/o/r"
    assert await refusal(repositories, "h.org/o/r@v1.0.1") == (
        f'{address} has no tag "v1.0.1"; the nearest are v1.0.0'
    )
    assert await refusal(repositories, "h.org/o/r@main") == f'{address} has no tag "main"'
    assert await refusal(repositories, "h.org/o/r@abcdef0123") == (
        f'{address} has no tag "abcdef0123"'
    )
    missing = "1" * 40
    assert await refusal(repositories, f"h.org/o/r@{missing}") == (
        f"{address} has no commit {missing}"
    )
    assert "no file none/module.yaml" in await refusal(repositories, "h.org/o/r/none")
    assert "no file folder/module.yaml" in await refusal(repositories, "h.org/o/r/folder")
    assert "is larger than 1048576 bytes" in await refusal(repositories, "h.org/o/r/big")
    assert "is not UTF-8" in await refusal(repositories, "h.org/o/r/latin")
    assert await refusal(repositories, "h.org/o/other") == (
        "there is no public repository https://h.org/o/other"
    )
    assert await refusal(repositories, "evil.org/o/r") == (
        'the host "evil.org" is not allowed for modules'
    )


async def test_links__are_followed_inside_the_repository_only(
    tmp_path: Path, repository: Repository
) -> None:
    """W-MOD-4."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "module.yaml").write_text("secret")
    repository.commit({"real/module.yaml": "real"})
    for name, target in (
        ("inside", "real"),
        ("outside", "../../secret"),
        ("absolute", str(tmp_path / "secret")),
    ):
        (repository.path / name).symlink_to(target)
    (repository.path / "file").mkdir()
    (repository.path / "file" / "module.yaml").symlink_to("/etc/passwd")
    (repository.path / "loop").mkdir()
    (repository.path / "loop" / "module.yaml").symlink_to("module.yaml")
    repository.commit_all()
    repositories = mirrored(tmp_path)
    assert (await repositories.fetch(parse_source("h.org/o/r/inside"))).text == "real"
    for name in ("outside", "absolute", "file", "loop"):
        assert "has no file" in await refusal(repositories, f"h.org/o/r/{name}")


async def test_hooks_and_submodules_of_a_repository__have_no_effect(
    tmp_path: Path, repository: Repository
) -> None:
    """W-MOD-4."""
    touched = tmp_path / "touched"
    for hook in ("post-checkout", "pre-receive", "post-upload-pack", "reference-transaction"):
        place = repository.path / ".git" / "hooks" / hook
        place.parent.mkdir(exist_ok=True)
        place.write_text(f"#!/bin/sh\ntouch {touched}\n")
        place.chmod(0o755)
    repository.git("config", "core.hooksPath", "/nonexistent")
    repository.commit(
        {"module.yaml": "one", ".gitmodules": '[submodule "x"]\npath = x\nurl = ../x\n'}
    )
    repository.git("config", "--unset", "core.hooksPath")
    assert (await mirrored(tmp_path).fetch(parse_source("h.org/o/r"))).text == "one"
    assert not touched.exists()


async def test_repository__above_the_size_limit__is_refused(
    tmp_path: Path, repository: Repository
) -> None:
    """W-MOD-5."""
    repository.commit({"module.yaml": "one", "noise": os.urandom(300_000)})
    small = mirrored(tmp_path, git=GitCommand(max_file_bytes=100_000))
    assert "is larger than 64 MiB" in await refusal(small, "h.org/o/r")
    assert (await mirrored(tmp_path).fetch(parse_source("h.org/o/r"))).text == "one"


async def test_beginning_of_several_commits__is_refused_as_ambiguous(
    tmp_path: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """W-MOD-2. The rule is for seven digits; here shorter ones stand for an unlikely collision."""
    commits = [repository.commit({"module.yaml": str(n)}) for n in range(17)]
    doubled = next(c[0] for c in commits if sum(o[0] == c[0] for o in commits) > 1)
    monkeypatch.setattr(
        repositories_module, "select_commit", lambda source, refs: CommitPrefix(doubled)
    )
    message = await refusal(mirrored(tmp_path), "h.org/o/r@abcdef0")
    assert message.startswith(f'"{doubled}" is the beginning of ')


async def test_references__are_asked_again_after_a_minute__files_never(
    tmp_path: Path, repository: Repository
) -> None:
    """W-MOD-6."""
    clock = SteppedClock()
    repositories = mirrored(tmp_path, clock)
    first = repository.commit({"module.yaml": "one"})
    assert (await repositories.fetch(parse_source("h.org/o/r"))).text == "one"
    repository.commit({"module.yaml": "two"})
    clock.step(seconds=59)
    assert (await repositories.fetch(parse_source("h.org/o/r"))).text == "one"
    clock.step(seconds=2)
    assert (await repositories.fetch(parse_source("h.org/o/r"))).text == "two"
    repository.path.rename(tmp_path / "gone")
    assert (await repositories.fetch(parse_source(f"h.org/o/r@{first}"))).text == "one"


async def test_memory__of_files_and_references__is_bounded(
    tmp_path: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """W-MOD-6: the oldest are fetched again."""
    monkeypatch.setattr(repositories_module, "MAX_KNOWN_BYTES", 2500)
    monkeypatch.setattr(repositories_module, "MAX_KNOWN_REFS", 1)
    other = Repository.create(tmp_path / "o" / "other")
    other.commit({"module.yaml": "other"})
    commit = repository.commit({f"{name}/module.yaml": name * 1000 for name in "abc"})
    repositories = mirrored(tmp_path)
    for name in "abac":
        fetched = await repositories.fetch(parse_source(f"h.org/o/r/{name}@{commit}"))
        assert fetched.text == name * 1000
    for name in ("r/a", "other"):
        await repositories.fetch(parse_source(f"h.org/o/{name}"))
    for gone in (repository, other):
        gone.path.rename(gone.path.with_name(f"gone-{gone.path.name}"))
    assert (await repositories.fetch(parse_source(f"h.org/o/r/a@{commit}"))).text == "a" * 1000
    assert (await repositories.fetch(parse_source("h.org/o/other"))).text == "other"
    for forgotten in (f"h.org/o/r/b@{commit}", "h.org/o/r/a"):
        assert "there is no public repository" in await refusal(repositories, forgotten)


async def test_memory__of_a_file_fetched_by_several_at_once__counts_it_once(
    tmp_path: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """W-MOD-6: else the count only grows, and in the end nothing can be kept or given out."""
    monkeypatch.setattr(repositories_module, "MAX_KNOWN_BYTES", 2500)
    commit = repository.commit({f"{name}/module.yaml": name * 1000 for name in "ab"}, tag="a/v1")
    repositories = mirrored(tmp_path)
    sources = [f"h.org/o/r/a@{ref}" for ref in ("v1", commit, commit[:9])]
    fetched = await asyncio.gather(*(repositories.fetch(parse_source(each)) for each in sources))
    assert {each.text for each in fetched} == {"a" * 1000}
    assert (await repositories.fetch(parse_source(f"h.org/o/r/b@{commit}"))).text == "b" * 1000
    repository.path.rename(tmp_path / "gone")
    assert (await repositories.fetch(parse_source(f"h.org/o/r/a@{commit}"))).text == "a" * 1000


async def test_host__over_https__is_contacted_at_the_checked_address_without_credentials(
    tmp_path: Path,
) -> None:
    """W-MOD-4, W-LOOK-5."""
    repository = Repository.create(tmp_path / "o" / "r")
    repository.git("config", "http.uploadpack", "true")
    first = repository.commit({"module.yaml": "one"}, tag="v1")
    repository.commit({"module.yaml": "two"})
    certificates = Certificates(tmp_path, "modules.test")
    asked: list[str] = []
    requests: list[str] = []

    async def resolver(host: str, port: int) -> list[str]:
        asked.append(f"{host}:{port}")
        return ["127.0.0.1"]

    handler = git_handler(tmp_path, requests)
    with serving(handler, certificates.for_server()) as port:

        def repositories(rule: OutboundRule) -> GitRepositories:
            locations = Locations(
                Outbound(rule, resolver=resolver), hosts=frozenset({"modules.test"}), port=port
            )
            git = GitCommand(settings=(f"http.sslCAInfo={certificates.authority}",))
            return GitRepositories(locations, SteppedClock(), git=git)

        allowed = repositories(OutboundRule(hosts=frozenset({f"modules.test:{port}"})))
        assert (await allowed.fetch(parse_source("modules.test/o/r"))).text == "two"
        assert (await allowed.fetch(parse_source(f"modules.test/o/r@{first[:7]}"))).text == "one"
        assert asked == [f"modules.test:{port}"] * 2
        assert await refusal(allowed, "modules.test/o/none") == (
            "there is no public repository https://modules.test/o/none"
        )
        del requests[:]
        private = repositories(OutboundRule())
        assert await refusal(private, "modules.test/o/r") == (
            'the host "modules.test" is not allowed'
        )
        assert requests == []


class Redirecting(http.server.BaseHTTPRequestHandler):
    """Answers as GitLab does where a repository's suffix is missing, and with statuses."""

    def do_GET(self) -> None:
        self.send_response(int(self.path.split("/")[2].removesuffix(".git")))
        self.send_header("Location", "https://127.0.0.1:1/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        del arguments


async def fetch_over_https(
    source: str, place: Path, handler: type[http.server.BaseHTTPRequestHandler]
) -> FetchedModule:
    async def resolver(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    certificates = Certificates(place, "modules.test")
    git = GitCommand(settings=(f"http.sslCAInfo={certificates.authority}",))
    with serving(handler, certificates.for_server()) as port:
        rule = OutboundRule(hosts=frozenset({f"modules.test:{port}"}))
        outbound = Outbound(rule, resolver=resolver)
        locations = Locations(outbound, hosts=frozenset({"modules.test"}), port=port)
        repositories = GitRepositories(locations, SteppedClock(), git=git)
        return await repositories.fetch(parse_source(source))


async def test_repository__that_its_host_has_with_a_suffix_only__is_found(tmp_path: Path) -> None:
    """W-MOD-1, W-MOD-4: gitlab.com redirects there, and redirects are not followed."""
    repository = Repository.create(tmp_path / "o" / "r.git")
    repository.git("config", "http.uploadpack", "true")
    commit = repository.commit({"module.yaml": "one"})

    class Suffixed(git_handler(tmp_path, [])):  # type: ignore[misc]
        def do_GET(self) -> None:  # noqa: N802 - the name that the server calls
            if self.path.startswith("/o/r.git/"):
                super().do_GET()
            else:
                self.send_response(301)
                self.send_header("Location", self.path.replace("/o/r/", "/o/r.git/"))
                self.send_header("Content-Length", "0")
                self.end_headers()

    fetched = await fetch_over_https("modules.test/o/r", tmp_path, Suffixed)
    assert fetched.text == "one"
    assert fetched.resolved.file == f"modules.test/o/r@{commit}"


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (301, "has moved: use its present address"),
        (308, "has moved: use its present address"),
        (403, "cannot be fetched: its host answers with status 403"),
        (429, "cannot be fetched: its host answers with status 429"),
        (503, "cannot be fetched: its host answers with status 503"),
    ],
)
async def test_host__that_gives_no_repository__is_told_by_its_status(
    tmp_path: Path, status: int, message: str
) -> None:
    """W-MOD-7."""
    with pytest.raises(ModuleRefused) as caught:
        await fetch_over_https(f"modules.test/o/{status}", tmp_path, Redirecting)
    assert str(caught.value) == f"https://modules.test/o/{status} {message}"


async def test_host__that_does_not_answer__is_refused(tmp_path: Path) -> None:
    """W-MOD-7."""

    async def resolver(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    rule = OutboundRule(hosts=frozenset({"modules.test:1"}))
    locations = Locations(
        Outbound(rule, resolver=resolver), hosts=frozenset({"modules.test"}), port=1
    )
    repositories = GitRepositories(locations, SteppedClock())
    assert await refusal(repositories, "modules.test/o/r") == (
        "https://modules.test/o/r cannot be fetched"
    )


async def test_git__that_is_not_installed__refuses_the_module(tmp_path: Path) -> None:
    """W-MOD-7."""
    Repository.create(tmp_path / "o" / "r").commit({"module.yaml": "one"})
    nowhere_to_be_found = GitCommand(prefix=(str(tmp_path / "none"),))
    assert await refusal(mirrored(tmp_path, git=nowhere_to_be_found), "h.org/o/r") == (
        "https://h.org/o/r cannot be fetched"
    )


async def test_fetches__of_many_jobs__are_bounded_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """W-MOD-5, F2: each may take the disk, memory and time that one may take."""
    running: list[int] = []

    class Git(GitCommand):
        async def run(self, *arguments: object, **options: object) -> bytes:
            running.append(len(list(tmp_path.glob("module-*"))))
            await asyncio.sleep(0.01)
            raise GitFailed("not found")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    repositories = mirrored(tmp_path / "none", git=Git())
    sources = [f"h.org/o/r{number}" for number in range(40)]
    await asyncio.gather(*(refusal(repositories, source) for source in sources))
    assert (len(running), max(running)) == (40, repositories_module.MAX_AT_ONCE)


async def test_git__that_takes_too_long__is_ended_with_its_helpers(
    tmp_path: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """W-MOD-5."""
    repository.commit({"module.yaml": "one"})
    slow = tmp_path / "slow"
    marker = tmp_path / "pid"
    slow.write_text(f"#!/bin/sh\nsleep 300 &\necho $! > {marker}\nwait\n")
    slow.chmod(0o755)
    monkeypatch.setattr(repositories_module, "MAX_FETCH_SECONDS", 1)
    message = await refusal(mirrored(tmp_path, git=GitCommand(prefix=(str(slow),))), "h.org/o/r")
    assert message == "https://h.org/o/r takes too long"
    state = Path("/proc", marker.read_text().strip(), "stat")
    assert not state.exists() or state.read_text().split()[2] == "Z"
