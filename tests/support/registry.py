"""Real OCI registries on loopback: Debian's docker-registry, one open and one with a password."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.registry_images import Images
from tests.support.registry_proxy import ConnectProxy
from tools.devnet.ports import free_ports
from tools.devnet.processes import Daemon
from tools.devnet.waiting import wait_until

OPEN, PRIVATE = "registry.test", "private.test"
USER, PASSWORD = "someone", "p a$(x)'\"\\:@é"
_HTPASSWD = f"{USER}:$2b$04$a29O6uT1ta17NGXZS1zNPenMT6vTacxax/na7QjwbZHf9m29Zy5rS\n"
REPOSITORY = "team/image"


@dataclass(frozen=True, slots=True)
class Registries:
    """Two running registries, reached by name through a proxy; each holds the images."""

    proxy: ConnectProxy
    authority: Path
    digests: Mapping[str, str]
    """Digest of each image by its tag."""
    ports: Mapping[str, int]
    """Port on loopback by the registry's name."""

    @property
    def environment(self) -> dict[str, str]:
        """What a batch must have in its environment to reach them."""
        return {"HTTPS_PROXY": self.proxy.url, "SSL_CERT_FILE": str(self.authority)}


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Images:
    """The images ``plain`` and ``entry``."""
    return Images.make(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="session")
def registries(images: Images, open_folder: Path) -> Iterator[Registries]:
    """Both registries with both images."""
    folder = open_folder / "registries"
    folder.mkdir()
    certificate, key = _certificate(folder)
    ports = dict(zip((OPEN, PRIVATE), free_ports(2), strict=True))
    with ExitStack() as running:
        for name, port in ports.items():
            running.enter_context(_serve(name, port, folder=folder, tls=(certificate, key)))
        for name in ("plain", "entry"):
            _push(images.source(name), ports[OPEN], name)
            _push(images.source(name), ports[PRIVATE], name, f"{USER}:{PASSWORD}")
        digests = {name: _digest(ports[OPEN], name) for name in ("plain", "entry")}
        proxy = running.enter_context(ConnectProxy(ports))
        yield Registries(proxy, certificate, digests, ports)


@contextmanager
def _serve(name: str, port: int, *, folder: Path, tls: tuple[Path, Path]) -> Iterator[None]:
    settings = {
        "storage": f"{{filesystem: {{rootdirectory: {folder}/{name}}}}}",
        "http": f"{{addr: '127.0.0.1:{port}', tls: {{certificate: {tls[0]}, key: {tls[1]}}}}}",
        "log": "{accesslog: {disabled: true}, level: error}",
    }
    if name == PRIVATE:
        (folder / "htpasswd").write_text(_HTPASSWD)
        settings["auth"] = f"{{htpasswd: {{realm: tests, path: {folder}/htpasswd}}}}"
    file = folder / f"{name}.yml"
    file.write_text("".join(["version: 0.1\n", *(f"{k}: {v}\n" for k, v in settings.items())]))
    daemon = Daemon(
        name,
        ["docker-registry", "serve", str(file)],
        log_file=folder / f"{name}.log",
        env={"OTEL_TRACES_EXPORTER": "none"},
    )
    daemon.start()
    try:
        wait_until(lambda: _is_listening(port), what=f"{name} listens", timeout_s=60)
        yield
    finally:
        daemon.stop()


def _is_listening(port: int) -> bool:
    found = subprocess.run(
        ["ss", "--listening", "--tcp", "--numeric", "--no-header", f"sport = :{port}"],
        check=True,
        capture_output=True,
    )
    return bool(found.stdout.strip())


def _certificate(folder: Path) -> tuple[Path, Path]:
    certificate, key = folder / "authority.pem", folder / "key.pem"
    names = f"subjectAltName=DNS:{OPEN},DNS:{PRIVATE}"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=registries of a test", "-addext", names),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


def _push(source: str, port: int, tag: str, credentials: str = "") -> None:
    options = ["--quiet", "--format=v2s2", "--dest-tls-verify=false"]
    if credentials:
        options.append(f"--dest-creds={credentials}")
    target = f"docker://127.0.0.1:{port}/{REPOSITORY}:{tag}"
    _skopeo("copy", *options, source, target)


def _digest(port: int, tag: str) -> str:
    words = ["--tls-verify=false", "--format={{.Digest}}"]
    return _skopeo("inspect", *words, f"docker://127.0.0.1:{port}/{REPOSITORY}:{tag}").strip()


def _skopeo(*words: str) -> str:
    done = subprocess.run(
        ["skopeo", *words], env=os.environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"skopeo {words[0]}: {done.stderr.strip()}")
    return done.stdout
