"""Demand of steps, and what of a job can run at once (workflow.md 2.4, V-FIT, V-PEAK, W-FOR-5)."""

from dataclasses import dataclass

from deepsquare.workflow.model import JobResources, StepRun, StepRunResources


@dataclass(frozen=True, slots=True)
class Demand:
    """Resources needed at one time: tasks, CPUs, memory in MB, GPUs."""

    tasks: int = 0
    cpus: int = 0
    mem_mb: int = 0
    gpus: int = 0

    def __add__(self, other: "Demand") -> "Demand":
        if self is NOTHING or other is NOTHING:
            return other if self is NOTHING else self
        return Demand(
            self.tasks + other.tasks,
            self.cpus + other.cpus,
            self.mem_mb + other.mem_mb,
            self.gpus + other.gpus,
        )

    def __sub__(self, other: "Demand") -> "Demand":
        return self + other * -1

    def __mul__(self, count: int) -> "Demand":
        return Demand(self.tasks * count, self.cpus * count, self.mem_mb * count, self.gpus * count)

    def __floordiv__(self, count: int) -> "Demand":
        return Demand(
            self.tasks // count, self.cpus // count, self.mem_mb // count, self.gpus // count
        )

    def __or__(self, other: "Demand") -> "Demand":
        """Return the component-wise maximum."""
        if other.fits(self):
            return self
        if self.fits(other):
            return other
        return Demand(
            max(self.tasks, other.tasks),
            max(self.cpus, other.cpus),
            max(self.mem_mb, other.mem_mb),
            max(self.gpus, other.gpus),
        )

    def fits(self, room: "Demand") -> bool:
        """Tell whether there is enough of everything."""
        return (
            self.tasks <= room.tasks
            and self.cpus <= room.cpus
            and self.mem_mb <= room.mem_mb
            and self.gpus <= room.gpus
        )

    def beyond(self, room: "Demand") -> list[str]:
        """Say what there is too little of: ``2 tasks of 1``."""
        return [
            f"{need} {name} of {have}"
            for name, need, have in (
                ("tasks", self.tasks, room.tasks),
                ("CPUs", self.cpus, room.cpus),
                ("MB", self.mem_mb, room.mem_mb),
                ("GPUs", self.gpus, room.gpus),
            )
            if need > have
        ]

    def times_within(self, room: "Demand") -> int:
        """Return how often this fits, at least 1 (W-FOR-5)."""
        ratios = [
            have // need
            for need, have in (
                (self.tasks, room.tasks),
                (self.cpus, room.cpus),
                (self.mem_mb, room.mem_mb),
                (self.gpus, room.gpus),
            )
            if need > 0
        ]
        return max(1, min(ratios, default=1))


NOTHING = Demand()
_DEFAULTS = StepRunResources()


def capacity_of(job: JobResources) -> Demand:
    """Return what the job reserves in total."""
    cpus = job.tasks * job.cpus_per_task
    return Demand(job.tasks, cpus, cpus * job.mem_per_cpu, job.gpus)


def demand_of(run: StepRun, job: JobResources) -> Demand:
    """Return what a run needs; CPUs and memory default to the job's per task and per CPU."""
    own = run.resources or _DEFAULTS
    cpus = own.tasks * (own.cpus_per_task or job.cpus_per_task)
    mem_mb = cpus * (own.mem_per_cpu or job.mem_per_cpu)
    return Demand(own.tasks, cpus, mem_mb, own.tasks * own.gpus_per_task)
