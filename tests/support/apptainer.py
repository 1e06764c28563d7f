"""A real Apptainer for tests: Debian sid's package, made to run on the Debian of this machine.

Debian has Apptainer in sid only, where it wants a newer C library than a stable release has. Both
packages are fetched by apt into ``.cache/apptainer``, from the mirror this machine is set up with,
with apt state of our own, so that nothing of the machine changes. They are unpacked for each test
session, because the programs then carry the place they lie in: the C library and its loader as
ELF interpreter and RPATH.
"""

import fcntl
import os
import re
import subprocess
from pathlib import Path

import pytest

CACHE = Path(__file__).resolve().parents[2] / ".cache" / "apptainer"
SUITE = "sid"
PACKAGES = ("apptainer", "libc6")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
PROGRAMS = ("usr/bin/apptainer", "usr/lib/*/apptainer/bin/starter")

_RELOCATED = {
    "usr/etc": "../etc",
    "usr/var": "../var",
    "usr/lib/etc": "../../etc",
    "usr/lib/var": "../../var",
}
"""Apptainer derives its other folders from where it lies: below usr or usr/lib, by program."""


@pytest.fixture(scope="session")
def apptainer(open_folder: Path) -> Path:
    """The folder of an `apptainer` that every Unix account may run."""
    return unpacked(packages(), open_folder / "apptainer")


def packages(cache: Path = CACHE) -> list[Path]:
    """Return the package files, fetched at first use."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _cached(cache) or _fetched(cache)


def _cached(cache: Path) -> list[Path]:
    found = [sorted(cache.glob(f"{name}_*.deb")) for name in PACKAGES]
    return [files[-1] for files in found] if all(found) else []


def _fetched(cache: Path) -> list[Path]:
    state = cache / "apt"
    for name in ("lists/partial", "cache/archives/partial", "new"):
        (state / name).mkdir(parents=True, exist_ok=True)
    (state / "status").touch()
    (state / "sources.list").write_text(_source())
    _run(["apt-get", *_apt_options(state), "update", "-qq"])
    _run(["apt-get", *_apt_options(state), "download", "-qq", *PACKAGES], cwd=state / "new")
    for file in (state / "new").iterdir():
        file.rename(cache / file.name)
    return _cached(cache)


def _apt_options(state: Path) -> list[str]:
    settings = {
        "Dir::Etc::sourcelist": state / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": state / "lists",
        "Dir::State::status": state / "status",
        "Dir::Cache": state / "cache",
        "APT::Sandbox::User": "root",
        "APT::Get::List-Cleanup": "true",
        "Acquire::Languages": "none",
        "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
        "Acquire::Retries": "3",
    }
    return [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]


def _source() -> str:
    """Return a line for sid at the Debian mirror this machine uses."""
    release = Path("/etc/os-release").read_text()
    codename = next(
        line.partition("=")[2]
        for line in release.splitlines()
        if line.startswith("VERSION_CODENAME=")
    )
    uris = _run(["apt-get", "--print-uris", "update"])
    found = re.search(rf"'([^']*)/dists/{codename}/(In)?Release'", uris)
    if not found:
        raise RuntimeError(f"apt has no source of {codename}: {uris}")
    return f"deb [signed-by={KEYRING}] {found[1]} {SUITE} main\n"


def unpacked(files: list[Path], prefix: Path) -> Path:
    """Unpack the packages below ``prefix`` and return the folder of the command."""
    prefix.mkdir(mode=0o755)
    for file in files:
        _run(["dpkg-deb", "--extract", str(file), str(prefix)])
    for name, target in _RELOCATED.items():
        (prefix / name).symlink_to(target)
    (loader,) = prefix.glob("usr/lib/*/ld-linux*.so.*")
    for pattern in PROGRAMS:
        (program,) = prefix.glob(pattern)
        _relocate(program, loader)
    return prefix / "usr" / "bin"


def _relocate(program: Path, loader: Path) -> None:
    # RPATH and not RUNPATH: libraries of this machine shall find that C library as well.
    places = ["--set-interpreter", str(loader), "--force-rpath", "--set-rpath", str(loader.parent)]
    _run(["patchelf", *places, str(program)])


def _run(argv: list[str], *, cwd: Path | None = None) -> str:
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        argv, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(argv)}: {done.stderr.strip()}")
    return done.stdout


@pytest.fixture(scope="session")
def devices(open_folder: Path) -> Path:
    """What nodes of a provider have: FUSE and TUN open to every account, /run/wireguard."""
    folder = open_folder / "dev"
    (folder / "run" / "wireguard").mkdir(parents=True)
    for name, minor in (("fuse", 229), ("tun", 200)):
        os.mknod(folder / name, 0o600 | 0o020000, os.makedev(10, minor))
        (folder / name).chmod(0o666)
    return folder
