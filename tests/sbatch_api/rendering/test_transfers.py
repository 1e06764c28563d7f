"""Input and output by HTTP (conformance 29, 31, 32); S3 is in `test_s3`."""

import dataclasses
import io
import subprocess
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

import pytest
from tests.support.batch import BatchSite, a_job, a_run

from deepsquare.workflow import HTTPData, Job, TransportData
from deepsquare_sbatch_api.domain.rendering.transfers import file_name

pytestmark = pytest.mark.integration

LIST = 'cd "$DEEPSQUARE_INPUT" && find . -type f | sort'


class Files(BaseHTTPRequestHandler):
    """Serves and takes files of a dictionary; `/r/` redirects, `/500` fails."""

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
        failed = self.path.startswith("/500")
        if not failed:
            self.files[self.path] = body
        self.send_response(500 if failed else 200)
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


def _compressed(tool: str) -> bytes:
    return subprocess.run([tool, "-c"], input=b"data", capture_output=True, check=True).stdout


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


def test_http_output__answered_with_500__fails_the_job(site: BatchSite, server: FileServer) -> None:
    """W-OUT-3, W-OUT-4."""
    result = site.run(_with(a_job(a_run(WRITE)), output=by_http(f"{server.url}/500/")))
    assert result.code == 22


def _with(job: Job, **fields: Any) -> Job:
    return dataclasses.replace(job, **fields)
