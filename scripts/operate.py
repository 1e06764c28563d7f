"""What the operator does after the deployment: ``ape run operate COMMAND --network ...``.

The grid is that of ``deployments/<chain id>.json``. Every command tries its call first, so that a
refusal costs nothing and says why; then it sends it and waits.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

import click
from scripts._network import (
    FOLDER,
    NetworkCommand,
    connected_network,
    one_line_errors,
    read_record,
)
from scripts._wallet import load_wallet

from deepsquare.amounts import parse_credits
from deepsquare.chain import Call, Rpc
from deepsquare.chain.abi import load_abi
from deepsquare.chain.conversion import AbiValue
from deepsquare.chain.errors import AccessControlEnforcedDefaultAdminDelay
from deepsquare.deployment import Deployment, DeploymentRefused, Transactor, Wallet
from deepsquare.deployment.plan import METASCHEDULER_ROLE, PROVIDER_OPERATOR_ROLE
from deepsquare.errors import DeepSquareError
from deepsquare.identifiers import Address, parse_address

ROLES = {
    "metascheduler": ("MetaScheduler", METASCHEDULER_ROLE),
    "operator": ("ProviderManager", PROVIDER_OPERATOR_ROLE),
}

OFFERS = {"pendingOwner": "acceptOwnership", "pendingDefaultAdmin": "acceptDefaultAdminTransfer"}
"""The view that tells who is offered a power, and the call that accepts it."""

T = TypeVar("T")


class Desk:
    """The deployed contracts, to be asked and told by name."""

    def __init__(self, rpc: Rpc, deployment: Deployment) -> None:
        self._rpc = rpc
        self._addresses = deployment.addresses()

    @property
    def contracts(self) -> tuple[str, ...]:
        """The contracts that were deployed."""
        return tuple(self._addresses)

    async def ask(self, contract: str, view: str, *arguments: AbiValue) -> AbiValue:
        """Return the answer of a view."""
        function = load_abi(contract).function(view, len(arguments))
        return function.decode(await self._rpc.eth_call(self._call(contract, view, arguments)))

    async def tell(
        self, wallet: Wallet, contract: str, function: str, *arguments: AbiValue
    ) -> None:
        """Try a call, send it and wait; raises the contract's own error."""
        call = self._call(contract, function, arguments)
        await self._rpc.eth_call(call, sender=wallet.address)
        transactor = Transactor(self._rpc, wallet)
        await transactor.settle()
        sent = await transactor.send(call.label, {"to": call.to, "data": call.data})
        gas = await transactor.confirm(sent)
        click.echo(f"{call.label}: done in {sent.hash} ({gas:,} gas)")

    def _call(self, contract: str, function: str, arguments: tuple[AbiValue, ...]) -> Call:
        data = load_abi(contract).function(function, len(arguments)).encode(arguments)
        return Call(self._addresses[contract], data, f"{contract}.{function}")


def at_desk(work: Callable[[Desk], Awaitable[T]]) -> T:
    """Do something with the grid of the connected network."""

    async def run() -> T:
        network = connected_network()
        async with Rpc([network.url]) as rpc:
            chain_id = await network.checked_chain_id(rpc)
            path = FOLDER / f"{chain_id}.json"
            if not path.exists():
                raise DeploymentRefused(f"there is no {path.name}: deploy the grid first")
            return await work(Desk(rpc, read_record(path, chain_id)))

    return asyncio.run(run())


def tell(account: str | None, contract: str, function: str, *arguments: AbiValue) -> None:
    """Do one call as the operator."""
    wallet = load_wallet(account)
    at_desk(lambda desk: desk.tell(wallet, contract, function, *arguments))


def to_address(_ctx: click.Context, _param: click.Parameter, value: str) -> Address:
    """Check and normalise an address of the command line."""
    try:
        return parse_address(value)
    except DeepSquareError as error:
        raise click.BadParameter(error.message) from error


def to_digest(_ctx: click.Context, _param: click.Parameter, value: str) -> bytes:
    """Check a hash of the command line."""
    if not re.fullmatch("(0x)?[0-9a-fA-F]{64}", value):
        raise click.BadParameter(f'"{value}" is no hash: copy it from `providers`')
    return bytes.fromhex(value.removeprefix("0x"))


account_option = click.option("--account", help="Alias of an Ape account that signs.")


@click.group()
def cli() -> None:
    """Run the grid: providers, parameters, fees, intake, powers."""


@cli.command(cls=NetworkCommand)
@one_line_errors
def providers() -> None:
    """List who waits for approval, with the hash to approve, and who is joined."""
    at_desk(_list_providers)


async def _list_providers(desk: Desk) -> None:
    for title, view in (("waiting", "getWaitingProviders"), ("joined", "getJoinedProviders")):
        found = await _all_pages(desk, view)
        if not found:
            click.echo(f"{title}: nobody")
        for address in found:
            proposal = await desk.ask("ProviderManager", "proposalHash", address)
            is_banned = await desk.ask("ProviderManager", "isBanned", address)
            shown = f" proposal 0x{bytes(proposal).hex()}" if any(bytes(proposal)) else ""
            click.echo(f"{title} {parse_address(address)}{shown}{' BANNED' if is_banned else ''}")


