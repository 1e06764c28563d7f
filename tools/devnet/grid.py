"""A whole grid on loopback, started in order and stopped in reverse.

with scratch_folder() as folder, Devnet(folder) as grid:
    customer = grid.new_customer(credits_wei=parse_credits(1000))
    customer.run("submit", "workflow.yaml", "--minutes", "10", "--watch", "--yes")
"""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from eth_account import Account

from deepsquare.identifiers import parse_address
from deepsquare.profile import Settings
from deepsquare.testing import development_accounts
from tools.devnet import unix_accounts
from tools.devnet.chain import deployed_grid, local_chain
from tools.devnet.customers import Customer, make_customer
from tools.devnet.keys import write_key
from tools.devnet.ports import free_ports
from tools.devnet.services import Service
from tools.devnet.settings import Surroundings, unix_group
from tools.devnet.slurm import Layout, PrivateSlurm

Tell = Callable[[str, str], None]
"""Called when a part is ready, with its name and what there is to know about it."""


class Devnet:
    """See the module. Its parts are attributes; each can be stopped and started again."""

    def __init__(
        self, folder: Path, *, layout: Layout | None = None, tell: Tell = lambda *_: None
    ) -> None:
        self.folder = folder
        self._tell = tell
        self._running = ExitStack()
        self._accounts = development_accounts()
        self.slurm = PrivateSlurm(folder, layout=layout)

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._running.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._running.close()

    def _start(self) -> None:
        self._start_slurm()
        self._start_chain()
        self._start_services()

    def _start_slurm(self) -> None:
        group = unix_group(self.folder)
        self._running.callback(unix_accounts.remove_accounts, self.folder, group=group)
        self._running.enter_context(self.slurm)
        self._tell("Slurm", f"nodes {' and '.join(self.slurm.node_names)}")

    def _start_chain(self) -> None:
        anvil = self._running.enter_context(local_chain(self.folder))
        self._tell("chain", f"{anvil.http_url}, chain id {anvil.chain_id}, a block a second")
        self.chain = deployed_grid(anvil, self._accounts)
        self._tell("contracts", f"MetaScheduler {self.chain.meta_scheduler}")

    def _start_services(self) -> None:
        """Start all at once, since each takes seconds to load, and then wait for each."""
        api_port, meta_port, supervisor_port = free_ports(3)
        surroundings = Surroundings(folder=self.folder, chain=self.chain)
        self.sbatch_api = self._service(
            "sbatch-api serve", api_port, surroundings.sbatch_api(api_port)
        )
        self.meta_scheduler = self._service(
            "metascheduler run",
            meta_port,
            surroundings.meta_scheduler(meta_port, key_file=self._key("metascheduler")),
        )
        self.supervisor = self._service(
            "supervisor run",
            supervisor_port,
            surroundings.supervisor(
                supervisor_port,
                key_file=self._key("provider"),
                sbatch_api_url=self.sbatch_api.url,
                slurm=self.slurm,
            ),
        )
        self._wait_for_services()

    def _wait_for_services(self) -> None:
        self.sbatch_api.wait_ready()
        self._tell("sbatch API", self.sbatch_api.url)
        self.meta_scheduler.wait_ready()
        self._tell("meta-scheduler", self.meta_scheduler.url)
        provider = parse_address(self._accounts.provider.address)
        self.chain.approve_provider(provider)
        self.supervisor.wait_ready()
        self._tell("supervisor", f"{self.supervisor.url}, provider {provider}, approved")

    def _key(self, role: str) -> Path:
        return write_key(self.folder / "keys" / role, getattr(self._accounts, role))

    def _service(self, command: str, port: int, settings: Mapping[str, object]) -> Service:
        """Begin to start a service; it is stopped with the grid."""
        service = Service(command, folder=self.folder, port=port, settings=settings)
        self._running.callback(service.daemon.stop)
        service.daemon.start()
        return service

    def client_settings(self) -> Settings:
        """Return what a client needs to know of this grid, without a key."""
        return Settings(
            profile="devnet",
            rpc_urls=(self.chain.rpc_url,),
            meta_scheduler_address=self.chain.meta_scheduler,
            sbatch_api_url=self.sbatch_api.url,
            chain_id=self.chain.chain_id,
        )

    def new_customer(self, *, credits_wei: int) -> Customer:
        """Make a wallet with credits and a command line that acts for it."""
        account = Account.create()
        address = parse_address(account.address)
        self.chain.fund(address, credits_wei=credits_wei)
        return make_customer(
            self.folder / "wallets" / address, account, settings=self.client_settings()
        )
