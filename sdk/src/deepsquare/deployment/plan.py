"""What to deploy in which order, whom to give which role, and what must be true in the end.

The order and the wiring are those of protocol.md 1.2. Creations are told apart by their contract's
name; every other step is told done by asking the chain for its effect, so that repeating a plan
repeats nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from eth_utils.crypto import keccak

from deepsquare.amounts import WEI_PER_CREDIT
from deepsquare.chain.contracts.access import DEFAULT_ADMIN_ROLE
from deepsquare.identifiers import ZERO_ADDRESS, Address

METASCHEDULER_ROLE = keccak(text="METASCHEDULER_ROLE")
PROVIDER_OPERATOR_ROLE = keccak(text="PROVIDER_OPERATOR_ROLE")

Addresses = Mapping[str, Address]
"""The grid's contracts by name, the one that is to be created next to last included."""

WIRED = ("JobRepository", "ProviderJobQueues", "MetaScheduler")
"""Created with consecutive nonces, as the first two must know the address of the third."""

OWNED = ("Constants", "Credit", "FaucetCredit", "FaucetNative")
ADMINISTERED = ("MetaScheduler", "ProviderManager")

DEFAULT_CONSTANTS: Mapping[str, int] = {
    "minimumAmount": 100 * WEI_PER_CREDIT,
    "minimumTopUp": 10 * WEI_PER_CREDIT,
    "deepsquareCut": 20,
    "billDurationDeltaMinute": 15,
    "cancellationFeeMinute": 5,
    "topUpSliceDurationMin": 30,
    "claimJobTimeout": 10,
    "startJobTimeout": 1440,
    "expireGraceMinute": 60,
}
"""The values the contract starts with (protocol.md 2.5)."""

_ADMIN_DELAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Creation:
    """A contract to create."""

    contract: str
    arguments: Callable[[Addresses], Sequence[Any]] = lambda _: ()

    @property
    def label(self) -> str:
        """What people read while it happens."""
        return f"create {self.contract}"


@dataclass(frozen=True, slots=True)
class Fact:
    """What a view of a contract must answer; ``expected`` may name another contract's address."""

    contract: str
    view: str
    expected: Callable[[Addresses], Any]
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Setting:
    """A call that makes a fact true."""

    function: str
    arguments: Callable[[Addresses], Sequence[Any]]
    fact: Fact

    @property
    def label(self) -> str:
        """What people read while it happens."""
        return f"{self.fact.contract}.{self.function}"


