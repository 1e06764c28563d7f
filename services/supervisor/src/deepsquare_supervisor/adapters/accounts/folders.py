"""The directories of one account."""

import os
from pathlib import Path

from deepsquare_supervisor.ports.accounts import PER_USER, Account

OWN = ("home", "logs", *PER_USER.values())
"""Folders that belong to the customer and to nobody else."""


def make_folders(account: Account) -> None:
    """Make what is missing of an account's folders; what exists gets its owner and mode again.

    The folder around them stays the maker's, so that a customer cannot put a link in place of one
    of them. Others cannot even enter it.
    """
    _make(account.root.parent, mode=0o711)
    _make(account.root, mode=0o710, gid=account.gid)
    for name in OWN:
        _make(account.root / name, mode=0o700, uid=account.uid, gid=account.gid)


def _make(folder: Path, *, mode: int, uid: int = -1, gid: int = -1) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        os.fchown(descriptor, uid, gid)
        os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)
