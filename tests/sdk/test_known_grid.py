"""Where the MetaScheduler is, when only the chain is named."""

from collections.abc import Mapping

import pytest

from deepsquare.deployment import Deployment, DeploymentRefused, record, with_known_grid
from deepsquare.identifiers import Address

HERE = Address("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266")
OTHER = Address("0x70997970C51812dc3A010C7d01b50e0d17dc79C8")
CHAIN_ID = 179188


@pytest.fixture(autouse=True)
def _one_known_grid(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(chain_id: int) -> Deployment:
        if chain_id != CHAIN_ID:
            raise DeploymentRefused("unknown")
        contracts = ("MetaScheduler", "JobRepository", "ProviderJobQueues", "ProviderManager")
        addresses = dict.fromkeys((*contracts, "Constants", "Credit"), HERE)
        return Deployment.from_addresses(addresses, chain_id=chain_id, block=0, deployer=OTHER)

    monkeypatch.setattr(record, "load_deployment", load)


@pytest.mark.parametrize("chain_id", [CHAIN_ID, str(CHAIN_ID)])
def test_settings__of_a_known_chain__need_no_address(chain_id: object) -> None:
    assert with_known_grid({"chain_id": chain_id}) == {
        "chain_id": chain_id,
        "meta_scheduler_address": HERE,
    }


@pytest.mark.parametrize(
    "settings",
    [
        {"chain_id": CHAIN_ID, "meta_scheduler_address": OTHER},
        {"chain_id": 1},
        {"chain_id": "one"},
        {},
    ],
)
def test_settings__with_an_address_or_of_another_chain__stay_as_they_are(
    settings: Mapping[str, object],
) -> None:
    assert with_known_grid(settings) == settings
