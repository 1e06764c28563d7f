"""A whole grid on the in-process chain, with its parties, and the reference beside it."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from eth_abi.abi import encode
from eth_utils.crypto import keccak
from tests.contracts.invariants.reference_grid import Reference
from tests.contracts.invariants.revm import Outcome, RevmChain, read

from deepsquare.chain.call import Call
from deepsquare.chain.contracts import (
    Constants,
    Credit,
    JobRepository,
    MetaScheduler,
    ProviderJobQueues,
    ProviderManager,
)
from deepsquare.identifiers import Address, parse_address

R = TypeVar("R", bound=Reference)

CHAIN_ID = 179188
SUPPLY = 10**9 * 10**18
BYTECODE_VARIABLE = "GRID_BYTECODE"
"""A JSON file of creation bytecode by contract, to test another build than the one shipped."""


def _account(number: int) -> Address:
    return parse_address(f"0x{number:040x}")


DEPLOYER = _account(0xD0D0)
SCHEDULER, OPERATOR, STRANGER = _account(0xA001), _account(0xA002), _account(0xA003)
CUSTOMERS = tuple(_account(0xC001 + i) for i in range(3))
PROVIDERS = tuple(_account(0xB001 + i) for i in range(3))
EVERYBODY = (*CUSTOMERS, *PROVIDERS, SCHEDULER, OPERATOR, STRANGER, DEPLOYER)


@dataclass(frozen=True)
class Cast:
    """Who takes part; some have several roles."""

    customers: tuple[Address, ...] = (*CUSTOMERS, STRANGER, PROVIDERS[0], PROVIDERS[2])
    providers: tuple[Address, ...] = (*PROVIDERS, CUSTOMERS[2])

    @property
    def everybody(self) -> frozenset[Address]:
        return frozenset({*self.customers, *self.providers})


@lru_cache
def creation_code() -> dict[str, bytes]:
    path = os.environ.get(BYTECODE_VARIABLE)
    shipped = files("deepsquare.chain._generated").joinpath("bytecode.json")
    text = Path(path).read_text() if path else shipped.read_text()
    return {name: bytes.fromhex(code[2:]) for name, code in json.loads(text).items()}


@dataclass
class World:
    """Contracts as the SDK wraps them, all over one chain."""

    chain: RevmChain
    credit: Credit
    constants: Constants
    providers: ProviderManager
    jobs: JobRepository
    queues: ProviderJobQueues
    meta_scheduler: MetaScheduler
    reference: Callable[[], Reference]
    cast: Cast = field(default_factory=Cast)

    def send(self, sender: Address, call: Call) -> Outcome:
        """Send a call of one of the cast in a block of its own."""
        return self.chain.send(sender, call)


def new_world(token_code: bytes | None = None) -> World:
    """Deploy and wire everything, and give each customer and the stranger credits.

    ``token_code`` puts another token in Credit's place.
    """
    chain = RevmChain(CHAIN_ID)
    code = token_code or creation_code()["Credit"]
    credit = chain.deploy(DEPLOYER, code + encode(["uint256"], [SUPPLY]))
    constants = _deploy(chain, "Constants")
    providers = _deploy(chain, "ProviderManager")
    meta = _predicted_address(chain, steps_ahead=2)
    jobs = _deploy(chain, "JobRepository", ["address"], [meta])
    queues = _deploy(chain, "ProviderJobQueues", ["address", "address"], [meta, jobs])
    siblings = [credit, constants, providers, queues, jobs]
    assert _deploy(chain, "MetaScheduler", ["address"] * 5, siblings) == meta
    world = World(
        chain,
        Credit(chain, credit),
        Constants(chain, constants),
        ProviderManager(chain, providers),
        JobRepository(chain, jobs),
        ProviderJobQueues(chain, queues),
        MetaScheduler(chain, meta),
        lambda: first_reference(meta, Reference),
    )
    _wire(world)
    return world


def _deploy(
    chain: RevmChain, name: str, types: list[str] | None = None, values: list[Any] | None = None
) -> Address:
    return chain.deploy(DEPLOYER, creation_code()[name] + encode(types or [], values or []))


def _predicted_address(chain: RevmChain, steps_ahead: int) -> Address:
    with chain.rewound():
        for _ in range(steps_ahead):
            _deploy(chain, "Constants")
        return _deploy(chain, "Constants")


def _wire(world: World) -> None:
    meta, providers, credit = world.meta_scheduler, world.providers, world.credit
    operator_role, scheduler_role = (
        keccak(text="PROVIDER_OPERATOR_ROLE"),
        keccak(text="METASCHEDULER_ROLE"),
    )
    calls = [
        providers.set_job_count_source(world.jobs.address),
        providers.grant_role(operator_role, OPERATOR),
        meta.grant_role(scheduler_role, SCHEDULER),
        *(credit.transfer(customer, 10**7 * 10**18) for customer in CUSTOMERS),
        credit.transfer(STRANGER, 10**6 * 10**18),
    ]
    for call in calls:
        outcome = world.chain.send(DEPLOYER, call)
        assert outcome.error is None, f"{call.label}: {outcome.error}"


def first_reference(meta: Address, kind: type[R]) -> R:
    """Return what the reference knows of a world that was just made."""
    reference = kind(
        meta_scheduler=meta,
        roles={
            "admin": bytes(32),
            "operator": keccak(text="PROVIDER_OPERATOR_ROLE"),
            "scheduler": keccak(text="METASCHEDULER_ROLE"),
        },
        holders={"admin": {DEPLOYER}, "operator": {OPERATOR}, "scheduler": {SCHEDULER}},
    )
    for customer in CUSTOMERS:
        reference.balances[customer] = 10**7 * 10**18
    reference.balances[STRANGER] = 10**6 * 10**18
    reference.balances[DEPLOYER] = SUPPLY - 3 * 10**7 * 10**18 - 10**6 * 10**18
    return reference


def active_jobs(world: World, provider: Address) -> set[str]:
    return set(read(world.jobs.get_active_by_provider(provider)))
