"""An unprivileged account of this machine, standing in for a customer's."""

import os
import pwd
from pathlib import Path

CUSTOMER = pwd.getpwnam("games")


def give_to_customer(path: Path) -> None:
    """Make a file or folder and all below it the customer's."""
    for file in [path, *path.rglob("*")]:
        os.chown(file, CUSTOMER.pw_uid, CUSTOMER.pw_gid, follow_symlinks=False)
