"""The deployment plan against a real chain: complete, checked, and continued after any cut."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from deepsquare.chain import Rpc
from deepsquare.deployment import (
    Deployment,
    DeploymentBroken,
    DeploymentRefused,
    Execution,
    FileJournal,
    GridPlan,
    KeyWallet,
    read_deployment,
    verify,
)
from deepsquare.deployment.creation import created_address
from deepsquare.deployment.plan import Fact
from deepsquare.deployment.rehearsal import rehearse
from deepsquare.identifiers import parse_address
from deepsquare.testing import Anvil, deploy_grid, development_account

pytestmark = pytest.mark.integration

DEPLOYER = development_account(0)
ADMIN = parse_address(development_account(1).address)
PLAN = GridPlan(
    initial_supply_wei=10**24,
    metaschedulers=(parse_address(development_account(2).address),),
    operators=(parse_address(development_account(3).address),),
    admin=ADMIN,
    constants={"minimumAmount": 1},
)
STEPS = len(PLAN.creations()) + len(PLAN.settings())


class Cut(Exception):
    """The process ends here."""


class CuttingChain:
    """A chain whose user dies at the n-th transaction, before or after the chain got it."""

    def __init__(self, rpc: Rpc, *, at: int, is_sent: bool) -> None:
        self._rpc = rpc
        self._left = at
        self._is_sent = is_sent

    async def request(self, method: str, *params: Any) -> Any:
        if method != "eth_sendRawTransaction":
            return await self._rpc.request(method, *params)
        self._left -= 1
        if self._left >= 0:
            return await self._rpc.request(method, *params)
        if self._is_sent:
            await self._rpc.request(method, *params)
        raise Cut


@pytest.fixture
def anvil() -> Iterator[Anvil]:
    with Anvil() as chain:
        yield chain


def run(anvil: Anvil, journal: Path, cut: tuple[int, bool] | None = None) -> Deployment:
    async def deploy() -> Deployment:
        async with Rpc([anvil.http_url]) as rpc:
            chain = CuttingChain(rpc, at=cut[0], is_sent=cut[1]) if cut else rpc
            return await Execution(
                chain, KeyWallet(DEPLOYER), PLAN, journal=FileJournal(journal)
            ).run()

    return asyncio.run(deploy())


def ask(anvil: Anvil, method: str, *params: Any) -> Any:
    async def request() -> Any:
        async with Rpc([anvil.http_url]) as rpc:
            return await rpc.request(method, *params)

    return asyncio.run(request())


def nonce(anvil: Anvil) -> int:
    return int(ask(anvil, "eth_getTransactionCount", DEPLOYER.address, "latest"), 16)


def test_deployment__uninterrupted__is_recorded_and_reads_back(
    anvil: Anvil, tmp_path: Path
) -> None:
    deployment = run(anvil, tmp_path / "journal")

    assert nonce(anvil) == STEPS
    assert read_deployment(deployment.save(tmp_path)) == deployment
    assert deployment.meta_scheduler == created_address(parse_address(DEPLOYER.address), 5)


@pytest.mark.parametrize("is_sent", [False, True])
def test_deployment__cut_at_every_transaction__continues_and_repeats_nothing(
    anvil: Anvil, tmp_path: Path, is_sent: bool
) -> None:
    journal = tmp_path / "journal"
    for cut in range(STEPS):
        with pytest.raises(Cut):
            run(anvil, journal, (0 if is_sent else min(cut, 1), is_sent))
    deployment = run(anvil, journal)

    assert nonce(anvil) == STEPS
    assert deployment.meta_scheduler == created_address(parse_address(DEPLOYER.address), 5)
    assert deployment.block == 0


@pytest.mark.parametrize("created", [4, 5])
def test_deployment__other_transaction_between_the_wired__wires_three_new_ones(
    anvil: Anvil, tmp_path: Path, created: int
) -> None:
    with pytest.raises(Cut):
        run(anvil, tmp_path / "journal", (created, False))
    ask(anvil, "eth_sendTransaction", {"from": DEPLOYER.address, "to": ADMIN, "value": "0x1"})
    ask(anvil, "evm_mine")

    deployment = run(anvil, tmp_path / "journal")

    assert nonce(anvil) == STEPS + 1 + created - 3
    assert deployment.credit == created_address(parse_address(DEPLOYER.address), 0)
    assert deployment.job_repository == created_address(
        parse_address(DEPLOYER.address), created + 1
    )


def test_deployment__journal_of_another_plan__is_refused(anvil: Anvil, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    with pytest.raises(Cut):
        run(anvil, journal, (2, False))
    content = json.loads(journal.read_text())
    content["identity"]["plan"] = "another"
    journal.write_text(json.dumps(content))

    with pytest.raises(DeploymentRefused, match="begun by another account or plan"):
        run(anvil, journal)


def test_deployment__cut_before_its_record_is_saved__returns_it_again(
    anvil: Anvil, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    lost = run(anvil, journal)

    assert run(anvil, journal) == lost
    assert nonce(anvil) == STEPS
    FileJournal(journal).close()
    assert not journal.exists()


def test_deployment__on_a_chain_begun_anew__does_not_begin_after_its_head(
    anvil: Anvil, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    with pytest.raises(Cut):
        run(anvil, journal, (2, False))
    content = json.loads(journal.read_text())
    journal.write_text(json.dumps(content | {"start_block": 10**6}))

    assert run(anvil, journal).block == 2


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"identity": {}, "start_block": 0, "nonces": {"Credit": "0"}}']
)
def test_deployment__with_a_damaged_journal__is_refused(tmp_path: Path, text: str) -> None:
    journal = tmp_path / "179188.partial.json"
    journal.write_text(text)

    with pytest.raises(DeploymentRefused, match=r"^179188.partial.json is damaged and cannot tell"):
        FileJournal(journal)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"chain_id": 1}'])
def test_record__that_is_damaged__is_refused(tmp_path: Path, text: str) -> None:
    record = tmp_path / "179188.json"
    record.write_text(text)

    with pytest.raises(DeploymentRefused, match=r"^179188.json is damaged: bring back the record"):
        read_deployment(record)


@pytest.mark.parametrize(
    ("member", "value"), [("meta_scheduler", "0x5FC"), ("credit", 7), ("block", "0"), ("more", 1)]
)
def test_record__with_a_false_member__is_refused(tmp_path: Path, member: str, value: Any) -> None:
    contracts = dict.fromkeys(PLAN.contracts, ADMIN)
    path = Deployment.from_addresses(contracts, chain_id=1, block=0, deployer=ADMIN).save(tmp_path)
    path.write_text(json.dumps(json.loads(path.read_text()) | {member: value}))

    with pytest.raises(DeploymentRefused, match=r"^1\.json is damaged"):
        read_deployment(path)


def test_record__where_nothing_can_be_written__is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    contracts = dict.fromkeys(PLAN.contracts, ADMIN)
    deployment = Deployment.from_addresses(contracts, chain_id=1, block=0, deployer=ADMIN)

    with pytest.raises(DeploymentRefused, match=r"file/1.json cannot be written: "):
        deployment.save(tmp_path / "file")


def test_deployment__without_gas_money__is_refused_before_anything(anvil: Anvil) -> None:
    poor = Account.create()

    with pytest.raises(DeploymentRefused, match=r"has 0 wei for gas, .* send it some coin"):
        asyncio.run(deploy_grid(anvil.http_url, poor, PLAN))
    assert int(ask(anvil, "eth_blockNumber"), 16) == 0


def test_verify__of_a_false_fact__names_it(anvil: Anvil) -> None:
    deployment = asyncio.run(deploy_grid(anvil.http_url))
    wrong = Fact("Constants", "deepsquareCut", lambda _: 21)

    async def check() -> None:
        async with Rpc([anvil.http_url]) as rpc:
            await verify(rpc, [wrong], deployment.addresses())

    with pytest.raises(DeploymentBroken, match=r"Constants.deepsquareCut\(\) is 20 instead of 21"):
        asyncio.run(check())


def test_verify__of_another_contract__names_it(anvil: Anvil) -> None:
    deployment = asyncio.run(deploy_grid(anvil.http_url))
    mixed_up = deployment.addresses() | {"MetaScheduler": deployment.credit}

    async def check() -> None:
        async with Rpc([anvil.http_url]) as rpc:
            await verify(rpc, PLAN.lasting_facts(), mixed_up)

    with pytest.raises(DeploymentBroken, match=rf"has no answer: {deployment.credit} is another"):
        asyncio.run(check())


def test_rehearsal__tells_steps_and_cost_and_leaves_the_chain_alone(
    anvil: Anvil, tmp_path: Path
) -> None:
    with pytest.raises(Cut):
        run(anvil, tmp_path / "journal", (3, False))
    journal = FileJournal(tmp_path / "journal").copy()

    rehearsal = asyncio.run(
        rehearse(anvil.http_url, parse_address(DEPLOYER.address), PLAN, journal=journal)
    )

    assert nonce(anvil) == 3
    assert len(rehearsal.steps) == STEPS - 3
    assert rehearsal.steps[0].label == "create JobRepository"
    assert rehearsal.cost_bound_wei >= rehearsal.gas
    assert run(anvil, tmp_path / "journal") == replace_block(rehearsal.deployment)


def replace_block(deployment: Deployment) -> Deployment:
    """A rehearsal begins at the head, the real one began at block 0."""
    from dataclasses import replace

    return replace(deployment, block=0)
