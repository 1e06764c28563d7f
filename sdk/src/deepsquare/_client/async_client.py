"""The client of the grid: the implementation behind `Client` and the command line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Self, TypedDict, Unpack

import httpx

from deepsquare._client import submission
from deepsquare._client.doctor import Finding, examine
from deepsquare._client.job import AsyncJob, Credits
from deepsquare._client.quoting import Quote, quote
from deepsquare._client.references import find_job_id, recent_ids, whole_id
from deepsquare._client.rerunning import RerunPlan, check_rerun, rerun
from deepsquare._client.session import Session
from deepsquare._client.spending import Balance, check_balance, read_balance
from deepsquare._client.status import JobState
from deepsquare._client.workflow_source import Workflow
from deepsquare.amounts import parse_credits
from deepsquare.api import RenderedWorkflow, Validation, new_idempotency_key
from deepsquare.chain import JobStatus, Provider
from deepsquare.chain.contracts.credit import MAX_ALLOWANCE
from deepsquare.identifiers import Address, parse_address
from deepsquare.keys import AskPassword, Key
from deepsquare.labels import parse_affinity, parse_use
from deepsquare.profile import Settings, resolve


@dataclass(frozen=True, slots=True)
class ProviderInfo:
    """A joined provider, with what it runs now."""

    provider: Provider
    active_jobs: int
    started_jobs: int


class OrderOptions(TypedDict, total=False):
    """How a workflow is to be submitted; the fields of `Order`, as people write them.

    One of ``credits`` and ``minutes`` is needed. ``uses`` are labels such as ``"zone=a"``,
    ``affinity`` conditions such as ``"ram>=64"``. ``may_top_up`` lets the grid take further slices
    while the job runs; ``signs_permit=False`` relies on an allowance given before.
    """

    credits: Credits | None
    minutes: int | None
    name: str
    uses: Sequence[str]
    affinity: Sequence[str]
    may_top_up: bool
    signs_permit: bool
    idempotency_key: str | None


class AsyncClient:
    """The grid for asyncio programs; open it with ``async with`` or close it with ``aclose``.

    Reading needs no key; what signs opens the keystore, asking ``ask_password`` once.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        key: Key | None = None,
        ask_password: AskPassword | None = None,
        api_transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._session = Session(
            settings, key=key, ask_password=ask_password, api_transport=api_transport
        )

    @classmethod
    def from_profile(
        cls,
        profile: str | None = None,
        *,
        ask_password: AskPassword | None = None,
        overrides: Mapping[str, Any] | None = None,
    ) -> Self:
        """Open the grid that profile and environment describe; ``overrides`` beat both.

        Raises `InvalidSettings`.
        """
        resolved = resolve({**(overrides or {}), "profile": profile})
        return cls(resolved.settings, ask_password=ask_password)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._session.aclose()

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._session.settings

    @property
    def account(self) -> Address:
        """The account that this client acts for; raises `KeyMissing`."""
        return self._session.account

    async def quote(
        self,
        workflow: Workflow,
        *,
        minutes: int | None = None,
        credits: Credits | None = None,  # noqa: A002
        uses: Sequence[str] = (),
        affinity: Sequence[str] = (),
    ) -> Quote:
        """Return what each provider would take, the cheapest first, and why the others are out.

        Offers are for ``minutes``, or for as many as ``credits`` pay. Raises `WorkflowInvalid`.
        """
        order = submission.Order(
            workflow,
            "",
            uses=tuple(map(parse_use, uses)),
            affinity=tuple(map(parse_affinity, affinity)),
        )
        definition = submission.local_definition(order)
        locked = parse_credits(credits) if credits is not None else None
        return await quote(
            await self._session.grid(), definition, minutes=minutes, locked_wei=locked
        )

    def order(self, workflow: Workflow, **options: Unpack[OrderOptions]) -> submission.Order:
        """Return an order for `prepare`; raises `InvalidAmount`, `InvalidLabel`."""
        amount = options.get("credits")
        return submission.Order(
            workflow,
            options.get("idempotency_key") or new_idempotency_key(),
            locked_wei=None if amount is None else parse_credits(amount),
            minutes=options.get("minutes"),
            name=options.get("name", ""),
            uses=tuple(map(parse_use, options.get("uses", ()))),
            affinity=tuple(map(parse_affinity, options.get("affinity", ()))),
            may_top_up=options.get("may_top_up", False),
            signs_permit=options.get("signs_permit", True),
        )

    async def prepare(self, order: submission.Order) -> submission.Plan:
        """Check an order without sending anything: what `submit` does first.

        Raises `WorkflowInvalid`, `NoProvider`, `CreditsTooLow`, `InsufficientCredits`,
        `OutOfGasMoney`, `AllowanceTooLow`.
        """
        return await submission.check(self._session, order)

    async def submit_plan(self, plan: submission.Plan) -> AsyncJob:
        """Submit a plan of `prepare`."""
        submitted = await submission.submit(self._session, plan)
        return AsyncJob(self._session, submitted.job_id, since_block=submitted.block - 1)

    async def submit(self, workflow: Workflow, **options: Unpack[OrderOptions]) -> AsyncJob:
        """Submit a workflow and return its job once it is on chain.

        Everything is checked before credits are locked; see `OrderOptions`. Repeat it with the same
        ``idempotency_key`` after any failure: it returns the same job.
        """
        return await self.submit_plan(await self.prepare(self.order(workflow, **options)))

    async def prepare_rerun(
        self,
        reference: str,
        *,
        credits: Credits | None = None,  # noqa: A002
        minutes: int | None = None,
    ) -> RerunPlan:
        """Check that a job can be requested once more, for `rerun_plan`; sends nothing.

        Raises as `prepare` does, and `NotFound` when the script is gone.
        """
        state = await (await self.job(reference)).state()
        locked = None if credits is None else parse_credits(credits)
        return await check_rerun(self._session, state, locked_wei=locked, minutes=minutes)

    async def rerun_plan(self, plan: RerunPlan) -> AsyncJob:
        """Request a job once more, with its very script; each call makes a new job."""
        submitted = await rerun(self._session, plan)
        return AsyncJob(self._session, submitted.job_id, since_block=submitted.block - 1)

    async def rerun(
        self,
        reference: str,
        *,
        credits: Credits | None = None,  # noqa: A002
        minutes: int | None = None,
    ) -> AsyncJob:
        """Check and request a job once more, with its very script."""
        return await self.rerun_plan(
            await self.prepare_rerun(reference, credits=credits, minutes=minutes)
        )

    async def validate(self, workflow: Workflow) -> Validation:
        """Let the sbatch API check a workflow, modules and images too; nothing is submitted."""
        return await (await self._session.api()).validate(workflow.document)

    async def render(self, workflow: Workflow) -> RenderedWorkflow:
        """Return the batch script that a workflow would become; nothing is submitted."""
        return await (await self._session.api()).render(workflow.document)

    async def job(self, reference: str) -> AsyncJob:
        """Return a handle by id, by the start of one, by name, or ``@last``.

        Raises `JobNotFound`, `JobAmbiguous`.
        """
        found = whole_id(reference)
        if found is None:
            found = await find_job_id(await self._session.grid(), self.account, reference)
        return AsyncJob(self._session, found)

    async def jobs(self, *, limit: int = 20, status: JobStatus | None = None) -> list[JobState]:
        """Return the newest jobs of the account, the newest first, at one block."""
        grid = await self._session.grid()
        block = await grid.head()
        ids = await recent_ids(grid, self.account, limit=limit, at=block)
        jobs = await grid.jobs.get_many(ids, at=block)
        terms = await grid.jobs.get_terms_many(ids, at=block)
        states = [JobState(j, t, block) for j, t in zip(jobs, terms, strict=True)]
        return [s for s in reversed(states) if status is None or s.status is status]

    async def providers(self) -> list[ProviderInfo]:
        """Return the joined providers, banned ones too, in order of their address."""
        grid = await self._session.grid()
        block = await grid.head()
        addresses = sorted(await grid.providers.get_joined(at=block))
        found = await grid.providers.get_providers(addresses, at=block)
        return [
            ProviderInfo(
                provider,
                await grid.jobs.active_job_count(provider.addr, at=block),
                await grid.providers.get_job_count(provider.addr, at=block),
            )
            for provider in found
        ]

    async def balance(self, account: str | None = None) -> Balance:
        """Return credits, native coin and the grid's allowance of an account, one's own if None."""
        address = parse_address(account) if account else self.account
        return await read_balance(await self._session.grid(), address)

    async def transfer(self, to: str, credits: Credits) -> Balance:  # noqa: A002
        """Send credits to another account and return the new balance.

        Raises `InsufficientCredits`, `OutOfGasMoney`.
        """
        amount, grid = parse_credits(credits), await self._session.grid()
        check_balance(await self.balance(), amount, signs_permit=True)
        await (await self._session.sender()).send(grid.credit.transfer(parse_address(to), amount))
        return await self.balance()

    async def set_allowance(self, credits: Credits | None) -> Balance:  # noqa: A002
        """Let the grid take so many credits, or any number if None; returns the new balance.

        Submitting does not need it; delegated top-ups and accounts that sign no permit do.
        """
        grid = await self._session.grid()
        amount = MAX_ALLOWANCE if credits is None else parse_credits(credits)
        call = grid.credit.approve(grid.meta_scheduler.address, amount)
        await (await self._session.sender()).send(call)
        return await self.balance()

    async def examine(self) -> list[Finding]:
        """Check settings, chain, services, account and money; never raises."""
        return await examine(self._session)

    def with_account(self, account: str) -> "AsyncClient":
        """Return a client that looks at another account; it cannot sign for it."""
        return AsyncClient(replace(self.settings, address=parse_address(account)))
