"""The supervisor's own account for all customers: for trials, since it keeps nobody apart."""

import os
import pwd
from pathlib import Path

from deepsquare.identifiers import Address
from deepsquare_supervisor.adapters.accounts.folders import make_folders
from deepsquare_supervisor.domain.naming import unix_name
from deepsquare_supervisor.ports.accounts import Account, AccountsUnavailable


class SingleAccount:
    """`UnixAccounts` with one user, and folders of their own for each customer (W-SUP-2)."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def of(self, customer: Address) -> Account:
        """See `UnixAccounts`."""
        account = Account(
            customer,
            user=pwd.getpwuid(os.geteuid()).pw_name,
            uid=os.geteuid(),
            gid=os.getegid(),
            root=self._root / unix_name(customer),
        )
        try:
            make_folders(account)
        except OSError as error:
            raise AccountsUnavailable(f"no folders for {customer}: {error}") from error
        return account
