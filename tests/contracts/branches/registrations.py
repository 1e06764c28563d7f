"""What providers propose in the tests of ProviderManager, and where they stand afterwards."""

from dataclasses import dataclass
from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak
from tests.contracts.branches.facts import logged
from tests.contracts.conformance.stage import Stage
from tests.contracts.invariants.revm import Outcome, read
from tests.contracts.invariants.world import OPERATOR, PROVIDERS

from deepsquare.chain._generated.structs import Label, Provider, ProviderHardware, ProviderPrices
from deepsquare.chain.call import Call
from deepsquare.chain.conversion import to_abi
from deepsquare.identifiers import ZERO_ADDRESS, Address

NEWCOMER = PROVIDERS[1]
NO_HASH = bytes(32)
NO_HARDWARE, NO_PRICES = ProviderHardware(0, (), (), ()), ProviderPrices(0, 0, 0)
NOBODY = Provider(ZERO_ADDRESS, NO_HARDWARE, NO_PRICES, (), is_banned=False)
_TYPES = [
    "(uint64,uint64[],uint64[],uint64[])",
    "(uint256,uint256,uint256)",
    "(string,string)[]",
]


def nodes(
    cpus: tuple[int, ...], gpus: tuple[int, ...] = (), mem: tuple[int, ...] = ()
) -> ProviderHardware:
    """One node for each number of CPUs; no GPUs and 1000 MB if nothing else is said."""
    count = len(cpus)
    return ProviderHardware(count, gpus or (0,) * count, cpus, mem or (1000,) * count)


@dataclass(frozen=True)
class Offer:
    """What a provider registers."""

    hardware: ProviderHardware
    prices: ProviderPrices
    labels: tuple[Label, ...]

    @property
    def hash(self) -> bytes:
        values = [to_abi(x) for x in (self.hardware, self.prices, self.labels)]
        return keccak(encode(_TYPES, values))

    def call(self, stage: Stage) -> Call:
        return stage.world.providers.register(self.hardware, self.prices, self.labels)

    def seen(self, provider: Address = NEWCOMER, *, is_banned: bool = False) -> Provider:
        """What the views show of it."""
        return Provider(provider, self.hardware, self.prices, self.labels, is_banned)


FIRST = Offer(
    nodes((8, 16), (1, 0)),
    ProviderPrices(5, 3, 1),
    (Label("region", "eu"), Label("disk", "")),
)
SECOND = Offer(nodes((4,)), ProviderPrices(0, 7, 0), (Label("region", "us"),))


def propose(stage: Stage, offer: Offer = FIRST) -> Outcome:
    return stage.must(NEWCOMER, offer.call(stage))


def approve(stage: Stage) -> Outcome:
    return stage.must(OPERATOR, stage.world.providers.approve(NEWCOMER))


def join(stage: Stage, offer: Offer = FIRST) -> None:
    propose(stage, offer)
    approve(stage)


def ban(stage: Stage, provider: Address = NEWCOMER) -> None:
    stage.must(OPERATOR, stage.world.providers.ban(provider))


@dataclass(frozen=True)
class Standing:
    """All that the views say of an address."""

    registration: Provider = NOBODY
    proposal: Provider = NOBODY
    proposal_hash: bytes = NO_HASH
    is_waiting: bool = False
    is_valid: bool = False
    is_banned: bool = False
    is_joined: bool = False


def standing(stage: Stage, provider: Address = NEWCOMER) -> Standing:
    views = stage.world.providers
    found = Standing(
        read(views.get_provider(provider)),
        read(views.get_waiting(provider)),
        read(views.proposal_hash(provider)),
        read(views.is_waiting(provider)),
        read(views.is_valid_for_scheduling(provider)),
        read(views.is_banned(provider)),
        provider in listed(stage, "Joined"),
    )
    assert (provider in listed(stage, "Waiting")) == found.is_waiting
    parts = found.registration
    assert _view(stage, ProviderHardware, "getProviderHardware", provider) == (
        parts.provider_hardware
    )
    assert _view(stage, ProviderPrices, "getProviderPrices", provider) == parts.provider_prices
    assert _view(stage, tuple[Label, ...], "getLabels", provider) == parts.labels
    return found


def listed(stage: Stage, kind: str) -> tuple[Address, ...]:
    """The joined or waiting providers, each once, as many as are counted."""
    views = stage.world.providers
    found = read(views.get_joined() if kind == "Joined" else views.get_all_waiting())
    assert len(found) == len(set(found)) == _view(stage, int, f"{kind.lower()}Count")
    return found


def told(stage: Stage, outcome: Outcome) -> list[tuple[Any, ...]]:
    """The events of ProviderManager."""
    return logged(outcome, stage.world.providers)


def _view(stage: Stage, kind: Any, name: str, *arguments: Any) -> Any:
    return read(stage.world.providers._read(kind, name, *arguments, at="latest"))
