"""One Unix account for each customer, made by the root helper program."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from deepsquare.errors import Unavailable
from deepsquare.identifiers import Address
from deepsquare_supervisor.adapters.process import run_program
from deepsquare_supervisor.ports.accounts import Account, AccountCollision, AccountsUnavailable

COLLISION_EXIT = 4
"""The helper's exit code for a name or number that belongs to something else."""


class LocalAccounts:
    """`UnixAccounts` through ``command``, which gets the address as its last argument."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command = tuple(command)
        self._environment = environment
        self._known: dict[Address, Account] = {}

    async def of(self, customer: Address) -> Account:
        """See `UnixAccounts`."""
        if customer not in self._known:
            self._known[customer] = await self._ask(customer)
        return self._known[customer]

    async def _ask(self, customer: Address) -> Account:
        try:
            outcome = await run_program([*self._command, customer], env=self._environment)
        except Unavailable as error:
            raise AccountsUnavailable(error.message) from error
        if outcome.code == COLLISION_EXIT:
            raise AccountCollision(outcome.stderr)
        if outcome.code:
            raise AccountsUnavailable(f"no account for {customer}: {outcome.stderr[-500:]}")
        return _parse(customer, outcome.stdout)


def _parse(customer: Address, text: str) -> Account:
    try:
        answer = json.loads(text)
        return Account(
            customer,
            user=str(answer["user"]),
            uid=int(answer["uid"]),
            gid=int(answer["gid"]),
            root=Path(answer["root"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise AccountsUnavailable(f"the account helper answered {text[:200]!r}") from error
