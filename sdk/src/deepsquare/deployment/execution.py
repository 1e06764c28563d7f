"""Carries out a plan on a chain, or what an interrupted run has left of it."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

from eth_utils.crypto import keccak

from deepsquare.chain.abi import load_abi
from deepsquare.deployment.creation import created_address, creation_code, creation_gas_bound
from deepsquare.deployment.errors import DeploymentBroken, DeploymentRefused
from deepsquare.deployment.journal import Journal
from deepsquare.deployment.plan import WIRED, Creation, Fact, GridPlan, Setting
from deepsquare.deployment.port import Chain, Wallet, to_rpc
from deepsquare.deployment.record import Deployment
from deepsquare.identifiers import Address, parse_address

_SETTING_GAS = 150_000
"""More than any call of a plan uses."""

_POLL_S = 0.1
_MINED_TIMEOUT_S = 300


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
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._chain = chain
        self._wallet = wallet
        self._plan = plan
        self._journal = journal or Journal()
        self._is_pipelined = is_pipelined
        self._say = say
        self._addresses: dict[str, Address] = {}
        self._sent: dict[str, int] = {}
        self._next_nonce = 0
        self._chain_id = 0

    async def gas_bound(self) -> int:
        """Return gas that is enough for the whole plan."""
        dummies = dict.fromkeys(self._plan.contracts, self._wallet.address)
        codes = [creation_code(c.contract, c.arguments(dummies)) for c in self._plan.creations()]
        return sum(map(creation_gas_bound, codes)) + _SETTING_GAS * len(self._plan.settings())

    async def cost_bound_wei(self) -> int:
        """Return native coin that is enough for the whole plan at twice today's base fee."""
        fees = await self._fees()
        return await self.gas_bound() * fees["maxFeePerGas"]

    async def run(self) -> Deployment:
        """Do what is left of the plan, and read everything back.

        Raises `DeploymentRefused` when the wallet or the journal does not suit, and
        `DeploymentBroken` when the chain does not answer as planned.
        """
        await self._prepare()
        await self._create_all()
        for setting in self._plan.settings():
            await self._apply(setting)
        for sent, nonce in self._sent.items():
            await self._confirm(sent, nonce)
        await verify(self._chain, self._plan, self._addresses, self._wallet.address)
        self._journal.close()
        return Deployment.from_addresses(
            self._addresses,
            chain_id=self._chain_id,
            block=self._journal.start_block,
            deployer=self._wallet.address,
        )

    async def _prepare(self) -> None:
        self._chain_id = await self._number("eth_chainId")
        identity = {
            "chain_id": str(self._chain_id),
            "deployer": self._wallet.address,
            "plan": _digest(self._plan),
        }
        self._journal.begin(identity, await self._number("eth_blockNumber"))
        self._next_nonce = await self._settled_nonce()
        if not self._journal.nonce_by_contract:
            await self._check_money()

    async def _check_money(self) -> None:
        needed = await self.cost_bound_wei()
        balance = await self._number("eth_getBalance", self._wallet.address, "latest")
        if balance < needed:
            raise DeploymentRefused(
                f"{self._wallet.address} has {balance} wei for gas, but deploying can take"
                f" {needed} wei: send it some coin"
            )

    async def _settled_nonce(self) -> int:
        """Wait until nothing of the wallet is pending; return its next nonce."""
        deadline = time.monotonic() + _MINED_TIMEOUT_S
        while time.monotonic() < deadline:
            pending = await self._nonce("pending")
            if pending == await self._nonce("latest"):
                return pending
            await asyncio.sleep(_POLL_S)
        raise DeploymentRefused(
            f"transactions of {self._wallet.address} are stuck: wait until they are mined"
        )

    async def _create_all(self) -> None:
        creations = self._plan.creations()
        if not await self._can_continue_wired():
            for contract in WIRED:
                self._journal.forget(contract)
        for creation in creations:
            await self._create(creation)

    async def _can_continue_wired(self) -> bool:
        """Whether the wired contracts that are still to come can get the address foreseen.

        If another transaction of the wallet has come between, all three are created anew.
        """
        done = [name for name in WIRED if await self._is_created(name)]
        if not done or len(done) == len(WIRED):
            return True
        first = self._journal.nonce_by_contract[WIRED[0]] if done[0] == WIRED[0] else -1
        return first + len(done) == self._next_nonce and done == list(WIRED[: len(done)])

    async def _create(self, creation: Creation) -> None:
        contract = creation.contract
        if await self._is_created(contract):
            nonce = self._journal.nonce_by_contract[contract]
            self._note_address(contract, nonce)
            return
        nonce = self._next_nonce
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
        if nonce is None or nonce >= self._next_nonce:
            return False
        address = created_address(self._wallet.address, nonce)
        return str(await self._chain.request("eth_getCode", address, "latest")) != "0x"

    async def _apply(self, setting: Setting) -> None:
        if not self._is_pipelined and await _holds(self._chain, setting.fact, self._addresses):
            return
        arguments = setting.arguments(self._addresses)
        function = load_abi(setting.fact.contract).function(setting.function, len(arguments))
        fields = {
            "to": self._addresses[setting.fact.contract],
            "data": function.encode(arguments),
        }
        await self._send(setting.label, fields, _SETTING_GAS)

    async def _send(self, label: str, fields: dict[str, Any], gas_bound: int) -> None:
        transaction = {
            "chainId": self._chain_id,
            "nonce": self._next_nonce,
            "gas": gas_bound if self._is_pipelined else await self._estimate(fields),
            **await self._fees(),
            **fields,
        }
        self._say(label)
        sent = await self._wallet.send(self._chain, transaction)
        self._next_nonce += 1
        if self._is_pipelined:
            self._sent[sent] = transaction["nonce"]
        else:
            await self._confirm(sent, transaction["nonce"])

    async def _estimate(self, fields: dict[str, Any]) -> int:
        gas = await self._number("eth_estimateGas", {"from": self._wallet.address} | to_rpc(fields))
        return gas + gas // 5

    async def _fees(self) -> dict[str, int]:
        block = await self._chain.request("eth_getBlockByNumber", "latest", False)
        tip = await self._number("eth_maxPriorityFeePerGas")
        base_fee = int(block["baseFeePerGas"], 16)
        return {"maxFeePerGas": 2 * base_fee + tip, "maxPriorityFeePerGas": tip}

    async def _confirm(self, sent: str, nonce: int) -> None:
        """Wait until a transaction is mined, and check that it worked."""
        deadline = time.monotonic() + _MINED_TIMEOUT_S
        while await self._nonce("latest") <= nonce:
            if time.monotonic() > deadline:
                raise DeploymentBroken(f"{sent} was not mined in {_MINED_TIMEOUT_S} s")
            await asyncio.sleep(_POLL_S)
        receipt = await self._chain.request("eth_getTransactionReceipt", sent)
        if int(receipt["status"], 16) != 1:
            raise DeploymentBroken(f"the transaction {sent} failed on chain")

    async def _nonce(self, at: str) -> int:
        return await self._number("eth_getTransactionCount", self._wallet.address, at)

    async def _number(self, method: str, *params: object) -> int:
        return int(await self._chain.request(method, *params), 16)


async def verify(
    chain: Chain, plan: GridPlan, addresses: dict[str, Address], deployer: Address
) -> None:
    """Read back every getter, role and constant; raises `DeploymentBroken` naming a difference."""
    for fact in plan.facts(deployer):
        actual, expected = await _read(chain, fact, addresses), fact.expected(addresses)
        if actual != expected:
            shown = ", ".join(map(str, fact.arguments))
            raise DeploymentBroken(
                f"{fact.contract}.{fact.view}({shown}) is {actual!r} instead of {expected!r}"
            )


async def _holds(chain: Chain, fact: Fact, addresses: dict[str, Address]) -> bool:
    return bool(await _read(chain, fact, addresses) == fact.expected(addresses))


async def _read(chain: Chain, fact: Fact, addresses: dict[str, Address]) -> object:
    function = load_abi(fact.contract).function(fact.view, len(fact.arguments))
    call = {"to": addresses[fact.contract], "data": function.encode(fact.arguments)}
    answer = await chain.request("eth_call", to_rpc(call), "latest")
    decoded = function.decode(bytes.fromhex(str(answer).removeprefix("0x")))
    value = decoded[0] if isinstance(decoded, tuple) else decoded
    return parse_address(value) if function.output_types[0] == "address" else value


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