@dataclass(frozen=True, kw_only=True)
class GridPlan:
    """One deployment of the grid.

    ``admin`` takes over every admin role and ownership, in two steps, the second of which is its
    own; without it the deployer keeps them. ``constants`` holds the values that differ from
    `DEFAULT_CONSTANTS`, by getter.
    """

    initial_supply_wei: int
    metaschedulers: tuple[Address, ...]
    operators: tuple[Address, ...]
    admin: Address | None = None
    has_faucets: bool = True
    constants: Mapping[str, int] = field(default_factory=dict)

    @property
    def contracts(self) -> tuple[str, ...]:
        """The contracts in the order of their creation."""
        return tuple(creation.contract for creation in self.creations())

    def creations(self) -> tuple[Creation, ...]:
        """The contracts to create, in this order."""
        grid = (
            Creation("Credit", lambda _: (self.initial_supply_wei,)),
            Creation("Constants"),
            Creation("ProviderManager"),
            Creation("JobRepository", lambda at: (at["MetaScheduler"],)),
            Creation("ProviderJobQueues", lambda at: (at["MetaScheduler"], at["JobRepository"])),
            Creation(
                "MetaScheduler",
                lambda at: (
                    at["Credit"],
                    at["Constants"],
                    at["ProviderManager"],
                    at["ProviderJobQueues"],
                    at["JobRepository"],
                ),
            ),
        )
        faucets = (Creation("FaucetCredit", lambda at: (at["Credit"],)), Creation("FaucetNative"))
        return grid + faucets if self.has_faucets else grid

    def settings(self) -> tuple[Setting, ...]:
        """The calls to make afterwards, in this order; handing over comes last."""
        count_source = Fact("ProviderManager", "jobCountSource", lambda at: at["JobRepository"])
        return (
            Setting("setJobCountSource", lambda at: (at["JobRepository"],), count_source),
            *(_set_constant(name, value) for name, value in self.constants.items()),
            *(_grant("MetaScheduler", METASCHEDULER_ROLE, who) for who in self.metaschedulers),
            *(_grant("ProviderManager", PROVIDER_OPERATOR_ROLE, who) for who in self.operators),
            *self._hand_over(),
        )

    def facts(self, deployer: Address) -> tuple[Fact, ...]:
        """Everything that must be true at the end: every getter, role and constant."""
        return (
            *self.lasting_facts(),
            *(_equal("Constants", name, value) for name, value in self._constant_values().items()),
            *(setting.fact for setting in self.settings()),
            *self._powers(deployer),
        )

    def lasting_facts(self) -> tuple[Fact, ...]:
        """What can never change: how the contracts are wired, and what is compiled into them."""
        return (*self._wiring(), *self._compiled())

    def _hand_over(self) -> tuple[Setting, ...]:
        admin = self.admin
        if admin is None:
            return ()
        return (
            *(_begin_admin(contract, admin) for contract in ADMINISTERED),
            *(_offer_ownership(name, admin) for name in OWNED if name in self.contracts),
        )

    def _wiring(self) -> tuple[Fact, ...]:
        links = {
            ("MetaScheduler", "credit"): "Credit",
            ("MetaScheduler", "constants"): "Constants",
            ("MetaScheduler", "providerManager"): "ProviderManager",
            ("MetaScheduler", "providerJobQueues"): "ProviderJobQueues",
            ("MetaScheduler", "jobs"): "JobRepository",
            ("JobRepository", "metaScheduler"): "MetaScheduler",
            ("ProviderJobQueues", "metaScheduler"): "MetaScheduler",
            ("ProviderJobQueues", "jobs"): "JobRepository",
            ("FaucetCredit", "credit"): "Credit",
        }
        return tuple(
            Fact(contract, view, itemgetter(target))
            for (contract, view), target in links.items()
            if contract in self.contracts
        )

    def _compiled(self) -> tuple[Fact, ...]:
        values: dict[tuple[str, str], Any] = {
            ("Credit", "name"): "DeepSquare Credit",
            ("Credit", "symbol"): "CREDIT",
            ("Credit", "decimals"): 18,
            ("Credit", "cap"): 2**96 - 1,
            ("MetaScheduler", "METASCHEDULER_ROLE"): METASCHEDULER_ROLE,
            ("MetaScheduler", "DEFAULT_ADMIN_ROLE"): DEFAULT_ADMIN_ROLE,
            ("MetaScheduler", "defaultAdminDelay"): _ADMIN_DELAY_S,
            ("ProviderManager", "PROVIDER_OPERATOR_ROLE"): PROVIDER_OPERATOR_ROLE,
            ("ProviderManager", "DEFAULT_ADMIN_ROLE"): DEFAULT_ADMIN_ROLE,
            ("ProviderManager", "defaultAdminDelay"): _ADMIN_DELAY_S,
        }
        return tuple(_equal(contract, view, value) for (contract, view), value in values.items())

    def _constant_values(self) -> Mapping[str, int]:
        return {**DEFAULT_CONSTANTS, **self.constants}

    def _powers(self, deployer: Address) -> tuple[Fact, ...]:
        """Who holds what: the deployer still, and the named admin as the one to come."""
        admin = self.admin or ZERO_ADDRESS
        owned = [name for name in OWNED if name in self.contracts]
        return (
            *(_equal(name, "defaultAdmin", deployer) for name in ADMINISTERED),
            *(_equal(name, "owner", deployer) for name in owned),
            *(_equal(name, "pendingOwner", admin) for name in owned),
            *(
                Fact(name, "getRoleAdmin", lambda _: DEFAULT_ADMIN_ROLE, (role,))
                for name, role in zip(
                    ADMINISTERED, (METASCHEDULER_ROLE, PROVIDER_OPERATOR_ROLE), strict=True
                )
            ),
        )


def _equal(contract: str, view: str, value: object) -> Fact:
    return Fact(contract, view, lambda _: value)


def _grant(contract: str, role: bytes, account: Address) -> Setting:
    held = Fact(contract, "hasRole", lambda _: True, (role, account))
    return Setting("grantRole", lambda _: (role, account), held)


def _set_constant(getter: str, value: int) -> Setting:
    setter = f"set{getter[0].upper()}{getter[1:]}"
    return Setting(setter, lambda _: (value,), _equal("Constants", getter, value))


def _begin_admin(contract: str, admin: Address) -> Setting:
    begun = Fact(contract, "pendingDefaultAdmin", lambda _: admin)
    return Setting("beginDefaultAdminTransfer", lambda _: (admin,), begun)


def _offer_ownership(contract: str, admin: Address) -> Setting:
    offered = _equal(contract, "pendingOwner", admin)
    return Setting("transferOwnership", lambda _: (admin,), offered)
