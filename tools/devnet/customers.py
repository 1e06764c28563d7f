"""Customers of a devnet: a wallet each, and a profile of the command line that acts for it."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from eth_account.signers.local import LocalAccount

from deepsquare.identifiers import Address, parse_address
from deepsquare.profile import Settings
from deepsquare.profile_store import save_profile
from tools.devnet.keys import write_key

CLI = Path(sys.executable).with_name("deepsquare")


@dataclass(frozen=True)
class Customer:
    """Somebody with a wallet, and the directory of their command line's settings."""

    account: LocalAccount
    config_dir: Path

    @property
    def address(self) -> Address:
        """The wallet's address."""
        return parse_address(self.account.address)

    @property
    def environment(self) -> dict[str, str]:
        """What the command line must find in its environment to act for this customer."""
        return {"DEEPSQUARE_CONFIG_DIR": str(self.config_dir)}

    def run(
        self,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        timeout_s: float = 120,
    ) -> subprocess.CompletedProcess[str]:
        """Run `deepsquare` with these arguments; return how it ended and what it said."""
        return subprocess.run(
            [str(CLI), *arguments],
            env={**os.environ, **self.environment, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )


def make_customer(config_dir: Path, account: LocalAccount, *, settings: Settings) -> Customer:
    """Write the key and a profile with these settings, for whoever called sudo to use."""
    key_file = write_key(config_dir / "wallet", account)
    values = {
        "rpc_urls": settings.rpc_urls,
        "chain_id": settings.chain_id,
        "meta_scheduler_address": settings.meta_scheduler_address,
        "sbatch_api_url": settings.sbatch_api_url,
        "private_key_file": str(key_file),
    }
    with _config_dir(config_dir):
        save_profile(settings.profile, values, is_default=True)
    _give_to_caller(config_dir)
    return Customer(account, config_dir)


@contextmanager
def _config_dir(folder: Path) -> Iterator[None]:
    before = os.environ.get("DEEPSQUARE_CONFIG_DIR")
    os.environ["DEEPSQUARE_CONFIG_DIR"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["DEEPSQUARE_CONFIG_DIR"]
        else:
            os.environ["DEEPSQUARE_CONFIG_DIR"] = before


def _give_to_caller(folder: Path) -> None:
    uid = os.environ.get("SUDO_UID")
    if uid is None:
        return
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, int(uid), -1)
