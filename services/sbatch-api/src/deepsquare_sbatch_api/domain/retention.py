"""How long scripts and logs are kept (api.md section 1, Retention)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from deepsquare.identifiers import BatchLocationHash, JobId


@dataclass(frozen=True)
class Retention:
    """How long each thing outlives its use."""

    unreferenced_script: timedelta = timedelta(hours=24)
    ended_script: timedelta = timedelta(hours=24)
    log: timedelta = timedelta(days=30)

    @property
    def shortest_script(self) -> timedelta:
        """Age below which no script can have expired."""
        return min(self.unreferenced_script, self.ended_script)


@dataclass(frozen=True)
class JobLink:
    """A job that refers to a script; it is hot while `ended_at` is None."""

    job_id: JobId
    ended_at: datetime | None


@dataclass(frozen=True)
class ScriptUse:
    """A kept script, and the jobs seen referring to it."""

    hash: BatchLocationHash
    stored_at: datetime
    links: tuple[JobLink, ...]

    @property
    def is_hot(self) -> bool:
        """Whether a job that refers to the script has not ended."""
        return any(link.ended_at is None for link in self.links)


def is_script_expired(use: ScriptUse, *, now: datetime, rule: Retention) -> bool:
    """Tell whether a script may go: never while a job that refers to it is hot."""
    if not use.links:
        return use.stored_at + rule.unreferenced_script <= now
    ends = [link.ended_at for link in use.links]
    return all(end is not None and end + rule.ended_script <= now for end in ends)


def is_log_expired(ended_at: datetime | None, *, now: datetime, rule: Retention) -> bool:
    """Tell whether the log of a job that ended at `ended_at`, None while it is hot, may go."""
    return ended_at is not None and ended_at + rule.log <= now
