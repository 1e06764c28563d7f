"""Is the service able to do its work, and what did it last see?"""

from dataclasses import dataclass, field

from deepsquare.chain import Job
from deepsquare.chain.statuses import ASSIGNED
from deepsquare.errors import DeepSquareError
from deepsquare.identifiers import JobId
from deepsquare_metascheduler.app.scheduler import Tick
from deepsquare_metascheduler.ports.clock import Clock


@dataclass(slots=True)
class Health:
    """The last tick and the last failure; ready while the last good tick is fresh."""

    clock: Clock
    max_age_s: float
    last_tick: Tick | None = None
    last_error: DeepSquareError | None = None
    _ticked_at_s: float = field(default=0, init=False)

    def succeeded(self, tick: Tick) -> None:
        """Note a tick that went well."""
        self.last_tick, self.last_error = tick, None
        self._ticked_at_s = self.clock.monotonic_s()

    def failed(self, error: DeepSquareError) -> None:
        """Note a tick that failed."""
        self.last_error = error

    @property
    def age_s(self) -> float | None:
        """How old the last good tick is; None before the first."""
        if self.last_tick is None:
            return None
        return self.clock.monotonic_s() - self._ticked_at_s

    @property
    def problem(self) -> str | None:
        """Why the service is not ready, or None."""
        age_s = self.age_s
        if age_s is not None and age_s <= self.max_age_s:
            return None
        if self.last_error:
            return self.last_error.message
        return "no tick yet" if age_s is None else f"the last tick was {age_s:.0f} s ago"

    def assigned_jobs(self) -> dict[JobId, Job]:
        """Return the jobs that are META_SCHEDULED, SCHEDULED or RUNNING, as last seen."""
        if self.last_tick is None:
            return {}
        jobs = (one.job for one in self.last_tick.snapshot.active)
        return {job.job_id: job for job in jobs if job.status in ASSIGNED}
