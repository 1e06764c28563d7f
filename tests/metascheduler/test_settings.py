"""Settings: every variable documented, every mistake named."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from deepsquare_metascheduler.settings import PREFIX, InvalidSettings, Settings, load_settings

GOOD = {
    "METASCHEDULER_RPC_URLS": "http://one:8545, http://two:8545",
    "METASCHEDULER_CHAIN_ID": "179188",
    "METASCHEDULER_META_SCHEDULER_ADDRESS": "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266",
    "METASCHEDULER_PRIVATE_KEY": "0x" + "ab" * 32,
}


def test_load__good_environment__is_typed() -> None:
    settings = load_settings({**GOOD, "UNRELATED": "x", "METASCHEDULER_LISTEN": "[::1]:80"})
    assert settings.rpc_urls == ("http://one:8545", "http://two:8545")
    assert settings.meta_scheduler_address == "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    assert settings.host_and_port == ("::1", 80)
    assert settings.key_text() == "ab" * 32


def test_load__key_file__is_read(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("cd" * 32 + "\n")
    environment = GOOD | {"METASCHEDULER_PRIVATE_KEY_FILE": str(file)}
    del environment["METASCHEDULER_PRIVATE_KEY"]
    assert load_settings(environment).key_text() == "cd" * 32


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"METASCHEDULER_TICKS": "1"}, "there is no setting called METASCHEDULER_TICKS"),
        ({"METASCHEDULER_CHAIN_ID": "x"}, "METASCHEDULER_CHAIN_ID: Input should be a valid int"),
        ({"METASCHEDULER_RPC_URLS": " , "}, "METASCHEDULER_RPC_URLS: Tuple should have at least 1"),
        ({"METASCHEDULER_LISTEN": "8080x"}, "METASCHEDULER_LISTEN: write it as host:port"),
        ({"METASCHEDULER_META_SCHEDULER_ADDRESS": "0x12"}, "is no address"),
        ({"METASCHEDULER_PRIVATE_KEY_FILE": "/x"}, "set either METASCHEDULER_PRIVATE_KEY_FILE or"),
    ],
)  # fmt: skip
def test_load__a_mistake__is_named(change: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidSettings, match=message):
        load_settings(GOOD | change)


def test_load__nothing_set__names_every_variable_that_is_needed() -> None:
    with pytest.raises(InvalidSettings) as caught:
        load_settings({})
    for name in ("RPC_URLS", "CHAIN_ID", "META_SCHEDULER_ADDRESS"):
        assert f"{PREFIX}{name}" in caught.value.message


@pytest.mark.parametrize("key", ["", "ab", "zz" * 32, "ab" * 33])
def test_key__no_64_hex_digits__is_refused_without_showing_it(key: str) -> None:
    settings = load_settings(GOOD | {"METASCHEDULER_PRIVATE_KEY": key})
    with pytest.raises(InvalidSettings, match="64 hex digits") as caught:
        settings.key_text()
    assert not key or key not in caught.value.message


def test_key__file_is_missing__is_named(tmp_path: Path) -> None:
    environment = GOOD | {"METASCHEDULER_PRIVATE_KEY_FILE": str(tmp_path / "none")}
    del environment["METASCHEDULER_PRIVATE_KEY"]
    with pytest.raises(InvalidSettings, match="No such file"):
        load_settings(environment).key_text()


def test_settings__repr__hides_the_key() -> None:
    assert "ab" * 32 not in repr(load_settings(GOOD))


def test_settings__every_field__is_documented() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_settings__of_a_chain_whose_grid_is_known__need_no_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The SDK ships the records of deployments."""
    environment = dict(GOOD)
    known = environment.pop("METASCHEDULER_META_SCHEDULER_ADDRESS")
    grid = SimpleNamespace(meta_scheduler=known)
    monkeypatch.setattr("deepsquare.deployment.record.load_deployment", lambda _chain_id: grid)
    assert load_settings(environment).meta_scheduler_address.lower() == known
