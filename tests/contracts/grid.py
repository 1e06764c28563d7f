"""The deployed contracts and the people who use them, with one verb per step of a job's life."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from ape import chain
from ape.api import AccountAPI, ReceiptAPI
from eth_utils.crypto import keccak
from tools.abi.compiled import compiled_project

from deepsquare.deployment.creation import created_address
from deepsquare.identifiers import parse_address

CREDIT = 10**18
MINUTE = 60
METASCHEDULER_ROLE = keccak(text="METASCHEDULER_ROLE")
PROVIDER_OPERATOR_ROLE = keccak(text="PROVIDER_OPERATOR_ROLE")
REFERENCE = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5N"

JOB_NAME = b"job".ljust(32, b"\0")

HARDWARE = (2, [4, 4], [64, 64], [256_000, 256_000])
ONE_CREDIT_A_MINUTE = (0, CREDIT, 0)


def a_definition(**changes: Any) -> tuple[Any, ...]:
    """One task of one CPU and 1 MB: a credit a minute at `ONE_CREDIT_A_MINUTE`."""
    members: dict[str, Any] = {
        "gpus": 0,
        "mem_per_cpu": 1,
        "cpus_per_task": 1,
        "ntasks": 1,
        "batch_location_hash": REFERENCE,
        "storage_type": 0,
        "uses": [],
        "affinity": [],
    }
    return tuple((members | changes).values())


@dataclass(frozen=True)
class ContractGrid:
    """Contracts by their names, accounts by their roles."""

    credit: Any
    constants: Any
    providers: Any
    jobs: Any
    queues: Any
    meta: Any
    faucet_credit: Any
    faucet_native: Any
    people: SimpleNamespace

    def fund(self, account: AccountAPI, amount: int) -> None:
        """Give credits to an account, and let MetaScheduler spend them."""
        self.credit.transfer(account, amount, sender=self.people.admin)
        self.credit.approve(self.meta, amount, sender=account)

    def join(
        self,
        provider: AccountAPI,
        *,
        hardware: tuple[Any, ...] = HARDWARE,
        prices: tuple[int, int, int] = ONE_CREDIT_A_MINUTE,
        labels: list[tuple[str, str]] | None = None,
    ) -> None:
        """Register a provider and approve it."""
        self.providers.register(hardware, prices, labels or [], sender=provider)
        self.providers.approve(provider, sender=self.people.operator)

    def request(
        self,
        *,
        lock: float = 1000,
        wei: int | None = None,
        customer: AccountAPI | None = None,
        is_delegated: bool = False,
        **definition: Any,
    ) -> bytes:
        """Fund a customer and request a job; returns its id."""
        customer = customer or self.people.customer
        amount = int(lock * CREDIT) if wei is None else wei
        self.fund(customer, amount)
        nonce = self.jobs.customerNonce(customer)
        self.meta.requestNewJob(
            a_definition(**definition),
            amount,
            b"job".ljust(32, b"\0"),
            is_delegated,
            sender=customer,
        )
        return bytes(self.jobs.jobIdByCustomer(customer, nonce))

    def assign(self, job_id: bytes, provider: AccountAPI | None = None) -> ReceiptAPI:
        return self.meta.metaSchedule(
            job_id, provider or self.people.provider, sender=self.people.metascheduler
        )

    def claim(self, provider: AccountAPI | None = None) -> ReceiptAPI:
        return self.meta.claimNextJob(sender=provider or self.people.provider)

    def report(
        self,
        job_id: bytes,
        status: int,
        minutes: int = 0,
        *,
        error: str = "",
        exit_code: int = 0,
        provider: AccountAPI | None = None,
    ) -> ReceiptAPI:
        return self.meta.providerSetJobStatus(
            job_id, status, minutes, error, exit_code, sender=provider or self.people.provider
        )

    def a_job(self, status: int, **request: Any) -> bytes:
        """Request a job and take it to one of the four hot states."""
        job_id = self.request(**request)
        if status >= 1:
            self.assign(job_id)
        if status >= 2:
            self.claim()
        if status >= 3:
            self.report(job_id, 3)
        return job_id

    def status(self, job_id: bytes) -> int:
        return int(self.jobs.get(job_id).status)

    def wait(self, seconds: int) -> None:
        """Let the next transaction happen so many seconds after the last block."""
        chain.pending_timestamp = chain.blocks.head.timestamp + seconds

    def settlement(self, receipt: ReceiptAPI) -> tuple[int, int, int]:
        """Provider amount, fee and refund of the one `JobSettled` of a transaction."""
        [settled] = receipt.decode_logs(self.meta.JobSettled)
        return settled._providerAmount, settled._fee, settled._refund


def deploy(accounts: Any, token: str = "Credit") -> ContractGrid:
    """Deploy and wire everything; the first account deploys and holds all credits.

    ``token`` may name a mock to stand in Credit's place.
    """
    names = (
        "admin",
        "operator",
        "metascheduler",
        "customer",
        "other_customer",
        "provider",
        "other_provider",
        "stranger",
    )
    people = SimpleNamespace(**dict(zip(names, accounts, strict=False)))
    admin, project = people.admin, compiled_project()
    credit = admin.deploy(getattr(project, token), 10**9 * CREDIT)
    constants = admin.deploy(project.Constants)
    providers = admin.deploy(project.ProviderManager)
    scheduler = created_by(admin, admin.nonce + 2)
    jobs = admin.deploy(project.JobRepository, scheduler)
    queues = admin.deploy(project.ProviderJobQueues, scheduler, jobs)
    meta = admin.deploy(project.MetaScheduler, credit, constants, providers, queues, jobs)
    providers.setJobCountSource(jobs, sender=admin)
    meta.grantRole(METASCHEDULER_ROLE, people.metascheduler, sender=admin)
    providers.grantRole(PROVIDER_OPERATOR_ROLE, people.operator, sender=admin)
    return ContractGrid(
        credit=credit,
        constants=constants,
        providers=providers,
        jobs=jobs,
        queues=queues,
        meta=meta,
        faucet_credit=admin.deploy(project.FaucetCredit, credit),
        faucet_native=admin.deploy(project.FaucetNative),
        people=people,
    )


def created_by(account: AccountAPI, nonce: int) -> str:
    """The address of the contract that an account creates with a nonce."""
    return created_address(parse_address(str(account.address)), nonce)
