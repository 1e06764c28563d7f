"""Archives in the input, with real unpackers: plain, broken and hostile ones (conformance 31)."""

import dataclasses
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.archives import Member, Writer, tar, writers
from tests.support.batch import BatchResult, BatchSite, a_job, a_run
from tests.support.s3 import S5CMD, S3Server, s3_server

from deepsquare.workflow import TransportData

pytestmark = pytest.mark.integration

LIST = 'cd "$DEEPSQUARE_INPUT" && find . ! -type d -printf "%p%y\\n" | LC_ALL=C sort'
KINDS = ["tar", "tar.gz", "zip", "7z", "rar4", "rar5"]
UNPACKERS = {"7z": ["7z", "7za", "7zr"], "rar4": ["unar", "unrar", "bsdtar"]}
UNPACKERS["rar5"] = UNPACKERS["rar4"]
ALL_UNPACKERS = {"7zz", "unrar-free", "unrar-nonfree", *UNPACKERS["7z"], *UNPACKERS["rar4"]}
WAYS = [(kind, tool) for kind in KINDS for tool in UNPACKERS.get(kind, [kind])]


@pytest.fixture
def s3(site: BatchSite) -> Iterator[S3Server]:
    site.environment["REAL_S5CMD"] = str(S5CMD)
    with s3_server() as server:
        yield server


@pytest.fixture
def write(tmp_path: Path) -> dict[str, Writer]:
    return writers(tmp_path / "archive")


def unpacking(
    site: BatchSite, s3: S3Server, contents: dict[str, bytes], **fields: Any
) -> BatchResult:
    for name, content in contents.items():
        s3.put(f"in/{name}", content)
    data = TransportData(s3=s3.data("/in", prefix=""))
    return site.run(dataclasses.replace(a_job(a_run(LIST)), input=data, **fields))


def only(site: BatchSite, tool: str | None) -> None:
    """Leave the site this one of the unpackers that have alternatives."""
    folder = site.root / "bin"
    folder.mkdir()
    for place in ("/usr/bin", "/bin"):
        for program in Path(place).iterdir():
            link = folder / program.name
            hidden = program.name in ALL_UNPACKERS and program.name != tool
            if not hidden and not link.is_symlink():
                link.symlink_to(program)
    site.environment["PATH"] = str(folder)


def left(result: BatchResult) -> list[str]:
    return [line for line in result.lines if line.startswith("./") and not line.endswith(":")]


@pytest.mark.parametrize(("kind", "tool"), WAYS)
def test_archive__of_each_kind_by_each_tool__is_unpacked_beside_itself(
    site: BatchSite, s3: S3Server, write: dict[str, Writer], kind: str, tool: str
) -> None:
    """W-IN-2, W-IN-4, W-SITE-3: by content, overwriting; the archive stays, modes are set."""
    only(site, tool)
    members = [Member("d/ü x"), Member("y", b"new"), Member("here", target="y")]
    if tool == "unrar":  # Debian's one, unrar-free, knows neither such names nor links
        members = [Member("d/u x"), Member("y", b"new")]
    archive = write[kind](members)
    check = a_run('cd "$DEEPSQUARE_INPUT/sub"; cat y; stat -c %a y d/*')
    for name, content in {"sub/a.mp3": archive, "sub/y": b"old"}.items():
        s3.put(f"in/{name}", content)
    data = TransportData(s3=s3.data("/in", prefix=""))
    result = site.run(dataclasses.replace(a_job(a_run(LIST), check), input=data))
    assert result.code == 0, result.stderr
    names = [member.name + ("l" if member.target else "f") for member in members]
    assert left(result) == ["./sub/a.mp3f", *sorted(f"./sub/{name}" for name in names)]
    assert result.stdout.endswith("new700\n700\n")


@pytest.mark.parametrize("kind", ["7z", "rar4"])
def test_archive__without_an_unpacker__stays_with_a_warning(
    site: BatchSite, s3: S3Server, write: dict[str, Writer], kind: str
) -> None:
    """W-IN-2."""
    archive = write[kind]([Member("x")])
    only(site, None)
    result = unpacking(site, s3, {"a": archive})
    assert (result.code, left(result)) == (0, ["./af"])
    assert f"warning: {UNPACKERS[kind][0]} is missing on this site, a stays as it is" in (
        result.stderr
    )


