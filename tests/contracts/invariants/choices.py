"""What Hypothesis chooses from; the values are near the bounds that mean something."""

from dataclasses import dataclass

from hypothesis import strategies as st
from tests.contracts.invariants.deeds import ANCHORS, USUAL_STATUSES, Deed
from tests.contracts.invariants.moments import MOMENTS
from tests.contracts.invariants.reference_grid import CANCELLING, CLAIMABLE, TOP_UP, Offer
from tests.contracts.invariants.reference_jobs import COLD
from tests.contracts.invariants.world import EVERYBODY

from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain._generated.enums import StorageType
from deepsquare.chain._generated.structs import (
    Affinity,
    JobDefinition,
    Label,
    ProviderHardware,
    ProviderPrices,
)

CREDIT = 10**18

USUAL_JOB = JobDefinition(
    gpus=0,
    mem_per_cpu=1,
    cpus_per_task=1,
    ntasks=1,
    batch_location_hash="c" * 31,
    storage_type=StorageType.ANY,
    uses=(),
    affinity=(),
)
USUAL_LOCK = 333 * CREDIT + 5
BIG_NODES = ProviderHardware(2, (4, 0), (64, 16), (256_000, 64_000))
SMALL_NODE = ProviderHardware(1, (0,), (8,), (16_000,))
FIRST_OFFER = Offer(BIG_NODES, ProviderPrices(CREDIT, CREDIT + 3, 0))

customers = st.runner().flatmap(lambda machine: st.sampled_from(machine.world.cast.customers))
providers = st.runner().flatmap(
    lambda machine: st.sampled_from(
        machine.world.cast.providers[:2] * 4 + machine.world.cast.providers[2:]
    )
)
"""Mostly one of the two that join at the beginning."""
rarely_somebody = st.sampled_from([None] * 80 + list(EVERYBODY))
"""Who calls: mostly whoever may (None), sometimes anybody."""
powers = st.runner().flatmap(lambda machine: st.sampled_from(machine.powers))
job_numbers = st.integers(0, 30)
kinds = st.sampled_from([CLAIMABLE, CANCELLING, TOP_UP])
amounts = st.sampled_from(
    [0, 1, CREDIT // 2, 9 * CREDIT, 10 * CREDIT, 25 * CREDIT + 7, 100 * CREDIT, 2**96 - 1]
)
allowances = st.sampled_from([0, 150 * CREDIT, 10**9 * CREDIT, 2**256 - 1, 2**256 - 1])
locks = st.sampled_from(
    [21, 100 * CREDIT, 100 * CREDIT + 1, USUAL_LOCK, 1000 * CREDIT, 1000 * CREDIT, 2**96]
)
labels = st.builds(Label, key=st.sampled_from(["gpu", "k" * 64]), value=st.sampled_from(["", "v"]))
affinities = st.builds(Affinity, label=labels, op=st.sampled_from([b"==", b"<\0", b"in"]))
odd_definitions = st.builds(
    JobDefinition,
    gpus=st.sampled_from([0, 0, 0, 2, 9]),
    mem_per_cpu=st.sampled_from([1, 1000, 1000, 10**6]),
    cpus_per_task=st.sampled_from([1, 1, 4, 65]),
    ntasks=st.sampled_from([1, 1, 2, 0]),
    batch_location_hash=st.sampled_from(["a" * 31, "b" * 40, "h" * 128]),
    storage_type=st.sampled_from(StorageType),
    uses=st.lists(labels, max_size=2).map(tuple),
    affinity=st.lists(affinities, max_size=2).map(tuple),
)
definitions = st.one_of(st.just(USUAL_JOB), st.just(USUAL_JOB), odd_definitions)
offers = st.builds(
    Offer,
    hardware=st.sampled_from([BIG_NODES, BIG_NODES, SMALL_NODE]),
    prices=st.builds(
        ProviderPrices,
        gpu_price_per_min=st.sampled_from([0, 8 * CREDIT]),
        cpu_price_per_min=st.sampled_from([CREDIT + 1, 95 * CREDIT // 100, 11 * CREDIT, 7]),
        mem_price_per_min=st.sampled_from([0, 8 * 10**13]),
    ),
    labels=st.lists(labels, max_size=2).map(tuple),
)


@dataclass(frozen=True)
class Step:
    """A deed, maybe after waiting for a moment of the job; ``offset`` in seconds from it."""

    moment: str | None
    offset: int
    deed: Deed


def deeds(*among: str) -> st.SearchStrategy[Deed]:
    """Choose one of those deeds, with whatever else it needs."""
    return st.builds(
        Deed,
        what=st.sampled_from(among),
        who=rarely_somebody,
        provider=providers,
        flag=st.booleans(),
        amount=amounts,
        text=st.sampled_from(["", "why", "é" * 200]),
        status=st.sampled_from([S.RUNNING, *sorted(COLD), *sorted(COLD), *S]),
        anchor=st.sampled_from(ANCHORS),
        beyond=st.sampled_from([0, 0, 1, -1, 3, 16]),
    )


def steps(*among: str) -> st.SearchStrategy[Step]:
    """Choose one of those deeds and when to do it."""
    return st.builds(
        Step,
        moment=st.sampled_from([None, None, None, *MOMENTS]),
        offset=st.sampled_from([0, 0, -1, 1]),
        deed=deeds(*among),
    )


statuses = st.sampled_from([S.PENDING, S.META_SCHEDULED, S.SCHEDULED, *[S.RUNNING] * 5])
"""How far a job goes undisturbed."""
ALL_DEEDS = (*USUAL_STATUSES, "next", "report", "report", "cancel", "checkpoint", "top up")
"""Those that make or end a running job's odd history come more often."""
stories = st.lists(steps(*ALL_DEEDS), min_size=1, max_size=5)
