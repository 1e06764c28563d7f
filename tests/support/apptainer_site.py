"""A pretended site with the real Apptainer, whose batches run as an unprivileged user."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.support.batch import STUB_TOOLS, BatchSite
from tests.support.customer import CUSTOMER, give_to_customer
from tests.support.registry_images import Images

_RECORDER = """#!/bin/bash
. "${{BASH_SOURCE[0]%/*}}/.record.bash"
STUB_CALLS=${{STUB_CALLS:-/dev/null}} record apptainer "$@"
exec '{program}' "$@"
"""

_ENTER = """
mount --bind "$1/fuse" /dev/fuse
mount --bind "$1/tun" /dev/net/tun
mount --bind "$1/run" /run
shift
exec "$@"
"""


def make_tools(folder: Path, programs: Path) -> None:
    """Fill a folder with the stub tools; for Apptainer, the real one that notes its arguments."""
    shutil.copytree(STUB_TOOLS, folder)
    (folder / "apptainer").write_text(_RECORDER.format(program=programs / "apptainer"))


def make_site(root: Path, *, tools: Path, devices: Path) -> BatchSite:
    """Make a site on which FUSE and TUN may be used by everybody, as on a provider's node."""
    site = BatchSite(root)
    site.settings["PATH"] = str(tools)
    site.environment["HOME"] = CUSTOMER.pw_dir
    give_to_customer(root)
    enter = ["unshare", "--mount", "bash", "-euc", _ENTER, "enter", str(devices)]
    become = ["setpriv", f"--reuid={CUSTOMER.pw_uid}", f"--regid={CUSTOMER.pw_gid}"]
    site.launcher = [*enter, *become, "--clear-groups"]
    return site


def make_image_files(folder: Path, images: Images, programs: Path) -> None:
    """Make a SIF file of each image, ``sandbox`` from ``entry``, and ``root``, a bare folder.

    ``team/image:1.0`` is the sandbox as well: hosted images are named like those of registries.
    """
    folder.mkdir()
    give_to_customer(folder)
    for name in ("plain", "entry"):
        archive = images.archive(name, folder / f"{name}.tar")
        _build([str(folder / f"{name}.sif"), f"oci-archive:{archive}"], folder, programs)
    _build(["--sandbox", str(folder / "sandbox"), str(folder / "entry.sif")], folder, programs)
    shutil.copytree(folder / "sandbox", folder / "root", symlinks=True)
    shutil.rmtree(folder / "root" / ".singularity.d")
    (folder / "team").mkdir()
    (folder / "team" / "image:1.0").symlink_to("../sandbox")
    give_to_customer(folder / "root")


def _build(words: Sequence[str], home: Path, programs: Path) -> None:
    done = subprocess.run(
        [str(programs / "apptainer"), "build", *words],
        env={"PATH": os.environ["PATH"], "HOME": str(home), "APPTAINER_CACHEDIR": f"{home}/.cache"},
        user=CUSTOMER.pw_uid,
        group=CUSTOMER.pw_gid,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"apptainer build: {done.stderr.strip()}")
