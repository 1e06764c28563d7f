"""Does a job fit a provider's hardware (protocol.md 3.3)?"""

from dataclasses import dataclass
from enum import IntEnum

from deepsquare.chain import JobDefinition, ProviderHardware


class Resource(IntEnum):
    """The resources of the contract's `InsufficientHardware`, in the order it checks them."""

    CPUS = 0
    MEMORY_MB = 1
    GPUS = 2
    CPUS_OF_ONE_NODE = 3


@dataclass(frozen=True, slots=True)
class Shortage:
    """What a provider has too little of."""

    resource: Resource
    required: int
    available: int

    def __str__(self) -> str:
        if self.resource is Resource.CPUS_OF_ONE_NODE:
            return f"no node holds one task of {self.required} CPUs and its memory"
        name = self.resource.name.replace("_", " ").lower()
        return f"{name}: {self.required} needed, {self.available} there"


@dataclass(frozen=True, slots=True)
class Capacity:
    """An amount of CPUs, memory and GPUs."""

    cpus: int = 0
    memory_mb: int = 0
    gpus: int = 0

    def __add__(self, other: "Capacity") -> "Capacity":
        return Capacity(
            self.cpus + other.cpus, self.memory_mb + other.memory_mb, self.gpus + other.gpus
        )

    def __sub__(self, other: "Capacity") -> "Capacity":
        return Capacity(
            self.cpus - other.cpus, self.memory_mb - other.memory_mb, self.gpus - other.gpus
        )

    def holds(self, demand: "Capacity") -> bool:
        """Tell whether the demand fits into this."""
        return (
            demand.cpus <= self.cpus
            and demand.memory_mb <= self.memory_mb
            and demand.gpus <= self.gpus
        )

    def share_of(self, whole: "Capacity") -> float:
        """Return the largest share of any resource that this takes of ``whole``, 0 to 1."""
        pairs = (
            (self.cpus, whole.cpus),
            (self.memory_mb, whole.memory_mb),
            (self.gpus, whole.gpus),
        )
        return max((part / total for part, total in pairs if total), default=0.0)


def demand_of(definition: JobDefinition) -> Capacity:
    """Return what a job takes while it is assigned."""
    cpus = definition.ntasks * definition.cpus_per_task
    return Capacity(cpus, cpus * definition.mem_per_cpu, definition.gpus)


def capacity_of(hardware: ProviderHardware) -> Capacity:
    """Return the sum over all nodes."""
    return Capacity(
        sum(hardware.cpus_per_node), sum(hardware.mem_per_node), sum(hardware.gpus_per_node)
    )


def shortage(
    definition: JobDefinition, hardware: ProviderHardware, whole: Capacity
) -> Shortage | None:
    """Return what an empty provider has too little of, as the contract would, or None.

    ``whole`` is `capacity_of` the hardware, which callers keep: a provider has up to 1,024 nodes.
    """
    demand = demand_of(definition)
    checks = (
        Shortage(Resource.CPUS, demand.cpus, whole.cpus),
        Shortage(Resource.MEMORY_MB, demand.memory_mb, whole.memory_mb),
        Shortage(Resource.GPUS, demand.gpus, whole.gpus),
    )
    for check in checks:
        if check.required > check.available:
            return check
    if _has_node_for_a_task(definition, hardware):
        return None
    return Shortage(Resource.CPUS_OF_ONE_NODE, definition.cpus_per_task, 0)


def _has_node_for_a_task(definition: JobDefinition, hardware: ProviderHardware) -> bool:
    memory_mb = definition.cpus_per_task * definition.mem_per_cpu
    nodes = zip(hardware.cpus_per_node, hardware.mem_per_node, strict=True)
    return any(cpus >= definition.cpus_per_task and memory >= memory_mb for cpus, memory in nodes)
