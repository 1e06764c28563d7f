"""The well-known accounts of a development chain, by role.

Their keys are public: never send anything of value to them.
"""

from dataclasses import dataclass
from functools import lru_cache

from eth_account import Account
from eth_account.signers.local import LocalAccount

DEVELOPMENT_MNEMONIC = "test test test test test test test test test test test junk"
"""The phrase that anvil, hardhat and others fund by default."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """Who is who on a development chain."""

    deployer: LocalAccount
    operator: LocalAccount
    metascheduler: LocalAccount
    provider: LocalAccount
    other_provider: LocalAccount
    customer: LocalAccount
    other_customer: LocalAccount
    stranger: LocalAccount


@lru_cache
def development_account(index: int) -> LocalAccount:
    """Return the development account of an index, 0 to 9 of which anvil funds with coin."""
    Account.enable_unaudited_hdwallet_features()
    account: LocalAccount = Account.from_mnemonic(
        DEVELOPMENT_MNEMONIC, account_path=f"m/44'/60'/0'/0/{index}"
    )
    return account


def development_accounts() -> Accounts:
    """Return the accounts by role; the deployer is the first that anvil funds."""
    return Accounts(*(development_account(index) for index in range(8)))
