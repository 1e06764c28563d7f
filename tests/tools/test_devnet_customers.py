"""A customer of a devnet has all that the command line needs, and nobody else can read it."""

import stat
import tomllib
from pathlib import Path

import pytest
from eth_account import Account
from tools.devnet.customers import make_customer
from tools.devnet.up import shell_lines

from deepsquare.profile import Settings

GRID = Settings(
    profile="devnet",
    rpc_urls=("http://127.0.0.1:1",),
    meta_scheduler_address="0x5FC8d32690cc91D4c39d9d3abcBD16989F875707",
    sbatch_api_url="http://127.0.0.1:2",
    chain_id=179188,
)


def test_customer__made__has_a_profile_and_a_key_of_its_own(tmp_path: Path) -> None:
    account = Account.create()
    customer = make_customer(tmp_path / "ada", account, settings=GRID)
    document = tomllib.loads((customer.config_dir / "config.toml").read_text())
    profile = document["profiles"][document["default"]]
    assert profile["rpc_urls"] == ["http://127.0.0.1:1"]
    assert profile["meta_scheduler_address"] == GRID.meta_scheduler_address
    key_file = Path(profile["private_key_file"])
    assert Account.from_key(key_file.read_text().strip()).address == customer.address
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(customer.config_dir.stat().st_mode) == 0o700


def test_customer__made_under_sudo__belongs_to_the_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_UID", "65534")
    customer = make_customer(tmp_path / "ada", Account.create(), settings=GRID)
    owned = [customer.config_dir, *customer.config_dir.rglob("*")]
    assert {path.stat().st_uid for path in owned} == {65534}


def test_shell_lines__of_a_customer__are_two_exports(tmp_path: Path) -> None:
    customer = make_customer(tmp_path / "ada", Account.create(), settings=GRID)
    [path, config] = shell_lines(customer)
    assert path.startswith('export PATH="/')
    assert config == f"export DEEPSQUARE_CONFIG_DIR={tmp_path}/ada"