@pytest.mark.parametrize("name", ["../evil", "d/../../evil", "../../evil"])
@pytest.mark.parametrize(("kind", "tool"), WAYS)
def test_archive__with_a_member_outside__is_refused(
    site: BatchSite,
    s3: S3Server,
    write: dict[str, Writer],
    kind: str,
    tool: str,
    name: str,
) -> None:
    """W-IN-2."""
    only(site, tool)
    result = unpacking(site, s3, {"a": write[kind]([Member("ok"), Member(name, b"evil")])})
    assert (result.code, left(result)) == (1, [])
    assert "members outside the input directory, refused" in result.stderr
    assert not list(site.root.rglob("evil"))


@pytest.mark.parametrize(("kind", "tool"), WAYS)
@pytest.mark.parametrize("trick", ["absolute", "through a link", "over a link"])
def test_archive__with_a_trick__writes_nothing_outside(
    site: BatchSite,
    s3: S3Server,
    write: dict[str, Writer],
    kind: str,
    tool: str,
    trick: str,
) -> None:
    """W-IN-2: whether it is unpacked inside or fails, nothing lands outside."""
    only(site, tool)
    outside = site.root / "outside"
    outside.mkdir()
    target = outside / "evil"
    members = {
        "absolute": [Member(str(target), b"evil")],
        "through a link": [Member("l", target=str(outside)), Member("l/evil", b"evil")],
        "over a link": [Member("l", target=str(target)), Member("l", b"evil")],
    }[trick]
    unpacking(site, s3, {"a": write[kind](members)})
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize(("kind", "tool"), WAYS)
def test_archive__with_links_of_an_earlier_one__does_not_follow_them(
    site: BatchSite, s3: S3Server, write: dict[str, Writer], kind: str, tool: str
) -> None:
    """W-IN-2: two archives together do what each alone is kept from."""
    only(site, tool)
    outside = site.root / "outside"
    outside.mkdir()
    links = [Member("l", target=str(outside)), Member("m", target=str(outside / "evil"))]
    links.append(Member("kept", target="/nowhere"))
    contents = {
        "1": tar(links),
        "2": write[kind]([Member("l/evil", b"evil"), Member("m", b"evil")]),
        "m.gz": gzip.compress(b"evil"),
    }
    result = unpacking(site, s3, contents)
    assert result.code == 0, result.stderr
    assert list(outside.iterdir()) == []
    assert "./keptl" in left(result)
    assert "./l/evilf" in left(result) or "./ll" in left(result)


@pytest.mark.parametrize(("kind", "tool"), WAYS)
def test_archive__that_is_broken__fails_the_job(
    site: BatchSite, s3: S3Server, write: dict[str, Writer], kind: str, tool: str
) -> None:
    """W-IN-2."""
    only(site, tool)
    whole = write[kind]([Member("x", bytes(range(256)) * 64)])
    result = unpacking(site, s3, {"a": whole[: len(whole) * 2 // 3]})
    assert (result.code != 0, left(result)) == (True, [])
    assert "a does not unpack" in result.stderr
    assert not site.storage.exists()


@pytest.mark.parametrize("kind", ["tar.gz", "7z"])
def test_archive__that_grows_above_the_sites_limit__fails_before_it_fills_the_storage(
    site: BatchSite, s3: S3Server, write: dict[str, Writer], kind: str
) -> None:
    """W-IN-6."""
    archive = write[kind]([Member("bomb", bytes(80_000_000))])
    assert len(archive) < 200_000
    site.settings["MAX_INPUT_BYTES"] = "1000000"
    result = unpacking(site, s3, {"a": archive})
    assert (result.code, left(result)) == (63, [])
    assert "the input is larger than the 1000000 bytes that this site allows" in result.stderr
    assert not site.storage.exists()
