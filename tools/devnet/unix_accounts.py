"""Remove the Unix accounts that a devnet's supervisor made for its customers."""

import grp
import pwd
import subprocess
from pathlib import Path


def remove_accounts(folder: Path, *, group: str) -> None:
    """Remove every account whose home lies below the folder, and then their group."""
    for entry in pwd.getpwall():
        if Path(entry.pw_dir).is_relative_to(folder):
            _run("userdel", entry.pw_name)
    if any(entry.gr_name == group for entry in grp.getgrall()):
        _run("groupdel", group)


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True, capture_output=True)
