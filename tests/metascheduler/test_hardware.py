"""Hardware fit exactly as the contract checks it (protocol.md 3.3, vectors 31 to 33)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepsquare.testing import a_definition, some_hardware
from deepsquare_metascheduler.domain.hardware import (
    Capacity,
    Resource,
    Shortage,
    capacity_of,
    demand_of,
    shortage,
)

TWO_NODES = ((64, 256_000, 0), (64, 256_000, 0))
MIXED = ((128, 64_000, 0), (8, 1_000_000, 0))


def lacking(
    nodes: tuple[tuple[int, int, int], ...],
    tasks: int,
    cpus: int,
    memory: int,
    gpus: int = 0,
) -> Shortage | None:
    hardware = some_hardware(*nodes)
    job = a_definition(ntasks=tasks, cpus_per_task=cpus, mem_per_cpu_mb=memory, gpus=gpus)
    return shortage(job, hardware, capacity_of(hardware))


@pytest.mark.parametrize(
    ("nodes", "job", "expected"),
    [
        (TWO_NODES, (5, 32, 1), Shortage(Resource.CPUS, 160, 128)),
        (TWO_NODES, (1, 65, 1), Shortage(Resource.CPUS_OF_ONE_NODE, 65, 0)),
        (TWO_NODES, (1, 4, 100_000), Shortage(Resource.CPUS_OF_ONE_NODE, 4, 0)),
        (MIXED, (1, 64, 8000), Shortage(Resource.CPUS_OF_ONE_NODE, 64, 0)),
        (MIXED, (1, 8, 8000), None),
        (TWO_NODES, (4, 32, 4000), None),
        (TWO_NODES, (4, 32, 4001), Shortage(Resource.MEMORY_MB, 512_128, 512_000)),
    ],
    ids=["31", "32a", "32b", "33", "mixed-fits", "exact-fit", "memory"],
)
def test_shortage__vectors__are_those_of_the_contract(
    nodes: tuple[tuple[int, int, int], ...],
    job: tuple[int, int, int],
    expected: Shortage | None,
) -> None:
    assert lacking(nodes, *job) == expected


def test_shortage__gpus__are_summed_over_the_nodes() -> None:
    nodes = ((8, 1000, 1), (8, 1000, 1))
    assert lacking(nodes, 1, 1, 1, gpus=2) is None
    assert lacking(nodes, 1, 1, 1, gpus=3) == Shortage(Resource.GPUS, 3, 2)


def test_shortage__in_words__names_the_numbers() -> None:
    assert str(Shortage(Resource.MEMORY_MB, 5, 4)) == "memory mb: 5 needed, 4 there"
    assert "one task of 65 CPUs" in str(Shortage(Resource.CPUS_OF_ONE_NODE, 65, 0))


sizes = st.integers(1, 2**32)
node_lists = st.lists(st.tuples(sizes, sizes, sizes), min_size=1, max_size=5).map(tuple)


@given(node_lists, st.integers(1, 9), sizes, sizes)
def test_shortage__none__means_that_each_rule_holds(
    nodes: tuple[tuple[int, int, int], ...], tasks: int, cpus: int, memory: int
) -> None:
    fits = lacking(nodes, tasks, cpus, memory) is None
    assert fits == (
        tasks * cpus <= sum(n[0] for n in nodes)
        and tasks * cpus * memory <= sum(n[1] for n in nodes)
        and any(n[0] >= cpus and n[1] >= cpus * memory for n in nodes)
    )


def test_capacity__share__is_that_of_the_scarcest_resource() -> None:
    whole = Capacity(cpus=10, memory_mb=100, gpus=0)
    assert Capacity(5, 10, 0).share_of(whole) == 0.5
    assert Capacity(0, 90, 0).share_of(whole) == 0.9
    assert Capacity().share_of(Capacity()) == 0


def test_demand__of_a_job__counts_all_tasks() -> None:
    job = a_definition(ntasks=3, cpus_per_task=4, mem_per_cpu_mb=100, gpus=2)
    assert demand_of(job) == Capacity(12, 1200, 2)
