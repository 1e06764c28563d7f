from pathlib import Path
from types import SimpleNamespace

import pytest

from deepsquare_sbatch_api.entrypoints.stores import keys_of
from deepsquare_sbatch_api.settings import InvalidSettings, load_settings, variables

LEAST = {
    "SBATCH_API_RPC_URLS": "http://a:1,http://b:2",
    "SBATCH_API_CHAIN_ID": "1337",
    "SBATCH_API_META_SCHEDULER_ADDRESS": "0x" + "ab" * 20,
    "SBATCH_API_TOKEN_KEYS": "a2V5",
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    for name, value in LEAST.items():
        monkeypatch.setenv(name, value)


def test_settings__least_environment__reads_lists_and_checksums_addresses() -> None:
    settings = load_settings()
    assert settings.rpc_urls == ("http://a:1", "http://b:2")
    assert settings.meta_scheduler_address == "0xABaBaBaBABabABabAbAbABAbABabababaBaBABaB"


def test_settings__secret__does_not_show() -> None:
    assert "a2V5" not in repr(load_settings())


def test_settings__secret_file__is_read_without_its_line_break(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "keys"
    file.write_text("one\ntwo\n")
    monkeypatch.delenv("SBATCH_API_TOKEN_KEYS")
    monkeypatch.setenv("SBATCH_API_TOKEN_KEYS_FILE", str(file))
    assert load_settings().token_keys.get_secret_value() == "one\ntwo"


def test_settings__secret_file_missing__names_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SBATCH_API_STORAGE_KEYS_FILE", "/nowhere/keys")
    with pytest.raises(InvalidSettings, match="cannot read /nowhere/keys: No such file"):
        load_settings()


def test_settings__unknown_variable__is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SBATCH_API_LISTN", "x")
    with pytest.raises(InvalidSettings, match="unknown settings: SBATCH_API_LISTN"):
        load_settings()


def test_settings__several_mistakes__are_all_named_without_values(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SBATCH_API_CHAIN_ID", "mainnet")
    monkeypatch.delenv("SBATCH_API_TOKEN_KEYS")
    with pytest.raises(InvalidSettings) as refused:
        load_settings()
    assert "SBATCH_API_CHAIN_ID: Input should be a valid integer" in refused.value.message
    assert "SBATCH_API_TOKEN_KEYS: Field required" in refused.value.message
    assert "mainnet" not in refused.value.message


def test_settings__no_default_for_secrets() -> None:
    settings = load_settings()
    assert settings.storage_keys is None
    assert settings.redis_url is None


def test_settings__bad_address__says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SBATCH_API_META_SCHEDULER_ADDRESS", "0x12")
    with pytest.raises(InvalidSettings, match="META_SCHEDULER_ADDRESS"):
        load_settings()


def test_settings__blanks_between_entries__are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SBATCH_API_RPC_URLS", "http://a:1, http://b:2 ,")
    monkeypatch.setenv("SBATCH_API_OPERATOR_NETWORKS", "10.0.0.0/8, ::1/128")
    settings = load_settings()
    assert settings.rpc_urls == ("http://a:1", "http://b:2")
    assert list(map(str, settings.operator_networks)) == ["10.0.0.0/8", "::1/128"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LISTEN", "localhost"),
        ("LISTEN", "http://127.0.0.1:80"),
        ("PUBLIC_URL", "sbatch.example.org"),
        ("PUBLIC_URL", "http://["),
        ("RPC_URLS", ""),
        ("RPC_URLS", "http://a,b"),
        ("TRUSTED_PROXIES", "10.0.0.1,proxy.example.org"),
        ("TRUSTED_PROXIES", "10.0.0.0/33"),
        ("TRUSTED_PROXIES", "*"),
    ],
)
def test_settings__no_address__is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"SBATCH_API_{name}", value)
    with pytest.raises(InvalidSettings, match=f"SBATCH_API_{name}: "):
        load_settings()


def test_settings__key_file_of_raw_bytes__is_read_to_be_refused_as_keys(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "keys"
    file.write_bytes(b"\xff" * 32)
    monkeypatch.setenv("SBATCH_API_STORAGE_KEYS_FILE", str(file))
    keys = load_settings().storage_keys
    assert keys
    with pytest.raises(InvalidSettings, match="SBATCH_API_STORAGE_KEYS: give one key per line"):
        keys_of("SBATCH_API_STORAGE_KEYS", keys)


def test_settings__of_a_chain_whose_grid_is_known__need_no_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The SDK ships the records of deployments."""
    known = LEAST["SBATCH_API_META_SCHEDULER_ADDRESS"]
    monkeypatch.delenv("SBATCH_API_META_SCHEDULER_ADDRESS")
    grid = SimpleNamespace(meta_scheduler=known)
    monkeypatch.setattr("deepsquare.deployment.record.load_deployment", lambda _chain_id: grid)
    assert load_settings().meta_scheduler_address.lower() == known
