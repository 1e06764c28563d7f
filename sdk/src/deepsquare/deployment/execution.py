"""Carries out a plan on a chain, or what an interrupted run has left of it."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from eth_utils.crypto import keccak

from deepsquare.chain.abi import load_abi
from deepsquare.deployment.creation import created_address, creation_code, creation_gas_bound
from deepsquare.deployment.errors import DeploymentRefused
from deepsquare.deployment.journal import Journal
from deepsquare.deployment.plan import WIRED, Creation, GridPlan, Setting
from deepsquare.deployment.port import Chain, Wallet
from deepsquare.deployment.record import Deployment
from deepsquare.deployment.transactions import Sent, Transactor
from deepsquare.deployment.verification import holds, verify
from deepsquare.identifiers import Address

_SETTING_GAS = 150_000
"""More than any call of a plan uses."""

Report = Callable[[str, int], None]
"""Told the label and the gas of every transaction that was mined."""


class Execution:
    """One run of a plan.

    A run that stops anywhere, even between sending and noting, is continued by the next one with
    the same journal: what was begun is found again on chain by its nonce or its effect.
    ``is_pipelined`` sends everything before it waits for anything: right on a chain of one's own.
    """

    def __init__(
        self,
        chain: Chain,
        wallet: Wallet,
        plan: GridPlan,
        *,
        journal: Journal | None = None,
        is_pipelined: bool = False,
        report: Report = lambda _label, _gas: None,
    ) -> None:
        self._chain = chain
        self._wallet = wallet
        self._plan = plan
        self._journal = journal or Journal()
        self._is_pipelined = is_pipelined
        self._report = report
        self._transactor = Transactor(chain, wallet)
        self._addresses: dict[str, Address] = {}
        self._on_their_way: list[Sent] = []

    async def run(self) -> Deployment:
        """Do what is left of the plan, and read everything back.

        Close the journal once the result is saved; until then a repetition returns it again.
        Raises `DeploymentRefused` when the wallet or the journal does not suit, and
        `DeploymentBroken` when the chain does not answer as planned.
        """
        await self._prepare()
        for creation in self._plan.creations():
            await self._create(creation)
        for setting in self._plan.settings():
            await self._apply(setting)
        for sent in self._on_their_way:
            await self._confirm(sent)
        await verify(self._chain, self._plan.facts(self._wallet.address), self._addresses)
        return Deployment.from_addresses(
            self._addresses,
            chain_id=self._transactor.chain_id,
            block=self._journal.start_block,
            deployer=self._wallet.address,
        )

    async def _prepare(self) -> None:
        await self._transactor.settle()
        identity = {
            "chain_id": str(self._transactor.chain_id),
            "deployer": self._wallet.address,
            "plan": _digest(self._plan),
        }
        self._journal.begin(identity, await self._transactor.number("eth_blockNumber"))
        if not await self._can_continue_wired():
            for contract in WIRED:
                self._journal.forget(contract)
        await self._check_money()

    async def _can_continue_wired(self) -> bool:
        """Whether the wired contracts that are still to come can get the address foreseen.

        If another transaction of the wallet has come between, all three are created anew.
        """
        done = [name for name in WIRED if await self._is_created(name)]
        if not done or len(done) == len(WIRED):
            return True
        if done != list(WIRED[: len(done)]):
            return False
        first = self._journal.nonce_by_contract[WIRED[0]]
        return first + len(done) == self._transactor.next_nonce

    async def _check_money(self) -> None:
        needed = await self._transactor.cost_bound_wei(await self._gas_bound())
        balance = await self._transactor.balance_wei()
        if balance < needed:
            raise DeploymentRefused(
                f"{self._wallet.address} has {balance} wei for gas, but what is left to do can take"
                f" {needed} wei: send it some coin"
            )

    async def _gas_bound(self) -> int:
        """Gas that is enough for what is left of the plan."""
        anywhere = dict.fromkeys(self._plan.contracts, self._wallet.address)
        bound = 0
        for creation in self._plan.creations():
            if not await self._is_created(creation.contract):
                code = creation_code(creation.contract, creation.arguments(anywhere))
                bound += creation_gas_bound(code)
        return bound + _SETTING_GAS * len(self._plan.settings())

    async def _create(self, creation: Creation) -> None:
        contract = creation.contract
        if await self._is_created(contract):
            self._note_address(contract, self._journal.nonce_by_contract[contract])
            return
        nonce = self._transactor.next_nonce
        self._note_address(contract, nonce)
        code = creation_code(contract, creation.arguments(self._addresses))
        self._journal.record(contract, nonce)
        await self._send(creation.label, {"data": code}, creation_gas_bound(code))

    def _note_address(self, contract: str, nonce: int) -> None:
        self._addresses[contract] = created_address(self._wallet.address, nonce)
        if contract == WIRED[0]:
            last = nonce + len(WIRED) - 1
            self._addresses[WIRED[-1]] = created_address(self._wallet.address, last)

    async def _is_created(self, contract: str) -> bool:
        nonce = self._journal.nonce_by_contract.get(contract)
        if nonce is None or nonce >= self._transactor.next_nonce:
            return False
        address = created_address(self._wallet.address, nonce)
        return str(await self._chain.request("eth_getCode", address, "latest")) != "0x"

    async def _apply(self, setting: Setting) -> None:
        if not self._is_pipelined and await holds(self._chain, setting.fact, self._addresses):
            return
        arguments = setting.arguments(self._addresses)
        function = load_abi(setting.fact.contract).function(setting.function, len(arguments))
        to, data = self._addresses[setting.fact.contract], function.encode(arguments)
        await self._send(setting.label, {"to": to, "data": data}, _SETTING_GAS)

    async def _send(self, label: str, fields: Mapping[str, Any], gas_bound: int) -> None:
        if self._is_pipelined:
            self._on_their_way.append(await self._transactor.send(label, fields, gas=gas_bound))
        else:
            await self._confirm(await self._transactor.send(label, fields))

    async def _confirm(self, sent: Sent) -> None:
        self._report(sent.label, await self._transactor.confirm(sent))


def _digest(plan: GridPlan) -> str:
    """Identify a plan, so that a journal is not continued with another one."""
    facts = [
        plan.initial_supply_wei,
        plan.metaschedulers,
        plan.operators,
        plan.admin,
        plan.has_faucets,
        dict(sorted(plan.constants.items())),
    ]
    return keccak(text=json.dumps(facts)).hex()
