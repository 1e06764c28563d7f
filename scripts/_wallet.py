"""The account that signs: a key file, or an account of Ape."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ape import accounts, networks
from eth_account import Account
from eth_account.signers.local import LocalAccount

from deepsquare.deployment import Chain, DeploymentRefused, KeyWallet, Wallet
from deepsquare.deployment.port import Transaction
from deepsquare.identifiers import Address, parse_address

if TYPE_CHECKING:
    from ape.api import AccountAPI

KEY_FILE = "DEEPSQUARE_DEPLOYER_KEY_FILE"


class ApeWallet:
    """A wallet whose key Ape keeps; Ape asks for the passphrase."""

    def __init__(self, account: "AccountAPI") -> None:
        self._account = account

    @property
    def address(self) -> Address:
        """The account."""
        return parse_address(str(self._account.address))

    async def send(self, chain: Chain, transaction: Transaction) -> str:
        """Let Ape sign, and hand over the result."""
        fields = {**transaction, "type": 2, "value": 0, "sender": self.address}
        names = {"to": "receiver", "gas": "gas_limit", "maxFeePerGas": "max_fee"}
        names["maxPriorityFeePerGas"] = "max_priority_fee"
        renamed = {names.get(name, name): value for name, value in fields.items()}
        unsigned = networks.provider.network.ecosystem.create_transaction(**renamed)
        signed = self._account.sign_transaction(unsigned)
        if signed is None:
            raise DeploymentRefused(f"{self.address} did not sign")
        return str(
            await chain.request(
                "eth_sendRawTransaction", "0x" + signed.serialize_transaction().hex()
            )
        )


def load_wallet(alias: str | None) -> Wallet:
    """Return the wallet of an Ape account, or of the key file that the environment names.

    Raises `DeploymentRefused` when there is neither, or when they cannot be used.
    """
    if alias:
        if alias not in accounts.aliases:
            raise DeploymentRefused(f'Ape has no account "{alias}": see `ape accounts list`')
        return ApeWallet(accounts.load(alias))
    path = os.environ.get(KEY_FILE)
    if not path:
        raise DeploymentRefused(
            f"there is no key to deploy with: set {KEY_FILE} or give --account ALIAS"
        )
    return KeyWallet(_read_account(Path(path)))


def _read_account(path: Path) -> LocalAccount:
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip().removeprefix("0x"))
    except OSError as error:
        raise DeploymentRefused(f"{KEY_FILE}: {path}: {error.strerror}") from error
    except ValueError as error:
        raise DeploymentRefused(f"{KEY_FILE}: {path} does not hold a key in hex") from error
    if len(key) != 32:
        raise DeploymentRefused(f"{KEY_FILE}: {path} does not hold a key of 32 bytes")
    try:
        account: LocalAccount = Account.from_key(key)
    except ValueError as error:
        raise DeploymentRefused(f"{KEY_FILE}: {path} holds a number that is no key") from error
    return account
