"""Makes Unix accounts of customers. Runs as root, in the small helper program only.

The site's user database is the registry: the name tells the customer's prefix, the comment the
whole address, and the number comes from a range of its own.
"""

import fcntl
import grp
import pwd
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deepsquare.identifiers import Address
from deepsquare_supervisor.adapters.accounts.folders import make_folders
from deepsquare_supervisor.domain.naming import unix_name
from deepsquare_supervisor.ports.accounts import Account, AccountCollision, AccountsUnavailable

_TIMEOUT_S = 20


@dataclass(frozen=True, slots=True)
class AccountSite:
    """Where accounts live: their folders, their group, and the numbers set aside for them."""

    root: Path
    group: str
    first_uid: int
    last_uid: int


def ensure_account(customer: Address, site: AccountSite) -> Account:
    """Return a customer's account with all its folders, making what is missing.

    Raises `AccountCollision` if the name or number belongs to something else.
    """
    name = unix_name(customer)
    with _lock(site.root):
        _ensure_group(site.group)
        if not _entry(name):
            _run(_useradd(name, customer, site))
        entry = _entry(name)
        if entry is None:
            raise AccountsUnavailable(f"the account {name} does not show up after it was made")
        _check(entry, customer, site)
        account = Account(
            customer, user=name, uid=entry.pw_uid, gid=entry.pw_gid, root=site.root / name
        )
        make_folders(account)
    return account


def _entry(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _check(entry: pwd.struct_passwd, customer: Address, site: AccountSite) -> None:
    if entry.pw_gecos != customer:
        raise AccountCollision(
            f"the account {entry.pw_name} belongs to {entry.pw_gecos or 'nobody known'},"
            f" not to {customer}: run the jobs of one of them elsewhere"
        )
    if not site.first_uid <= entry.pw_uid <= site.last_uid:
        raise AccountCollision(
            f"the account {entry.pw_name} has the number {entry.pw_uid}, outside"
            f" {site.first_uid}-{site.last_uid}"
        )


def _ensure_group(name: str) -> None:
    try:
        grp.getgrnam(name)
    except KeyError:
        _run(["groupadd", name])


def _useradd(name: str, customer: Address, site: AccountSite) -> list[str]:
    """A group of its own, so that group rights give nothing away; the shared one is for rules."""
    return [
        "useradd",
        "--no-create-home",
        "--no-log-init",
        "--user-group",
        f"--groups={site.group}",
        f"--home-dir={site.root / name / 'home'}",
        "--shell=/usr/sbin/nologin",
        f"--comment={customer}",
        f"--key=UID_MIN={site.first_uid}",
        f"--key=UID_MAX={site.last_uid}",
        name,
    ]


def _run(argv: Sequence[str]) -> None:
    done = subprocess.run(  # noqa: S603 - an argument list, and no part of it is free text
        argv, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
    )
    if done.returncode:
        raise AccountsUnavailable(f"{argv[0]}: {done.stderr.strip()}")


@contextmanager
def _lock(root: Path) -> Iterator[None]:
    """Let one helper at a time look and make."""
    root.mkdir(mode=0o711, parents=True, exist_ok=True)
    with (root / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
