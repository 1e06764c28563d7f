"""Input and output by HTTP (conformance 29, 31, 32); S3 is in `test_s3`."""

import dataclasses
import io
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

import pytest
from tests.support.batch import AS_OWNER, BatchSite, a_job, a_run

from deepsquare.workflow import HTTPData, Job, TransportData
from deepsquare_sbatch_api.domain.rendering.transfers import file_name

pytestmark = pytest.mark.integration

LIST = 'cd "$DEEPSQUARE_INPUT" && find . -type f | sort'


class Files(BaseHTTPRequestHandler):
    """Serves and takes files of a dictionary; `/r/` redirects, `/500` and `/304` do not."""

    files: dict[str, bytes]

    def do_GET(self) -> None:
        if self.path.startswith("/r/"):
            self.send_response(302)
            self.send_header("Location", self.path[2:])
            self.end_headers()
            return
        body = self.files.get(self.path.partition("?")[0])
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.startswith("/r/"):
            self.send_response(307)
            self.send_header("Location", self.path[2:])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        status = {"/500": 500, "/304": 304}.get(self.path[:4], 200)
        failed = status != 200
        if not failed:
            self.files[self.path] = body
        self.send_response(status)
        answer = b"" if failed else b"http://get%2Fit\x07\x1b%0A\r\n" + self.path.encode() + b"\n"
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args: object) -> None:
        pass


class FileServer(ThreadingHTTPServer):
    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def files() -> dict[str, bytes]:
    return {}


@pytest.fixture
def server(files: dict[str, bytes]) -> Iterator[FileServer]:
    handler = type("Handler", (Files,), {"files": files})
    server = FileServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def by_http(url: str) -> TransportData:
    return TransportData(http=HTTPData(url=url))


# --- input ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://h/a/b.txt?sig=x#f", "b.txt"),
        ("https://h/a%20b/", "a b"),
        ("https://h", "index.html"),
        ("https://h/x/..", "index.html"),
        ("https://h/a%2Fb%0Ac", "abc"),
        ("https://h/%2E%2E", "index.html"),
        (f"https://h/{'a' * 255}", "a" * 255),
        (f"https://h/a{'%C3%A9' * 150}", "a" + "é" * 122),
    ],
)
def test_file_name__of_any_url__is_one_plain_name(url: str, name: str) -> None:
    """W-IN-1."""
    assert file_name(url) == name


def test_http_input__through_a_redirect__lands_under_its_name(
    site: BatchSite, server: FileServer, files: dict[str, bytes]
) -> None:
    """W-IN-1, W-IN-4, W-IN-5."""
    files["/data.txt"] = b"content"
    url = f"{server.url}/r/data.txt?token=secret"
    job = a_job(a_run('cat "$DEEPSQUARE_INPUT/data.txt"; stat -c %a "$DEEPSQUARE_INPUT/data.txt"'))
    result = site.run(_with(job, input=by_http(url)))
    assert result.code == 0
    assert result.stdout.endswith("content700\n")
    assert "data.txt" in result.stdout.splitlines()[2]
    assert "secret" not in result.stdout + result.stderr


def test_http_input__when_missing__fails_before_any_step(
    site: BatchSite, server: FileServer
) -> None:
    """W-IN-1, W-LIFE-3."""
    result = site.run(_with(a_job(a_run("echo step")), input=by_http(f"{server.url}/none")))
    assert (result.code, result.lines) == (22, [])
    assert not site.storage.exists()


def _tar(mode: Literal["w", "w:gz", "w:bz2", "w:xz"], *names: str, size: int = 4) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode=mode) as archive:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = size
            archive.addfile(member, io.BytesIO(b"d" * size))
    return raw.getvalue()


def _zip(*names: str) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        for name in names:
            archive.writestr(name, "data")
    return raw.getvalue()


def _compressed(tool: str, data: bytes = b"data") -> bytes:
    return subprocess.run([tool, "-c"], input=data, capture_output=True, check=True).stdout


def _partly_encrypted_zip(folder: Path) -> bytes:
    for name, options in (("open", []), ("closed", ["--password", "word"])):
        (folder / name).write_text("data")
        subprocess.run(["zip", "--quiet", *options, "a.zip", name], cwd=folder, check=True)
    return (folder / "a.zip").read_bytes()


