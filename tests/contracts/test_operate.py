"""The operator's commands on a grid on anvil; test_scripts.py runs one through Ape."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click
import pytest
from click.testing import CliRunner
from eth_account.signers.local import LocalAccount
from scripts import operate
from scripts._network import ConnectedNetwork
from tools.gas.actors import GasGrid

from deepsquare.chain import Rpc
from deepsquare.chain._generated.enums import JobStatus
from deepsquare.chain._generated.structs import ProviderHardware, ProviderPrices
from deepsquare.deployment import Deployment, GridPlan
from deepsquare.identifiers import parse_address
from deepsquare.testing import Anvil, deploy_grid, development_account, development_accounts

pytestmark = pytest.mark.integration

DEPLOYER, ADMIN = development_account(0), development_account(8)
SCHEDULER = parse_address(development_accounts().metascheduler.address)
NEWCOMER = parse_address(development_account(9).address)
CREDIT = 10**18
DAY_S = 86_400
PLAN = GridPlan(
    initial_supply_wei=10**9 * CREDIT,
    metaschedulers=(SCHEDULER,),
    operators=(parse_address(DEPLOYER.address),),
    admin=parse_address(ADMIN.address),
)
HARDWARE = ProviderHardware(1, (0,), (4,), (8000,))
T = TypeVar("T")


class Office:
    """Runs the operator's commands, and calls of others on the same grid."""

    def __init__(self, rpc_url: str, deployment: Deployment, key: Path) -> None:
        self._rpc_url, self._deployment, self._key = rpc_url, deployment, key

    def sit_down(self, account: LocalAccount) -> None:
        """Sign with this account from now on."""
        self._key.write_text(account.key.hex())

    def run(self, command: str, *arguments: str) -> str:
        """Run a command without Ape's connection; returns what it says."""
        said, status = self._invoke(command, *arguments)
        assert status == 0, said
        return said

    def refusal(self, command: str, *arguments: str) -> str:
        said, status = self._invoke(command, *arguments)
        assert status > 0, said
        return said.strip().splitlines()[-1]

    def _invoke(self, command: str, *arguments: str) -> tuple[str, int]:
        own = operate.cli.commands[command]
        plain = click.Command(command, params=own.params, callback=own.callback)
        result = CliRunner().invoke(plain, arguments, catch_exceptions=False)
        return result.output, result.exit_code

    def ask(self, contract: str, view: str, *arguments: Any) -> Any:
        return operate.at_desk(lambda desk: desk.ask(contract, view, *arguments))

    def node(self, method: str, *params: Any) -> Any:
        """Ask anvil itself."""

        async def request() -> Any:
            async with Rpc([self._rpc_url]) as rpc:
                return await rpc.request(method, *params)

        return asyncio.run(request())

    def on_grid(self, work: Callable[[GasGrid], Awaitable[T]]) -> T:
        async def run() -> T:
            async with Rpc([self._rpc_url]) as rpc:
                return await work(GasGrid(rpc, self._deployment))

        return asyncio.run(run())

    def register(self, cpu_price: int) -> str:
        """Let the newcomer propose itself; returns the hash that the operator is shown."""
        offer = (HARDWARE, ProviderPrices(1, cpu_price, 1), ())
        self.on_grid(lambda grid: grid.transact(NEWCOMER, "ProviderManager", "register", *offer))
        waiting = re.search(rf"waiting {NEWCOMER} proposal (0x\w{{64}})\n", self.run("providers"))
        assert waiting
        return waiting[1]


@pytest.fixture(scope="module")
def chain() -> Iterator[tuple[Anvil, Deployment]]:
    with Anvil() as anvil:
        yield anvil, asyncio.run(deploy_grid(anvil.http_url, DEPLOYER, PLAN))


@pytest.fixture
def office(
    chain: tuple[Anvil, Deployment], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Office]:
    """At the grid as it was deployed; undone at the end."""
    anvil, deployment = chain
    deployment.save(tmp_path)
    network = ConnectedNetwork("deepsquare:testnet", anvil.http_url, deployment.chain_id)
    monkeypatch.setattr(operate, "FOLDER", tmp_path)
    monkeypatch.setattr(operate, "connected_network", lambda: network)
    monkeypatch.setenv("DEEPSQUARE_DEPLOYER_KEY_FILE", str(tmp_path / "key"))
    office = Office(anvil.http_url, deployment, tmp_path / "key")
    office.sit_down(DEPLOYER)
    before = office.node("evm_snapshot")
    yield office
    assert office.node("evm_revert", before)


def test_approve__of_the_hash_that_was_listed__joins_that_proposal_only(office: Office) -> None:
    assert office.run("providers") == "waiting: nobody\njoined: nobody\n"
    old, new = office.register(cpu_price=1), office.register(cpu_price=2)

    assert "the contract refused: ProposalChanged" in office.refusal("approve", NEWCOMER, old)
    assert "ProviderManager.approveProposal: done in 0x" in office.run("approve", NEWCOMER, new)
    assert office.run("providers") == f"waiting: nobody\njoined {NEWCOMER}\n"


