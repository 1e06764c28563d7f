"""Small OCI images made with umoci from Debian's busybox-static, without a network."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

BUSYBOX = Path("/bin/busybox")
ENTRYPOINT = ("/bin/show", "entry point")
DEFAULT_ARGUMENTS = ("default 'arg'", "$HOME")
WORKING_DIRECTORY = "/opt/image dir"
ENVIRONMENT = {"IMAGE_SAYS": "image, says", "BOTH_SAY": "image"}

_SHOW = """#!/bin/sh
eval "${SHOW_RUNS:-:}"
printf '<%s>' "$@"
echo
exit ${SHOW_CODE:-0}
"""
_ACCOUNTS = {"passwd": "root:x:0:0:root:/root:/bin/sh\n", "group": "root:x:0:\n"}


@dataclass(frozen=True, slots=True)
class Images:
    """An OCI layout with the images ``plain`` and ``entry``."""

    layout: Path

    @classmethod
    def make(cls, folder: Path) -> "Images":
        """Build the images below a folder."""
        images = cls(folder / "layout")
        _umoci("init", "--layout", str(images.layout))
        images._umoci("new")
        bundle = folder / "bundle"
        images._umoci("unpack", str(bundle))
        _fill(bundle / "rootfs")
        images._umoci("repack", str(bundle))
        images._umoci("config", "--tag", "entry", *_configuration())
        return images

    def source(self, name: str) -> str:
        """Return how skopeo names an image."""
        return f"oci:{self.layout}:{name}"

    def archive(self, name: str, file: Path) -> Path:
        """Write an image as an OCI archive."""
        copy = ["skopeo", "copy", "--quiet", self.source(name), f"oci-archive:{file}:{name}"]
        subprocess.run(copy, check=True, capture_output=True)
        return file

    def _umoci(self, verb: str, *words: str) -> None:
        _umoci(verb, "--image", f"{self.layout}:plain", *words)


def _configuration() -> list[str]:
    words = [f"--config.workingdir={WORKING_DIRECTORY}"]
    words += [f"--config.entrypoint={word}" for word in ENTRYPOINT]
    words += [f"--config.cmd={word}" for word in DEFAULT_ARGUMENTS]
    words += [f"--config.env={key}={value}" for key, value in ENVIRONMENT.items()]
    return words


def _fill(root: Path) -> None:
    for name in ("bin", "etc", "tmp", "proc", "sys", "dev", "root", WORKING_DIRECTORY[1:]):
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "tmp").chmod(0o1777)
    (root / "bin" / "busybox").write_bytes(BUSYBOX.read_bytes())
    (root / "bin" / "busybox").chmod(0o755)
    applets = subprocess.run([BUSYBOX, "--list"], check=True, capture_output=True, text=True).stdout
    for applet in applets.split():
        if applet != "busybox":
            (root / "bin" / applet).symlink_to("busybox")
    (root / "bin" / "bash").unlink(missing_ok=True)
    (root / "bin" / "show").write_text(_SHOW)
    (root / "bin" / "show").chmod(0o755)
    for name, text in _ACCOUNTS.items():
        (root / "etc" / name).write_text(text)


def _umoci(*words: str) -> None:
    subprocess.run(["umoci", *words], check=True, capture_output=True)