ARCHIVES = {
    "tar": (_tar("w", "d/x", "y"), ["./a.mp3", "./d/x", "./y"]),
    "tar.gz": (_tar("w:gz", "d/x"), ["./a.mp3", "./d/x"]),
    "tar.bz2": (_tar("w:bz2", "x"), ["./a.mp3", "./x"]),
    "tar.xz": (_tar("w:xz", "x"), ["./a.mp3", "./x"]),
    "zip": (_zip("d/x"), ["./a.mp3", "./d/x"]),
    "gzip": (_compressed("gzip"), ["./a.mp3", "./a.mp3.unpacked"]),
    "xz": (_compressed("xz"), ["./a.mp3", "./a.mp3.unpacked"]),
    "bzip2": (_compressed("bzip2"), ["./a.mp3", "./a.mp3.unpacked"]),
    "text": (b"just text", ["./a.mp3"]),
    "tar.zst": (_compressed("zstd", _tar("w", "x")), ["./a.mp3", "./x"]),
    "zstd": (_compressed("zstd"), ["./a.mp3"]),
    "gzip, then junk": (_compressed("gzip") + b"junk", ["./a.mp3", "./a.mp3.unpacked"]),
    "zip after junk": (b"junk" * 9 + _zip("x"), ["./a.mp3", "./x"]),
    "zip with absolute path": (_zip("/d/x"), ["./a.mp3", "./d/x"]),
}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_archive__with_a_misleading_name__is_unpacked_by_content(
    site: BatchSite, server: FileServer, files: dict[str, bytes], kind: str
) -> None:
    """W-IN-2."""
    files["/a.mp3"], names = ARCHIVES[kind]
    result = site.run(_with(a_job(a_run(LIST)), input=by_http(f"{server.url}/a.mp3")))
    assert result.code == 0
    assert result.lines[-len(names) :] == names


@pytest.mark.parametrize(
    "archive",
    [_tar("w", "ok", "../x"), _zip("ok", "../x"), _tar("w:gz", "x" * 90)[:60]],
    ids=["tar outside", "zip outside", "cut tar.gz"],
)
def test_archive__with_a_member_outside_or_broken__fails_the_job(
    site: BatchSite, server: FileServer, files: dict[str, bytes], archive: bytes
) -> None:
    """W-IN-2."""
    files["/a"] = archive
    result = site.run(_with(a_job(a_run("echo step")), input=by_http(f"{server.url}/a")))
    assert result.code != 0
    assert "step" not in result.lines


def test_archive__of_which_a_member_cannot_be_had__fails_the_job(
    site: BatchSite, server: FileServer, files: dict[str, bytes], tmp_path: Path
) -> None:
    """W-IN-2: unzip's code for that is the one for mere warnings."""
    files["/a"] = _partly_encrypted_zip(tmp_path)
    result = site.run(_with(a_job(a_run("echo step")), input=by_http(f"{server.url}/a")))
    assert (result.code, result.lines) == (1, [])
    assert "a does not unpack" in result.stderr


def test_archive__with_a_closed_directory__gets_its_mode_throughout(
    site: BatchSite, server: FileServer, files: dict[str, bytes]
) -> None:
    """W-IN-4."""
    site.launcher = AS_OWNER
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for name, kind in (("d/f", tarfile.REGTYPE), ("d", tarfile.DIRTYPE)):
            member = tarfile.TarInfo(name)
            member.type, member.mode = kind, 0
            archive.addfile(member)
    files["/a"] = raw.getvalue()
    job = a_job(a_run('cd "$DEEPSQUARE_INPUT"; stat -c %a . d d/f'))
    result = site.run(_with(job, input=by_http(f"{server.url}/a")))
    assert (result.code, result.lines[-3:]) == (0, ["700"] * 3), result.stderr


def test_input_mode__given_as_a_decimal__is_applied(
    site: BatchSite, server: FileServer, files: dict[str, bytes]
) -> None:
    """W-IN-4."""
    files["/f"] = b"x"
    job = a_job(a_run('stat -c %a "$DEEPSQUARE_INPUT/f" "$DEEPSQUARE_INPUT"'))
    result = site.run(_with(job, input=by_http(f"{server.url}/f"), input_mode=0o755))
    assert result.lines[-2:] == ["755", "755"]


