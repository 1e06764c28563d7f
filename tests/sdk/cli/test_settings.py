"""Profiles, wallets and start-up: no chain needed."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from tests.sdk.cli.conftest import Run

from deepsquare.cli.app import COMMANDS
from deepsquare.keys import keystore_address, new_key, parse_key, read_keystore
from deepsquare.profile import InvalidSettings, resolve

KEY = "0x" + "0" * 63 + "1"
ACCOUNT = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"


def test_profile_show__flag_environment_project_profile__in_this_order(
    deepsquare: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    deepsquare("profile", "set", "rpc_urls", "http://profile")
    deepsquare("profile", "set", "sbatch_api_url", "http://profile")
    deepsquare("profile", "set", "output", "csv")
    Path("deepsquare.toml").write_text('output = "json"\n')
    monkeypatch.setenv("DEEPSQUARE_RPC_URL", "http://env-a, http://env-b")
    shown = {
        r["setting"]: (r["value"], r["source"])
        for r in json.loads(deepsquare("profile", "show", "--sbatch-api", "http://flag").out)
    }
    assert shown["sbatch_api_url"] == ("http://flag", "flag")
    assert shown["rpc_urls"] == ("http://env-a,http://env-b", "environment")
    assert shown["output"] == ("json", str(Path("deepsquare.toml").absolute()))
    assert shown["chain_id"] == ("", "default")


def test_profile_set__file__is_for_its_owner_only(deepsquare: Run, tmp_path: Path) -> None:
    deepsquare("profile", "set", "rpc_urls", "http://a,http://b")
    path = tmp_path / "config" / "config.toml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert resolve().settings.rpc_urls == ("http://a", "http://b")


@pytest.mark.parametrize(
    ("name", "value"),
    [("rpc", "x"), ("chain_id", "one"), ("profile", "x")],
)
def test_profile_set__wrong__is_a_usage_error(deepsquare: Run, name: str, value: str) -> None:
    ran = deepsquare("profile", "set", name, value)
    assert ran.exit_code == 2
    assert ran.err.startswith("deepsquare: error: ")


@pytest.mark.parametrize("command", ["show", "list", "set rpc_urls http://a", "use one"])
@pytest.mark.parametrize("damaged", [b"default = ", b"\xff"])
def test_profile__file_is_damaged__is_named(
    deepsquare: Run, tmp_path: Path, damaged: bytes, command: str
) -> None:
    path = tmp_path / "config" / "config.toml"
    path.parent.mkdir()
    path.write_bytes(damaged)
    ran = deepsquare("profile", *command.split())
    assert ran.exit_code == 2
    assert f"{path} is no TOML file" in ran.err
    assert path.read_bytes() == damaged


def test_profile_use__several__chooses_one(deepsquare: Run) -> None:
    deepsquare("profile", "set", "rpc_urls", "http://one", "--profile", "one")
    deepsquare("profile", "set", "rpc_urls", "http://two", "--profile", "two")
    assert resolve().settings.rpc_urls == ("http://one",)
    deepsquare("profile", "use", "two")
    assert resolve().settings.rpc_urls == ("http://two",)
    listed = json.loads(deepsquare("profile", "list", "--json").out)
    assert [(p["profile"], p["in_use"]) for p in listed] == [("one", False), ("two", True)]
    assert "is no profile" in deepsquare("jobs", "--profile", "three").err.replace("there ", "")


def test_project_file__that_names_a_contract__is_refused(deepsquare: Run) -> None:
    """A folder somebody else made must not decide where the credits go."""
    Path("deepsquare.toml").write_text(f'meta_scheduler_address = "{ACCOUNT}"\n')
    with pytest.raises(InvalidSettings, match="may not be set in a project file"):
        resolve()
    assert deepsquare("jobs").exit_code == 2


def test_settings__missing__says_how_to_set_them(deepsquare: Run) -> None:
    ran = deepsquare("providers")
    assert ran.exit_code == 2
    assert ran.err == (
        "deepsquare: error: rpc_urls is not set: set DEEPSQUARE_RPC_URL, "
        "or run `deepsquare profile set rpc_urls VALUE`\n"
    )


@pytest.mark.integration
def test_chain__not_there__is_exit_code_7(deepsquare: Run) -> None:
    ran = deepsquare("providers", "--rpc-url", "http://127.0.0.1:9", "--meta-scheduler", ACCOUNT)
    assert ran.exit_code == 7
    assert "no RPC endpoint answers" in ran.err


def test_wallet_create__new__is_encrypted_and_used(deepsquare: Run, tmp_path: Path) -> None:
    Path("password").write_text("correct horse\n")
    ran = deepsquare("wallet", "create", "--password-file", "password", "--json")
    record = json.loads(ran.out)
    path = Path(record["key"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = read_keystore(path, password="correct horse")
    assert key.address == record["account"] == keystore_address(path)
    assert key.secret.hex() not in path.read_text() + ran.out + ran.err
    shown = json.loads(deepsquare("wallet", "show", "--json").out)
    assert shown["account"] == key.address


def test_wallet_import__key_file__is_taken_over(deepsquare: Run) -> None:
    Path("key").write_text(KEY)
    Path("password").write_text("p")
    ran = deepsquare("wallet", "import", "--key-file", "key", "--password-file", "password")
    assert ACCOUNT in ran.out
    again = deepsquare("wallet", "import", "--key-file", "key", "--password-file", "password")
    assert again.exit_code == 3
    assert "is not overwritten" in again.err


@pytest.mark.parametrize("text", ["", "0x12", "zz" * 32, "00" * 32, "ff" * 32, "11" * 33])
def test_key__malformed__is_refused_without_showing_it(
    deepsquare: Run, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    Path("key").write_text(text)
    monkeypatch.setenv("DEEPSQUARE_PRIVATE_KEY_FILE", "key")
    ran = deepsquare("wallet", "show")
    assert ran.exit_code == 3
    assert ran.err == "deepsquare: error: the private key must be 64 hex digits\n"


def test_key__none__says_how_to_make_one(deepsquare: Run) -> None:
    ran = deepsquare("wallet", "show")
    assert ran.exit_code == 3
    assert "deepsquare wallet create" in ran.err


def test_key__keystore_without_terminal__says_how_to_give_the_password(
    deepsquare: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from deepsquare.keys import KeyMissing, WrongPassword, load_key

    Path("password").write_text("right")
    deepsquare("wallet", "create", "--password-file", "password")
    with pytest.raises(KeyMissing, match="DEEPSQUARE_KEYSTORE_PASSWORD_FILE"):
        load_key(resolve().settings)
    Path("password").write_text("wrong")
    monkeypatch.setenv("DEEPSQUARE_KEYSTORE_PASSWORD_FILE", "password")
    with pytest.raises(WrongPassword, match="does not open"):
        load_key(resolve().settings)


def test_key__from_the_environment__never_shows() -> None:
    key = parse_key(KEY)
    assert key.address == ACCOUNT
    assert "0001" not in repr(key)
    assert key != new_key()


def test_init__file__is_a_valid_workflow_and_not_overwritten(deepsquare: Run) -> None:
    assert deepsquare("init").exit_code == 0
    assert deepsquare("validate", "workflow.yaml").exit_code == 0
    ran = deepsquare("init")
    assert ran.exit_code == 2
    assert "is not overwritten" in ran.err


@pytest.mark.parametrize("name", COMMANDS)
def test_help__every_command__explains_itself_and_is_listed(deepsquare: Run, name: str) -> None:
    ran = deepsquare(name, "--help")
    assert ran.exit_code == 0
    assert f"Usage: deepsquare {name}" in ran.out
    assert name in deepsquare("--help").out


@pytest.mark.parametrize(
    ("typed", "told"), [("job", '"jobs"'), ("sumbit", '"submit"'), ("quux", "No such command")]
)
def test_unknown_command__near_one__is_suggested(deepsquare: Run, typed: str, told: str) -> None:
    ran = deepsquare(typed)
    assert ran.exit_code == 2
    assert told in ran.err


def test_workflow__no_such_file__says_so(deepsquare: Run) -> None:
    ran = deepsquare("validate", "nowhere.yaml")
    assert ran.exit_code == 2
    assert "cannot read nowhere.yaml: No such file or directory" in ran.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion__each_shell__is_a_script(deepsquare: Run, shell: str) -> None:
    assert "_DEEPSQUARE_COMPLETE" in deepsquare("completion", shell).out


def _process(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
        timeout=60,
    )


def test_start__help_and_import__load_nothing_heavy() -> None:
    ran = _process("-X", "importtime", "-m", "deepsquare.cli", "--help")
    loaded = {line.split("|")[-1].strip() for line in ran.stderr.splitlines()}
    assert "Usage: deepsquare" in ran.stdout
    assert not loaded & {"web3", "eth_account", "httpx", "eth_abi", "rich", "yaml", "pydantic"}


@pytest.mark.parametrize(
    "modules",
    [
        "deepsquare",
        "deepsquare.client",
        "deepsquare.api",
        "deepsquare.cli.commands.jobs, deepsquare.cli.records, deepsquare.client",
        "deepsquare.cli.commands.logs, deepsquare.cli.submitting",
    ],
)
def test_reading__modules__import_neither_web3_nor_eth_account(modules: str) -> None:
    code = f"import sys, {modules}; print(sorted({{'web3', 'eth_account'}} & set(sys.modules)))"
    assert _process("-c", code).stdout == "[]\n"


def test_output__no_terminal__has_no_colour(deepsquare: Run) -> None:
    ran = deepsquare("profile", "show")
    assert "\x1b" not in ran.out
