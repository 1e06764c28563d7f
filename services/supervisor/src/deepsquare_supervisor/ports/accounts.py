"""Unix accounts: whose user a customer's batches run as."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from deepsquare.errors import Broken, Unavailable
from deepsquare.identifiers import Address

PER_USER = {
    "STORAGE_ROOT": "storage",
    "SHARED_TMP": "shared-tmp",
    "DISK_TMP": "disk-tmp",
    "ENROOT_RUNTIME": "enroot-run",
    "ENROOT_CACHE": "enroot-cache",
    "ENROOT_DATA": "enroot-data",
    "APPTAINER_TMP": "apptainer-tmp",
}
"""Site variables (workflow.md 4.1) whose directories belong to one customer, and their names."""


class AccountsUnavailable(Unavailable):
    """An account could not be made or looked up now."""

    code = "accounts_unavailable"


class AccountCollision(Broken):
    """The name of an account is taken by somebody else."""

    code = "account_collision"


@dataclass(frozen=True, slots=True)
class Account:
    """One customer at the site: a Unix user and the directories that are theirs alone."""

    customer: Address
    user: str
    uid: int
    gid: int
    root: Path

    @property
    def home(self) -> Path:
        """The home and working directory of batches."""
        return self.root / "home"

    @property
    def logs(self) -> Path:
        """Where the output of batches is kept."""
        return self.root / "logs"


class UnixAccounts(Protocol):
    """Makes accounts; asking again for the same customer gives the same account."""

    async def of(self, customer: Address) -> Account:
        """Return the customer's account, made on first use.

        Raises `AccountCollision` or `AccountsUnavailable`.
        """
        ...
