"""`deepsquare-supervisor-accounts`: the only part that must be root, when the supervisor is not.

It makes the Unix account of one customer and prints it as JSON. A sudo rule that pins the options
leaves the caller nothing to choose but the address.
"""

import json
import sys
from pathlib import Path

import click

from deepsquare.errors import DeepSquareError
from deepsquare.identifiers import InvalidIdentifier, parse_address
from deepsquare_supervisor.adapters.accounts.local import COLLISION_EXIT
from deepsquare_supervisor.adapters.accounts.registry import AccountSite, ensure_account
from deepsquare_supervisor.ports.accounts import AccountCollision

FAILURE_EXIT = 1
USAGE_EXIT = 2


@click.command()
@click.option("--root", type=click.Path(path_type=Path), required=True, help="Folders go here.")
@click.option("--group", default="wallets", show_default=True, help="Group of all customers.")
@click.option("--first-uid", type=int, default=20_000, show_default=True)
@click.option("--last-uid", type=int, default=59_999, show_default=True)
@click.argument("address")
def main(root: Path, group: str, first_uid: int, last_uid: int, address: str) -> None:
    """Make the Unix account of the customer at ADDRESS, or find it, and print it."""
    try:
        customer = parse_address(address)
        site = AccountSite(root.resolve(), group, first_uid, last_uid)
        account = ensure_account(customer, site)
    except (DeepSquareError, OSError) as error:
        click.echo(str(error), err=True)
        sys.exit(_exit_code(error))
    fields = {"user": account.user, "uid": account.uid, "gid": account.gid}
    click.echo(json.dumps({**fields, "root": str(account.root)}))


def _exit_code(error: Exception) -> int:
    if isinstance(error, AccountCollision):
        return COLLISION_EXIT
    return USAGE_EXIT if isinstance(error, InvalidIdentifier) else FAILURE_EXIT


if __name__ == "__main__":
    main()
