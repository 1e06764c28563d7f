"""Reads a deployment back: every getter, role and constant (protocol.md 1.2)."""

from collections.abc import Iterable, Mapping

from deepsquare.chain.abi import UndecodableAnswer, load_abi
from deepsquare.deployment.errors import DeploymentBroken
from deepsquare.deployment.plan import Fact
from deepsquare.deployment.port import Chain, to_rpc
from deepsquare.errors import Refused
from deepsquare.identifiers import Address, parse_address

Addresses = Mapping[str, Address]


async def verify(chain: Chain, facts: Iterable[Fact], addresses: Addresses) -> None:
    """Check facts of a plan; raises `DeploymentBroken` naming the first that differs."""
    for fact in facts:
        shown = ", ".join(_shown(argument) for argument in fact.arguments)
        question = f"{fact.contract}.{fact.view}({shown})"
        try:
            actual, expected = await _read(chain, fact, addresses), fact.expected(addresses)
        except (Refused, UndecodableAnswer) as error:
            at = addresses[fact.contract]
            raise DeploymentBroken(f"{question} has no answer: {at} is another contract") from error
        if actual != expected:
            raise DeploymentBroken(f"{question} is {_shown(actual)} instead of {_shown(expected)}")


async def holds(chain: Chain, fact: Fact, addresses: Addresses) -> bool:
    """Tell whether a fact is true now."""
    return bool(await _read(chain, fact, addresses) == fact.expected(addresses))


async def _read(chain: Chain, fact: Fact, addresses: Addresses) -> object:
    function = load_abi(fact.contract).function(fact.view, len(fact.arguments))
    call = {"to": addresses[fact.contract], "data": function.encode(fact.arguments)}
    answer = await chain.request("eth_call", to_rpc(call), "latest")
    decoded = function.decode(bytes.fromhex(str(answer).removeprefix("0x")))
    value: object = decoded[0] if isinstance(decoded, tuple) else decoded
    return parse_address(str(value)) if function.output_types[0] == "address" else value


def _shown(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
