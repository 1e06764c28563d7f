"""What batches give to Enroot, against its documented behaviour (version 4.1.2).

Debian has no Enroot: here a stub takes its commands (see docs/rendering.md).
"""

import base64
import http.server
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.batch import BatchSite, a_job, a_run
from tests.support.registry import PASSWORD, PRIVATE, USER, Registries

from deepsquare.workflow import ContainerRun, EnvVar, Mount, Step, StepRunResources

pytestmark = pytest.mark.integration


class _Realm(http.server.BaseHTTPRequestHandler):
    seen: list[str]

    def do_GET(self) -> None:
        _, _, token = self.headers.get("Authorization", "").partition(" ")
        self.seen.append(base64.b64decode(token).decode())
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def realm() -> Iterator[http.server.ThreadingHTTPServer]:
    """A server that notes in `RequestHandlerClass.seen` who asks it."""
    handler = type("Realm", (_Realm,), {"seen": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def site(tmp_path: Path) -> BatchSite:
    """A site with the stub of Enroot."""
    site = BatchSite(tmp_path / "site")
    site.settings["IMPORT_SECONDS"] = "5"
    return site


def in_image(command: str, **container: Any) -> Step:
    return a_run(command, container=ContainerRun(image="team/image:1", **container))


@pytest.mark.parametrize("host", ["q.io", "auth.q.io"])
@pytest.mark.parametrize("password", [PASSWORD, "$word", '"', "#x", "a\\b", "1 2 3 4 5 $(id)"])
def test_credentials__as_curl_reads_enroots_file__are_those_given(
    site: BatchSite, realm: http.server.ThreadingHTTPServer, host: str, password: str
) -> None:
    """W-IMG-6: the registry's own host, and the one that gives out its tokens."""
    container = {"registry": "q.io", "username": USER, "password": password}
    assert site.run(a_job(in_image("true", **container))).code == 0
    file = site.root / "calls.credentials"
    port = realm.server_address[1]
    curl = ["curl", "--silent", "--show-error", "--fail", "--noproxy", "*", "--netrc-file"]
    curl += [str(file), "--resolve", f"{host}:{port}:127.0.0.1", f"http://{host}:{port}/"]
    subprocess.run(curl, check=True)
    assert realm.RequestHandlerClass.seen == [f"{USER}:{password}"]  # type: ignore[attr-defined]
    assert not [words for words in _sixth_words(file) if words.startswith("$")]


# What Enroot 4.1 does to log in, and how it finds the token in what curl tells (docker.sh).
_LOG_IN = """
curl --config "$1.curlrc" -SsL -G -v --netrc-file "$1.credentials" -- "$2" 2>&1 >/dev/null |
  awk '/Authorization: Basic/ { sub(/\\r/, "", $4); print $4 }'
"""


def test_basic_access__to_a_registry_with_http_2__is_found_by_enroot(
    site: BatchSite, registries: Registries
) -> None:
    """W-IMG-6: over HTTP/2, names of headers are in lower case."""
    container = {"registry": PRIVATE, "username": USER, "password": PASSWORD}
    assert site.run(a_job(in_image("true", **container))).code == 0
    trust = {"CURL_CA_BUNDLE": str(registries.authority)}
    found = subprocess.run(
        ["bash", "-c", _LOG_IN, "", str(site.root / "calls"), f"https://{PRIVATE}/v2/"],
        env={**os.environ, **registries.environment, **trust},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    assert base64.b64decode(found).decode() == f"{USER}:{PASSWORD}"


def _sixth_words(file: Path) -> list[str]:
    """Return what Enroot would evaluate by a shell if it began with a dollar sign."""
    fields = [line.split() for line in file.read_text().splitlines()]
    return [words[5] for words in fields if len(words) > 5]


@pytest.mark.parametrize(
    "message",
    [
        "[ERROR] URL https://q.io/v2/a/manifests/1 returned error code: 404 Not Found",
        "[ERROR] URL https://q.io/v2/a/manifests/1 returned error code: 401 Unauthorized",
        "[ERROR] URL https://q.io/v2/a/manifests/1 returned error code: 403 Forbidden",
        "[INFO] Authenticating with user: <anonymous>",
        "[INFO] Using credentials from file: /x/.credentials",
    ],
)
def test_refusal__in_enroots_words__is_final(site: BatchSite, message: str) -> None:
    """W-IMG-4: of a refused name and password, Enroot shows no more than that it tried."""
    (site.root / "calls.fails").write_text("99")
    site.environment["STUB_FETCH_ERROR"] = message
    result = site.run(a_job(in_image("echo never")))
    assert result.lines == []
    assert "[ERROR]" in message or "the registry did not grant access" in result.stderr
    assert len([call for call in result.calls_of("enroot") if call[0] == "import"]) == 1


@pytest.mark.parametrize("code", [429, 500, 503])
def test_failure__of_the_registry__is_not_final(site: BatchSite, code: int) -> None:
    """W-IMG-4."""
    (site.root / "calls.fails").write_text("1")
    site.environment["STUB_FETCH_ERROR"] = f"[ERROR] URL https://q.io/ returned error code: {code} "
    assert site.run(a_job(in_image("echo ran"))).lines == ["ran"]


def test_layer_cache__that_cannot_be_written__is_replaced_by_the_jobs_storage(
    site: BatchSite,
) -> None:
    """W-LIFE-5: the site's cache is a help, and no need."""
    site.settings["ENROOT_CACHE"] = "/proc/none"
    result = site.run(a_job(in_image("echo ran")))
    assert result.lines == ["ran"]
    assert "/proc/none cannot be written, using the job's storage instead" in result.stderr


def test_commands__of_a_step__are_those_that_enroot_documents(site: BatchSite) -> None:
    """W-ENR-1, W-ENR-3, W-IMG-4."""
    folder = site.root / "disk"
    mount = Mount(host_dir=str(folder), container_dir="/a b", options="rw")
    result = site.run(a_job(in_image("true", mounts=(mount,), registry="q.io")))
    assert result.code == 0, result.stderr
    calls = result.calls_of("enroot")
    name, state = "deepsquare-7.r0.0", f"{site.storage}/.deepsquare"
    scratch = f"{folder}/.deepsquare-7.r0.0"
    start = ["start", "--conf", f"{scratch}/conf", "--rc", f"{scratch}/rc", "--rw", "--", name]
    assert calls == [
        ["import", "--output", f"{state}/image0.part", "--", "docker://q.io#team/image:1"],
        ["create", "--name", name, "--", f"{state}/image0"],
        [*start, "/bin/sh", "-c", "true"],
        ["remove", "--force", "--", name],
    ]


@pytest.mark.parametrize("is_asked", [False, True])
def test_settings_of_the_site__for_its_other_users__do_not_change_a_container(
    site: BatchSite, is_asked: bool
) -> None:
    """W-ENR-1: home and writable root are the step's choice; Enroot's environment comes first."""
    names = ("ENROOT_MOUNT_HOME", "ENROOT_ROOTFS_WRITABLE", "ENROOT_REMAP_ROOT")
    site.environment |= dict.fromkeys(names, "yes")
    (site.root / "home" / "mine").touch()
    command = "ls $HOME/mine; touch /made && echo writable; id -u"
    step = in_image(f"({command}) 2>&-", mount_home=is_asked, read_only_root_fs=not is_asked)
    result = site.run(a_job(step))
    found = [f"{site.root}/home/mine", "writable"] if is_asked else []
    assert result.lines == [*found, str(os.getuid())], result.stderr


def test_mount__of_a_file_or_of_what_others_are_mounted_in__is_made(site: BatchSite) -> None:
    """W-RUN-4, the binds of 3.11: the source says what stands in the container."""
    file = site.root / "a file"
    file.write_text("bound\n")
    place = "/opt/no such/file"
    mounts = (
        Mount(host_dir=str(file), container_dir=place, options="ro"),
        Mount(host_dir="/proc", container_dir="/all", options="rw"),
    )
    result = site.run(a_job(in_image(f"cat '{place}'; ls -d /all/self", mounts=mounts)))
    assert result.lines == ["bound", "/all/self"], result.stderr


def test_image__with_gpus__gets_none_in_a_step_without(site: BatchSite) -> None:
    """W-RUN-1: neither devices nor, on a node without any, a failure of Enroot's hook."""
    result = site.run(a_job(in_image("echo ran"), gpus=1))
    assert (result.code, result.lines) == (0, ["ran"])
    assert "nvidia-container-cli" not in result.stderr


def test_gpu_variables__of_a_step_with_gpus__reach_enroots_hook(site: BatchSite) -> None:
    """W-ENV-1: they come before those of the image."""
    own = StepRunResources(gpus_per_task=1)
    env = (EnvVar(key="NVIDIA_VISIBLE_DEVICES", value="0 $(id)"),)
    steps = [
        a_run("true", container=ContainerRun(image="team/image:1"), resources=own, env=env),
        a_run("true", container=ContainerRun(image="team/image:1"), resources=own),
    ]
    result = site.run(a_job(*steps, gpus=1))
    told = [line for line in result.stderr.splitlines() if line.startswith("nvidia-container")]
    options = ["--device=0 $(id)", "--device=all"]
    assert told == [f"nvidia-container-cli {option}" for option in options]


def test_image__that_enroot_did_not_make__runs_what_it_is_given(site: BatchSite) -> None:
    """W-RUN-7: without a command script there is no entrypoint, and none is reported missing."""
    site.environment["STUB_HAS_NO_RC"] = "1"
    box = ContainerRun(image="team/image:1")
    words = a_run("echo 'a  b' '$HOME'", container=box, shell="ENTRYPOINT")
    result = site.run(a_job(words, a_run("", container=box), a_run("pwd", container=box)))
    assert (result.code, result.lines) == (0, ["a  b $HOME", "/"])
    assert "/etc/rc" not in result.stderr