@pytest.mark.parametrize(
    "content", [b"x" * 300_000, _tar("w:gz", *[f"f{i}" for i in range(900)], size=400)]
)
def test_input__above_the_sites_limit__fails(
    site: BatchSite, server: FileServer, files: dict[str, bytes], content: bytes
) -> None:
    """W-IN-6."""
    files["/f"] = content
    site.settings["MAX_INPUT_BYTES"] = "100000"
    result = site.run(_with(a_job(a_run("echo step")), input=by_http(f"{server.url}/f")))
    assert result.code != 0
    assert "larger than" in result.stderr
    assert "step" not in result.lines


# --- output --------------------------------------------------------------------------------------

WRITE = 'cd "$DEEPSQUARE_OUTPUT"; echo 1 >one; mkdir d; echo 2 >d/two; '


def test_http_output__of_one_file__sends_it_and_prints_the_answer(
    site: BatchSite, server: FileServer, files: dict[str, bytes]
) -> None:
    """W-OUT-3."""
    job = a_job(a_run('echo 1 >"$DEEPSQUARE_OUTPUT/a b"'))
    result = site.run(_with(job, output=by_http(f"{server.url}/up/")))
    assert result.code == 0
    assert files == {"/up/a%20b": b"1\n"}
    assert result.lines == ["http://get/it/up/a b"]


def test_http_output__of_more_files__sends_a_zip(
    site: BatchSite, server: FileServer, files: dict[str, bytes]
) -> None:
    """W-OUT-3."""
    result = site.run(_with(a_job(a_run(WRITE)), output=by_http(f"{server.url}/up/")))
    assert result.code == 0
    with zipfile.ZipFile(io.BytesIO(files["/up/output.zip"])) as archive:
        assert {"one", "d/two"} <= set(archive.namelist())


def test_http_output__of_no_file__sends_nothing(
    site: BatchSite, server: FileServer, files: dict[str, bytes]
) -> None:
    """W-OUT-3."""
    result = site.run(_with(a_job(a_run("true")), output=by_http(f"{server.url}/up/")))
    assert (result.code, files) == (0, {})
    assert "no output file, nothing is uploaded" in result.stderr


def test_http_output__with_what_zip_cannot_read__is_sent_without_or_opened(
    site: BatchSite, server: FileServer, files: dict[str, bytes]
) -> None:
    """W-OUT-3."""
    site.launcher = AS_OWNER
    bind = "import socket; socket.socket(socket.AF_UNIX).bind('s')"
    command = f'{WRITE} {sys.executable} -c "{bind}"; mkfifo d/p; chmod 0 one d'
    result = site.run(_with(a_job(a_run(command)), output=by_http(f"{server.url}/up/")))
    assert result.code == 0, result.stderr
    with zipfile.ZipFile(io.BytesIO(files["/up/output.zip"])) as archive:
        assert set(archive.namelist()) == {"one", "d/", "d/two"}


def test_http_output__that_is_redirected__goes_there(
    site: BatchSite, server: FileServer, files: dict[str, bytes]
) -> None:
    """W-OUT-3: an answer that only names another place is no success."""
    job = a_job(a_run('echo 1 >"$DEEPSQUARE_OUTPUT/f"'))
    result = site.run(_with(job, output=by_http(f"{server.url}/r/up/")))
    assert (result.code, files) == (0, {"/up/f": b"1\n"})


def test_http_output__that_is_not_taken__fails_the_job(site: BatchSite, server: FileServer) -> None:
    """W-OUT-3, W-OUT-4: below 400, and no success either."""
    job = a_job(a_run('echo 1 >"$DEEPSQUARE_OUTPUT/f"'))
    result = site.run(_with(job, output=by_http(f"{server.url}/304/")))
    assert result.code == 22
    assert "answered with status 304" in result.stderr


def test_http_output__answered_with_500__fails_the_job(site: BatchSite, server: FileServer) -> None:
    """W-OUT-3, W-OUT-4."""
    result = site.run(_with(a_job(a_run(WRITE)), output=by_http(f"{server.url}/500/")))
    assert result.code == 22


def _with(job: Job, **fields: Any) -> Job:
    return dataclasses.replace(job, **fields)
