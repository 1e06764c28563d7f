"""A world with HostileCredit in Credit's place; the token is a customer, a provider and a
meta-scheduler, so that the calls it makes from inside a transfer are ones it may make."""

from dataclasses import dataclass, fields
from functools import lru_cache

from eth_abi.abi import encode
from eth_utils.crypto import keccak
from tests.contracts.invariants.hostile_reference import HostileReference, Vice
from tests.contracts.invariants.revm import Outcome, read
from tests.contracts.invariants.world import (
    CUSTOMERS,
    DEPLOYER,
    PROVIDERS,
    STRANGER,
    Cast,
    World,
    creation_code,
    first_reference,
    new_world,
)
from tools.mutants.compilation import compile_contracts, read_sources

from deepsquare.chain.call import Call
from deepsquare.identifiers import Address

SOURCE = "mocks/HostileCredit.sol"


@dataclass(frozen=True)
class HostileToken:
    """What HostileCredit has beyond a token."""

    address: Address

    def act(self, call: Call) -> Call:
        """Have the token make a call."""
        return self._call("act(address,bytes)", [call.to, call.data], f"token: {call.label}")

    def turn(self, vice: Vice, patience: int, call: Call) -> Call:
        """Serve the contract that is called badly, once; the call is for vices that make one."""
        return self._call(
            "turn(uint8,uint256,address,bytes)",
            [vice, patience, call.to, call.data],
            f"turn to {vice.name}",
        )

    def _call(self, signature: str, values: list[object], label: str) -> Call:
        types = signature.partition("(")[2].removesuffix(")").split(",")
        return Call(self.address, keccak(text=signature)[:4] + encode(types, values), label)


@lru_cache
def hostile_code() -> bytes:
    """Return the token's creation bytecode; the SDK does not ship that of mocks."""
    known = creation_code().get("HostileCredit")
    if known is None:
        sources = {SOURCE: read_sources()[SOURCE]}
        known = bytes.fromhex(compile_contracts(sources, [SOURCE])["HostileCredit"][2:])
    return known


class HostileWorld(World):
    """Calls of the token itself are made by having it make them: a contract signs nothing."""

    def send(self, sender: Address, call: Call) -> Outcome:
        token = self.credit.address
        if sender == token:
            return self.chain.send(STRANGER, HostileToken(token).act(call))
        return self.chain.send(sender, call)


@lru_cache
def hostile_world() -> HostileWorld:
    """Return a world whose token takes part in everything."""
    world = new_world(hostile_code())
    token, meta = world.credit.address, world.meta_scheduler
    outcome = world.send(DEPLOYER, meta.grant_role(read(meta.metascheduler_role()), token))
    assert outcome.error is None, outcome.error
    parts = {part.name: getattr(world, part.name) for part in fields(world)}
    cast = Cast((token, CUSTOMERS[0], STRANGER, PROVIDERS[0]), (token, *PROVIDERS[:2]))
    return HostileWorld(
        **parts | {"cast": cast, "reference": lambda: _reference(meta.address, token)}
    )


def _reference(meta: Address, token: Address) -> HostileReference:
    reference = first_reference(meta, HostileReference)
    reference.token = token
    return reference
