"""The connections of one client, opened when they are first needed."""

import asyncio
from functools import cached_property
from typing import TYPE_CHECKING

import httpx

from deepsquare.api import SbatchApi
from deepsquare.chain import Grid, Rpc
from deepsquare.identifiers import Address, parse_address
from deepsquare.keys import AskPassword, InvalidKey, Key, find_address, load_key
from deepsquare.profile import Settings

if TYPE_CHECKING:
    from deepsquare.chain.sender import Sender
    from deepsquare.chain.signer import Signer


class Session:
    """Chain, sbatch API and key of one client.

    Nothing is connected, read or asked before it is needed: reading works without a key, and the
    password of a keystore is asked for once, by the first thing that signs.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        key: Key | None = None,
        ask_password: AskPassword | None = None,
        api_transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.settings = settings
        self._key = key
        self._ask_password = ask_password
        self._api_transport = api_transport
        self._lock = asyncio.Lock()
        self._grid: Grid | None = None
        self._sender: Sender | None = None
        self._api: SbatchApi | None = None

    async def grid(self) -> Grid:
        """Return the contracts; raises `InvalidSettings`, `WrongGrid`, `RpcUnavailable`."""
        async with self._lock:
            if self._grid is None:
                self._grid = await self._connect()
            return self._grid

    async def _connect(self) -> Grid:
        self.settings.require("rpc_urls", "meta_scheduler_address")
        entry = parse_address(self.settings.meta_scheduler_address)
        return await Grid.connect(self.rpc, entry, self.settings.chain_id)

    @cached_property
    def rpc(self) -> Rpc:
        """The chain's endpoints."""
        return Rpc(self.settings.rpc_urls)

    def key(self) -> Key:
        """Return the key; raises `KeyMissing`, `InvalidKey`, `WrongPassword`.

        A key of another account than the one that is looked at is refused: balances would be
        checked of one and spent of the other.
        """
        if self._key is None:
            key = load_key(self.settings, self._ask_password)
            if key.address != self.account:
                raise InvalidKey(f"the key is that of {key.address}, not of {self.account}")
            self._key = key
        return self._key

    @cached_property
    def account(self) -> Address:
        """The account whose jobs and credits are meant; needs no password."""
        return self._key.address if self._key else find_address(self.settings)

    @cached_property
    def signer(self) -> "Signer":
        """The key as what signs transactions."""
        from eth_account import Account  # noqa: PLC0415 - heavy, only to write

        account: Signer = Account.from_key(self.key().secret)
        return account

    async def sender(self) -> "Sender":
        """Return what sends transactions from the account."""
        grid = await self.grid()
        if self._sender is None:
            from deepsquare.chain.sender import Sender  # noqa: PLC0415 - heavy, only to write

            self._sender = Sender(grid.rpc, self.signer, chain_id=grid.chain_id)
        return self._sender

    async def api(self) -> SbatchApi:
        """Return the sbatch API, signed in as the account when it has to be."""
        if self._api is None:
            self.settings.require("sbatch_api_url")
            grid = await self.grid()
            self._api = SbatchApi(
                self.settings.sbatch_api_url,
                signer=self.key(),
                chain_id=grid.chain_id,
                transport=self._api_transport,
            )
        return self._api

    async def aclose(self) -> None:
        """Close what is open."""
        if "rpc" in self.__dict__:
            await self.rpc.aclose()
        if self._api is not None:
            await self._api.aclose()
