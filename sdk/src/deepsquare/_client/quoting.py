"""What a job would cost at each provider, and why the others are out."""

import asyncio
from dataclasses import dataclass, field

from deepsquare.amounts import Wei, format_credits
from deepsquare.chain import BlockRef, Grid, JobDefinition, Label, Provider
from deepsquare.chain.errors import InsufficientHardware, ProviderNotJoined
from deepsquare.identifiers import Address
from deepsquare.labels import unmet
from deepsquare.pricing import lock_for_minutes, paid_minutes

RESOURCE_NAMES = ("CPUs", "MB of memory", "GPUs", "CPUs or memory of a single node")
"""What the ``resource`` of `InsufficientHardware` counts (protocol.md 3.3)."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What one provider would take; ``cost_wei`` is for the minutes that were asked for."""

    provider: Address
    cost_per_minute_wei: Wei
    minutes: int
    cost_wei: Wei
    labels: tuple[Label, ...]
    started_jobs: int


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a provider is out."""

    provider: Address
    reason: str


@dataclass(frozen=True, slots=True)
class Quote:
    """All offers, the cheapest first, and all rejections, as of one block."""

    offers: tuple[Offer, ...]
    rejections: tuple[Rejection, ...]
    minimum_wei: Wei
    """The least that the grid lets a request lock."""
    block: BlockRef = field(repr=False)

    @property
    def reasons(self) -> dict[Address, str]:
        """Why each provider that is out is out."""
        return {rejection.provider: rejection.reason for rejection in self.rejections}


async def quote(
    grid: Grid,
    definition: JobDefinition,
    *,
    minutes: int | None = None,
    locked_wei: Wei | None = None,
) -> Quote:
    """Ask every provider at one block.

    With ``minutes`` each offer says what that time costs; with ``locked_wei`` how many minutes it
    pays, and a provider for which it pays none is out (`LockedCreditsTooLow`).
    """
    block = await grid.head()
    addresses = await grid.providers.get_joined(at=block)
    providers, minimum = await asyncio.gather(
        grid.providers.get_providers(addresses, at=block),
        grid.constants.minimum_amount(at=block),
    )
    answers = await asyncio.gather(*(_ask(grid, definition, p, at=block) for p in providers))
    sized = [_sized(answer, minutes, locked_wei) for answer in answers]
    offers = sorted((o for o in sized if isinstance(o, Offer)), key=_rank)
    rejections = tuple(r for r in sized if isinstance(r, Rejection))
    return Quote(tuple(offers), rejections, Wei(minimum), block)


def _rank(offer: Offer) -> tuple[int, str]:
    return offer.cost_per_minute_wei, offer.provider


async def _ask(
    grid: Grid, definition: JobDefinition, provider: Provider, *, at: BlockRef
) -> Offer | Rejection:
    """Let the contract decide on hardware; labels are compared here (protocol.md 7, point 12)."""
    if lack := unmet(definition.uses, definition.affinity, provider.labels):
        return Rejection(provider.addr, f"does not have {lack}")
    try:
        cost = await grid.providers.quote(provider.addr, definition, at=at)
    except ProviderNotJoined:
        return Rejection(provider.addr, "is banned" if provider.is_banned else "has not joined")
    except InsufficientHardware as lack_of:
        return Rejection(provider.addr, describe_lack(lack_of))
    started = await grid.providers.get_job_count(provider.addr, at=at)
    return Offer(provider.addr, Wei(cost), 0, Wei(0), provider.labels, started)


def _sized(
    answer: Offer | Rejection, minutes: int | None, locked_wei: Wei | None
) -> Offer | Rejection:
    if isinstance(answer, Rejection):
        return answer
    cost = answer.cost_per_minute_wei
    affordable = paid_minutes(locked_wei, cost) if locked_wei is not None else None
    if affordable == 0:
        return Rejection(answer.provider, f"costs {format_credits(cost)} credits a minute")
    wanted = minutes if minutes is not None else affordable or 1
    return Offer(
        answer.provider,
        cost,
        wanted,
        lock_for_minutes(wanted, cost),
        answer.labels,
        answer.started_jobs,
    )


def describe_lack(error: InsufficientHardware) -> str:
    """Say what a provider lacks; one task must fit on one node (protocol.md 3.3)."""
    name = RESOURCE_NAMES[error.resource] if error.resource < len(RESOURCE_NAMES) else "resources"
    if error.resource == len(RESOURCE_NAMES) - 1:
        return f"has no node that holds one task of {error.required} CPUs and its memory"
    return f"has {error.available} {name}, the job needs {error.required}"