async def _all_pages(desk: Desk, view: str) -> list[str]:
    found: list[str] = []
    while True:
        page, cursor = await desk.ask("ProviderManager", view, len(found), 1000)
        found += page
        if not page or cursor != len(found):
            return found


@cli.command(cls=NetworkCommand)
@click.argument("address", callback=to_address)
@click.argument("proposal_hash", callback=to_digest)
@account_option
@one_line_errors
def approve(address: Address, proposal_hash: bytes, account: str | None) -> None:
    """Approve the proposal that was looked at; a newer one is refused."""
    tell(account, "ProviderManager", "approveProposal", address, proposal_hash)


@cli.command(cls=NetworkCommand)
@click.argument("address", callback=to_address)
@account_option
@one_line_errors
def remove(address: Address, account: str | None) -> None:
    """End a provider's membership; its running jobs go on."""
    tell(account, "ProviderManager", "remove", address)


@cli.command(cls=NetworkCommand)
@click.argument("address", callback=to_address)
@account_option
@one_line_errors
def ban(address: Address, account: str | None) -> None:
    """Keep an address from new work and from registering."""
    tell(account, "ProviderManager", "ban", address)


@cli.command(cls=NetworkCommand)
@click.argument("address", callback=to_address)
@account_option
@one_line_errors
def unban(address: Address, account: str | None) -> None:
    """End a ban."""
    tell(account, "ProviderManager", "unban", address)


@cli.command(cls=NetworkCommand)
@click.argument("name")
@click.argument("value", type=int)
@account_option
@one_line_errors
def set_constant(name: str, value: int, account: str | None) -> None:
    """Set a parameter by its getter, such as deepsquareCut 25; amounts in credit-wei."""
    setter = f"set{name[:1].upper()}{name[1:]}"
    if (setter, 1) not in load_abi("Constants").functions:
        raise DeploymentRefused(f'there is no constant "{name}": see docs/protocol.md')
    tell(account, "Constants", setter, value)


@cli.command(cls=NetworkCommand)
@click.argument("amount")
@account_option
@one_line_errors
def withdraw_fees(amount: str, account: str | None) -> None:
    """Pay accrued fees, in credits, to the admin."""
    tell(account, "MetaScheduler", "withdrawAdmin", parse_credits(amount))


@cli.command(cls=NetworkCommand)
@account_option
@one_line_errors
def pause_intake(account: str | None) -> None:
    """Stop new requests; everything else goes on."""
    tell(account, "MetaScheduler", "setEnableRequestNewJob", False)


@cli.command(cls=NetworkCommand)
@account_option
@one_line_errors
def resume_intake(account: str | None) -> None:
    """Allow new requests again."""
    tell(account, "MetaScheduler", "setEnableRequestNewJob", True)


@cli.command(cls=NetworkCommand)
@click.argument("role", type=click.Choice(sorted(ROLES)))
@click.argument("holder", callback=to_address)
@account_option
@one_line_errors
def grant(role: str, holder: Address, account: str | None) -> None:
    """Give a role."""
    contract, digest = ROLES[role]
    tell(account, contract, "grantRole", digest, holder)


@cli.command(cls=NetworkCommand)
@click.argument("role", type=click.Choice(sorted(ROLES)))
@click.argument("holder", callback=to_address)
@account_option
@one_line_errors
def revoke(role: str, holder: Address, account: str | None) -> None:
    """Take a role back."""
    contract, digest = ROLES[role]
    tell(account, contract, "revokeRole", digest, holder)


@cli.command(cls=NetworkCommand)
@click.argument("receiver", callback=to_address)
@click.argument("amount")
@account_option
@one_line_errors
def mint(receiver: Address, amount: str, account: str | None) -> None:
    """Make new credits for an account, up to the cap."""
    tell(account, "Credit", "mint", receiver, parse_credits(amount))


@cli.command(cls=NetworkCommand)
@account_option
@one_line_errors
def accept(account: str | None) -> None:
    """Accept every admin role and ownership that is offered to the account."""
    wallet = load_wallet(account)
    at_desk(lambda desk: _accept_all(desk, wallet))


async def _accept_all(desk: Desk, wallet: Wallet) -> None:
    offers = [
        (contract, accept)
        for contract in desk.contracts
        for view, accept in OFFERS.items()
        if (view, 0) in load_abi(contract).functions
        and await _receiver(desk, contract, view) == wallet.address
    ]
    if not offers:
        raise DeploymentRefused(f"nothing is offered to {wallet.address}")
    for contract, accept in offers:
        await _try_to_tell(desk, wallet, contract, accept)


async def _receiver(desk: Desk, contract: str, view: str) -> Address:
    """Of an offer; an admin's offer is an address and the second from which on it may accept."""
    answer = await desk.ask(contract, view)
    return parse_address(answer if isinstance(answer, str) else answer[0])


async def _try_to_tell(desk: Desk, wallet: Wallet, contract: str, function: str) -> None:
    """Go on after a refusal: an admin role can be accepted a day later than an ownership."""
    try:
        await desk.tell(wallet, contract, function)
    except AccessControlEnforcedDefaultAdminDelay as error:
        first = datetime.fromtimestamp(error.schedule, UTC)
        click.echo(f"{contract}: not yet, accept again after {first:%Y-%m-%d %H:%M:%S} UTC")
