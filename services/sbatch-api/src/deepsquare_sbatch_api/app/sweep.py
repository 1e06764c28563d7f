"""Dropping what has outlived its use; nothing is dropped while the chain cannot be asked."""

from dataclasses import dataclass

from deepsquare.identifiers import BatchLocationHash, JobId
from deepsquare_sbatch_api.app.survey import Survey
from deepsquare_sbatch_api.domain.retention import Retention, is_log_expired, is_script_expired
from deepsquare_sbatch_api.ports.clock import Clock
from deepsquare_sbatch_api.ports.jobs import JobDirectory
from deepsquare_sbatch_api.ports.logs import LogStore
from deepsquare_sbatch_api.ports.scripts import ScriptStore


@dataclass(frozen=True)
class Swept:
    """What one pass dropped."""

    scripts: tuple[BatchLocationHash, ...] = ()
    logs: tuple[JobId, ...] = ()


@dataclass(frozen=True)
class Sweep:
    """Applies the retention rules."""

    survey: Survey
    scripts: ScriptStore
    logs: LogStore
    jobs: JobDirectory
    clock: Clock
    rule: Retention

    async def run(self) -> Swept:
        """Make one pass; raises `ChainUnavailable` or `StoreUnavailable`.

        Logs go first: on a full disk that makes the room which the links of scripts need.
        """
        logs = await self._logs()
        await self.survey.run()
        return Swept(await self._scripts(), logs)

    async def _scripts(self) -> tuple[BatchLocationHash, ...]:
        now = self.clock.now()
        old = await self.scripts.uses(stored_by=now - self.rule.shortest_script)
        expired = [use for use in old if is_script_expired(use, now=now, rule=self.rule)]
        return tuple([use.hash for use in expired if await self.scripts.drop(use)])

    async def _logs(self) -> tuple[JobId, ...]:
        now, dropped = self.clock.now(), []
        for job_id in await self.logs.idle_since(now - self.rule.log):
            job = await self.jobs.find(job_id)
            if job is not None and is_log_expired(job.ended_at, now=now, rule=self.rule):
                await self.logs.delete(job_id)
                dropped.append(job_id)
        return tuple(dropped)
