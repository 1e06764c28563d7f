"""Settings, the offer and the check."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.supervisor.doubles import CUSTOMER

from deepsquare_supervisor.app.site_environment import batch_environment
from deepsquare_supervisor.domain.offer import InvalidOffer, parse_offer
from deepsquare_supervisor.entrypoints.build import slurm_environment
from deepsquare_supervisor.entrypoints.offer_file import read_offer
from deepsquare_supervisor.ports.accounts import Account
from deepsquare_supervisor.settings import InvalidSettings, load_settings

ENOUGH = {
    "SUPERVISOR_RPC_URLS": "http://a:1, http://b:2",
    "SUPERVISOR_META_SCHEDULER_ADDRESS": "0x90f79bf6eb2c4f870365e785982e1f101e93b906",
    "SUPERVISOR_CHAIN_ID": "179188",
    "SUPERVISOR_PRIVATE_KEY": "0x" + "11" * 32,
    "SUPERVISOR_SBATCH_API_URL": "http://api",
    "SUPERVISOR_STATE_DIR": "/var/lib/x",
    "SUPERVISOR_DATA_ROOT": "/srv/x",
}

OFFER = {
    "nodes": [{"cpus": 8, "gpus": 1, "mem_mb": 1000}, {"cpus": 4, "mem_mb": 500}],
    "prices": {"cpu": "0.5", "gpu": 10, "mem_mb": "0.001"},
    "labels": {"region": "here"},
}


def test_settings__enough__are_read_with_defaults() -> None:
    settings = load_settings({**ENOUGH, "PATH": "/bin", "SUPERVISOR_SITE_PRE_HOOK": "/hook"})
    assert settings.rpc_urls == ("http://a:1", "http://b:2")
    assert settings.meta_scheduler_address == "0x90F79bf6EB2c4f870365E785982E1f101E93b906"
    assert settings.site == {"PRE_HOOK": "/hook"}
    assert settings.host_and_port == ("127.0.0.1", 8082)
    assert "11" * 32 not in repr(settings)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"SUPERVISOR_TYPO": "1"}, "unknown settings: SUPERVISOR_TYPO"),
        ({"SUPERVISOR_SITE_TYPO": "1"}, "unknown settings: SUPERVISOR_SITE_TYPO"),
        ({"SUPERVISOR_SITE_STORAGE_ROOT": "/x"}, "unknown settings"),
        ({"SUPERVISOR_CHAIN_ID": "mainnet"}, "SUPERVISOR_CHAIN_ID"),
        ({"SUPERVISOR_LISTEN": "localhost"}, "SUPERVISOR_LISTEN: .*write it as host:port"),
        ({"SUPERVISOR_META_SCHEDULER_ADDRESS": "0x12"}, "is no address"),
        ({"SUPERVISOR_ACCOUNTING": "filetxt"}, "needs SUPERVISOR_COMPLETION_LOG"),
        ({"SUPERVISOR_PRIVATE_KEY": ""}, "SUPERVISOR_PRIVATE_KEY_FILE"),
    ],
)
def test_settings__wrong__are_named(changes: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidSettings, match=message):
        load_settings({**ENOUGH, **changes})


def test_settings__missing__are_all_named() -> None:
    with pytest.raises(InvalidSettings) as refused:
        load_settings({})
    for name in ENOUGH.keys() - {"SUPERVISOR_PRIVATE_KEY"}:
        assert name in refused.value.message


def test_settings__wrong_value__is_not_echoed() -> None:
    with pytest.raises(InvalidSettings) as refused:
        load_settings({**ENOUGH, "SUPERVISOR_CHAIN_ID": "s3cret"})
    assert "s3cret" not in refused.value.message


def test_key_file__is_read_and_a_missing_one_named(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("22" * 32 + "\n")
    without = {k: v for k, v in ENOUGH.items() if k != "SUPERVISOR_PRIVATE_KEY"}
    settings = load_settings({**without, "SUPERVISOR_PRIVATE_KEY_FILE": str(file)})
    assert settings.key_text == "22" * 32
    file.unlink()
    with pytest.raises(InvalidSettings, match="cannot be read"):
        _ = settings.key_text


def test_environment_of_slurm__holds_nothing_of_the_supervisor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SUPERVISOR_PRIVATE_KEY", "leak")
    assert set(slurm_environment(load_settings(ENOUGH))) == {"PATH"}


def test_environment_of_batches__directories_are_the_customers_own() -> None:
    """W-SUP-2."""
    account = Account(CUSTOMER, user="w1", uid=1, gid=1, root=Path("/srv/w1"))
    environment = batch_environment(account, {"STOP_SECONDS": "25", "PRE_HOOK": ""})
    assert environment["DEEPSQUARE_SITE_STORAGE_ROOT"] == "/srv/w1/storage"
    assert environment["DEEPSQUARE_SITE_STOP_SECONDS"] == "25"
    assert "DEEPSQUARE_SITE_PRE_HOOK" not in environment
    own = [value for value in environment.values() if value.startswith("/srv")]
    assert all(value.startswith("/srv/w1/") for value in own)
    assert len(own) == 8


def test_offer__is_read_in_credits() -> None:
    offer = parse_offer(OFFER)
    assert offer.hardware.nodes == 2
    assert offer.hardware.gpus_per_node == (1, 0)
    assert offer.prices.cpu_price_per_min == 5 * 10**17
    assert offer.prices.mem_price_per_min == 10**15
    assert [(label.key, label.value) for label in offer.labels] == [("region", "here")]


@pytest.mark.parametrize("key", ["nodes", "prices"])
def test_offer__without_a_part__names_it(key: str) -> None:
    with pytest.raises(InvalidOffer, match=key):
        parse_offer({name: value for name, value in OFFER.items() if name != key})


def test_offer_file__missing__is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidOffer, match=r"hardware\.json"):
        read_offer(tmp_path / "hardware.json")


def test_offer_file__price_as_a_number_with_decimals__is_exact(tmp_path: Path) -> None:
    file = tmp_path / "hardware.json"
    file.write_text('{"nodes": [{"cpus": 1, "mem_mb": 1}], "prices": {"cpu": 0.1, "mem_mb": 1}}')
    assert read_offer(file).prices.cpu_price_per_min == 10**17


def test_settings__of_a_chain_whose_grid_is_known__need_no_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The SDK ships the records of deployments."""
    environment = dict(ENOUGH)
    known = environment.pop("SUPERVISOR_META_SCHEDULER_ADDRESS")
    grid = SimpleNamespace(meta_scheduler=known)
    monkeypatch.setattr("deepsquare.deployment.record.load_deployment", lambda _chain_id: grid)
    assert load_settings(environment).meta_scheduler_address.lower() == known
