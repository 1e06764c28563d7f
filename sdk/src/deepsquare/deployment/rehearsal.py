"""A deployment tried on a private fork of the chain: what it would do, and what it would cost."""

from dataclasses import dataclass
from typing import Any

from deepsquare.chain import Rpc
from deepsquare.chain.jsonrpc import Request
from deepsquare.deployment.execution import Execution
from deepsquare.deployment.journal import Journal
from deepsquare.deployment.plan import GridPlan
from deepsquare.deployment.port import UnlockedWallet
from deepsquare.deployment.record import Deployment
from deepsquare.deployment.transactions import Transactor
from deepsquare.identifiers import Address
from deepsquare.testing.anvil import Anvil

_PLENTY_WEI = 10**24


@dataclass(frozen=True, slots=True)
class Step:
    """A transaction of the rehearsal."""

    label: str
    gas: int


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a deployment would do now. Costs are at twice today's base fee, in wei of coin."""

    deployment: Deployment
    steps: tuple[Step, ...]
    cost_bound_wei: int
    balance_wei: int

    @property
    def gas(self) -> int:
        """The gas of all steps."""
        return sum(step.gas for step in self.steps)


async def rehearse(
    rpc_url: str, deployer: Address, plan: GridPlan, *, journal: Journal
) -> Rehearsal:
    """Carry out what is left of a plan on a fork of the chain behind an endpoint.

    ``journal`` is written to: give a copy. Raises as `Execution.run`, and `AnvilNotFound`.
    """
    async with Rpc([rpc_url]) as real:
        chain_id = await real.chain_id()
        transactor = Transactor(real, UnlockedWallet(deployer))
        await transactor.settle()
        steps: list[Step] = []
        with Anvil(chain_id=chain_id) as anvil:
            async with Rpc([anvil.http_url], timeout_s=60) as fork:
                await _fork(fork, rpc_url, deployer)
                execution = Execution(
                    fork,
                    UnlockedWallet(deployer),
                    plan,
                    journal=journal,
                    report=lambda label, gas: steps.append(Step(label, gas)),
                )
                deployment = await execution.run()
        gas = sum(step.gas for step in steps)
        return Rehearsal(
            deployment,
            tuple(steps),
            await transactor.cost_bound_wei(gas),
            await transactor.balance_wei(),
        )


async def _fork(fork: Rpc, rpc_url: str, deployer: Address) -> None:
    commands: tuple[tuple[str, list[Any]], ...] = (
        ("anvil_reset", [{"forking": {"jsonRpcUrl": rpc_url}}]),
        ("anvil_impersonateAccount", [deployer]),
        ("anvil_setBalance", [deployer, hex(_PLENTY_WEI)]),
    )
    for method, params in commands:
        await fork.requests([Request(method, params, may_be_null=True)])