@pytest.mark.parametrize("word", ["zz", "0x12", "0x" + "g" * 64, "0x" + "1" * 66])
def test_approve__of_what_is_no_hash__says_where_to_find_it(office: Office, word: str) -> None:
    assert office.refusal("approve", NEWCOMER, word) == (
        f"Error: Invalid value for 'PROPOSAL_HASH': \"{word}\" is no hash: copy it from `providers`"
    )


def test_ban__of_a_member__holds_until_it_is_lifted(office: Office) -> None:
    office.run("approve", NEWCOMER, office.register(cpu_price=1))

    office.run("ban", NEWCOMER)
    assert office.ask("ProviderManager", "isBanned", NEWCOMER)
    assert office.refusal("ban", NEWCOMER) == "Error: the contract refused: AlreadyDone()"
    office.run("unban", NEWCOMER)
    assert not office.ask("ProviderManager", "isBanned", NEWCOMER)


def test_set_constant__within_its_limits__is_stored(office: Office) -> None:
    office.run("set-constant", "deepsquareCut", "25")
    assert office.ask("Constants", "deepsquareCut") == 25


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("deepsquareCut", "101", "ConstantOutOfRange(value=101, min=0, max=100)"),
        ("deepsquareCut", "much", "'much' is not a valid integer"),
        ("claimJobTimeout", str(2**64), "cannot take these values"),
        ("owner", "1", 'there is no constant "owner": see docs/protocol.md'),
    ],
)
def test_set_constant__to_what_cannot_be__says_why(
    office: Office, name: str, value: str, complaint: str
) -> None:
    assert complaint in office.refusal("set-constant", name, value)


def test_withdraw_fees__after_a_job__pays_what_is_accrued_and_no_more(office: Office) -> None:
    async def finish_a_job(grid: GasGrid) -> None:
        await grid.settle_in()
        [job], _ = await grid.request(1)
        await grid.metascheduler.do("MetaScheduler", "metaSchedule", job, grid.provider.address)
        await grid.provider.do("MetaScheduler", "claimNextJob")
        for status, minutes in ((JobStatus.RUNNING, 0), (JobStatus.FINISHED, 10)):
            report = (job, status, minutes, "", 0)
            await grid.provider.do("MetaScheduler", "providerSetJobStatus", *report)
            await grid.wait_minutes(10)

    office.on_grid(finish_a_job)
    accrued = office.ask("MetaScheduler", "accruedFees")
    owned = office.ask("Credit", "balanceOf", DEPLOYER.address)

    assert accrued > CREDIT
    assert "InsufficientFunds(available=" in office.refusal("withdraw-fees", "1000000")
    office.run("withdraw-fees", "1")
    assert office.ask("MetaScheduler", "accruedFees") == accrued - CREDIT
    assert office.ask("Credit", "balanceOf", DEPLOYER.address) == owned + CREDIT


def test_pause_intake__stops_requests__until_it_is_resumed(office: Office) -> None:
    office.on_grid(lambda grid: grid.settle_in())

    office.run("pause-intake")
    with pytest.raises(RuntimeError, match="requestNewJob reverted"):
        office.on_grid(lambda grid: grid.request(1))
    office.run("resume-intake")
    office.on_grid(lambda grid: grid.request(1))


def test_grant__and_revoke__of_the_operator__change_who_may_approve(office: Office) -> None:
    digest = office.register(cpu_price=1)
    office.run("grant", "operator", ADMIN.address)
    office.run("revoke", "operator", DEPLOYER.address)

    assert "AccessControlUnauthorizedAccount" in office.refusal("approve", NEWCOMER, digest)
    office.sit_down(ADMIN)
    office.run("approve", NEWCOMER, digest)


def test_accept__by_the_new_admin__takes_ownerships_now_and_roles_a_day_later(
    office: Office,
) -> None:
    office.sit_down(ADMIN)
    said = office.run("accept")
    for contract in ("Constants", "Credit", "FaucetCredit", "FaucetNative"):
        assert f"{contract}.acceptOwnership: done" in said
        assert office.ask(contract, "owner") == ADMIN.address.lower()
    for contract in ("MetaScheduler", "ProviderManager"):
        assert re.search(rf"{contract}: not yet, accept again after 20\d\d-.* UTC", said)
        assert office.ask(contract, "defaultAdmin") == DEPLOYER.address.lower()

    office.node("evm_increaseTime", DAY_S + 1)
    office.node("evm_mine")
    office.run("accept")

    for contract in ("MetaScheduler", "ProviderManager"):
        assert office.ask(contract, "defaultAdmin") == ADMIN.address.lower()
    office.run("pause-intake")
    assert office.refusal("accept") == f"Error: nothing is offered to {ADMIN.address}"
    office.sit_down(DEPLOYER)
    assert "AccessControlUnauthorizedAccount" in office.refusal("resume-intake")
    assert "OwnableUnauthorizedAccount" in office.refusal("set-constant", "deepsquareCut", "1")


def test_any_command__with_a_record_of_another_chain__is_refused(
    office: Office, tmp_path: Path
) -> None:
    record = tmp_path / "179188.json"
    record.write_text(record.read_text().replace('"chain_id": 179188', '"chain_id": 1'))
    assert office.refusal("providers") == (
        "Error: 179188.json says it is of chain 1: bring back the right one"
    )
