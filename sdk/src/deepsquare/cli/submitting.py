"""The steps of `deepsquare submit`: check, ask, submit, and tell what to do next."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from deepsquare.amounts import format_credits
from deepsquare.api import new_idempotency_key
from deepsquare.cli.commands.watching import watch_to_the_end
from deepsquare.cli.invocation import Invocation
from deepsquare.cli.records import job_record
from deepsquare.cli.screen import Column
from deepsquare.cli.words import amount, credits_of, minutes
from deepsquare.client import AsyncClient, AsyncJob, OrderOptions, Plan, Workflow, short_id
from deepsquare.pricing import paid_minutes

if TYPE_CHECKING:
    from deepsquare.workflow import WorkflowError

ROWS = [
    Column("job", "id"),
    Column("locked", "locked"),
    Column("price", "price"),
    Column("pays", "pays"),
]


@dataclass
class Submission:
    """One run of the command."""

    invocation: Invocation
    workflow: Workflow
    is_agreed: bool
    wishes: Mapping[str, object]

    async def detached(self, grid: AsyncClient) -> int:
        """Submit, print the job, and leave it to itself."""
        plan = await self._agreed_plan(grid)
        job = await self._submit(grid, plan)
        await self._show(job, plan)
        return 0

    async def watched(self, grid: AsyncClient) -> int:
        """Submit, show the job until it has ended, and return its exit code."""
        plan = await self._agreed_plan(grid)
        job = await self._submit(grid, plan)
        self.invocation.screen.say(f"submitted job {job.id}")
        return await watch_to_the_end(self.invocation, job)

    async def _agreed_plan(self, grid: AsyncClient) -> Plan:
        self._warn(self.workflow.parsed.warnings)
        self.invocation.on_interrupt = "nothing was submitted"
        plan = await grid.prepare(grid.order(self.workflow, **self._options()))
        locked = f"{format_credits(plan.locked_wei)} credits"
        question = f"Lock {locked} for this job? {_pays(plan)}."
        self.invocation.confirm(question, is_agreed=self.is_agreed)
        return plan

    async def _submit(self, grid: AsyncClient, plan: Plan) -> AsyncJob:
        self.invocation.on_interrupt = (
            "interrupted while submitting: `deepsquare jobs` tells whether the job exists\n"
            f"  repeat it safely:  add --idempotency-key {plan.order.idempotency_key}"
        )
        return await grid.submit_plan(plan)

    def _options(self) -> OrderOptions:
        wishes = self.wishes
        options = {
            "credits": wishes["amount"],
            "minutes": wishes["minutes"],
            "name": wishes["name"],
            "uses": wishes["uses"],
            "affinity": wishes["affinity"],
            "may_top_up": wishes["may_top_up"],
            "signs_permit": not wishes["no_permit"],
            "idempotency_key": wishes["idempotency_key"] or new_idempotency_key(),
        }
        return cast("OrderOptions", options)

    async def _show(self, job: AsyncJob, plan: Plan) -> None:
        cheapest = plan.quote.offers[0].cost_per_minute_wei
        state = await job.state()
        record = {
            **job_record(state),
            **amount("cheapest_cost_per_minute", cheapest),
            "cheapest_paid_minutes": paid_minutes(plan.locked_wei, cheapest),
            "idempotency_key": plan.order.idempotency_key,
        }
        shown = {
            "id": job.id,
            "locked": credits_of(plan.locked_wei),
            "price": f"from {credits_of(cheapest)} a minute",
            "pays": _pays(plan),
        }
        screen, short = self.invocation.screen, short_id(job.id)
        screen.record(record, ROWS, shown=shown)
        screen.say(f"follow it:  deepsquare logs -f {short}", style="dim")
        screen.say(f"look at it: deepsquare show {short}", style="dim")
        screen.say(f"cancel it:  deepsquare cancel {short}", style="dim")

    def _warn(self, warnings: "tuple[WorkflowError, ...]") -> None:
        for warning in warnings:
            self.invocation.screen.say(f"warning: {warning}", style="yellow")


def _pays(plan: Plan) -> str:
    """Say for how long the amount pays, at the cheapest and at the dearest provider that fits."""
    prices = [offer.cost_per_minute_wei for offer in plan.quote.offers]
    longest = paid_minutes(plan.locked_wei, prices[0])
    shortest = paid_minutes(plan.locked_wei, prices[-1])
    if longest == shortest:
        return f"It pays {minutes(longest)}"
    return f"It pays {minutes(shortest)} to {minutes(longest)}, depending on the provider"
