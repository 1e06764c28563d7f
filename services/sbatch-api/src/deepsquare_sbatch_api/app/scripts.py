"""Handing out scripts to those who may have them."""

from dataclasses import dataclass

from deepsquare.identifiers import Address, BatchLocationHash, JobId
from deepsquare_sbatch_api.app.survey import Survey
from deepsquare_sbatch_api.domain.access import may_run_script
from deepsquare_sbatch_api.domain.errors import NotFound, ScriptInUse
from deepsquare_sbatch_api.ports.jobs import JobDirectory
from deepsquare_sbatch_api.ports.scripts import ScriptStore

_MISSING = "script"


@dataclass(frozen=True)
class Scripts:
    """Reads and deletes scripts on behalf of an account."""

    scripts: ScriptStore
    jobs: JobDirectory
    survey: Survey

    async def fetch(
        self, script_hash: BatchLocationHash, *, job_id: JobId | None, caller: Address
    ) -> bytes:
        """Return a script to its submitter, or to the provider that holds the job with it.

        Anybody else gets `NotFound`, whether it exists or not.
        """
        script = await self.scripts.find(script_hash)
        if script is not None and script.submitter == caller:
            return script.content
        if job_id is None or not await self._is_holder(caller, script_hash, job_id):
            raise NotFound(_MISSING)
        if script is None:
            raise NotFound(_MISSING)
        await self.scripts.link(script_hash, job_id)
        return script.content

    async def fetch_for_any_job(self, script_hash: BatchLocationHash, *, caller: Address) -> bytes:
        """Return a script as `fetch` does, for a provider that does not name the job.

        Only jobs that are known to refer to the script are asked about.
        """
        use = await self.scripts.use_of(script_hash)
        for link in use.links if use else ():
            if link.ended_at is None and await self._is_holder(caller, script_hash, link.job_id):
                return await self.fetch(script_hash, job_id=link.job_id, caller=caller)
        return await self.fetch(script_hash, job_id=None, caller=caller)

    async def delete(self, script_hash: BatchLocationHash, *, caller: Address) -> None:
        """Drop the caller's own script; raises `NotFound`, `ScriptInUse`."""
        script = await self.scripts.find(script_hash)
        if script is None or script.submitter != caller:
            raise NotFound(_MISSING)
        await self.survey.run()
        use = await self.scripts.use_of(script_hash)
        if use is not None and (use.is_hot or not await self.scripts.drop(use)):
            raise ScriptInUse

    async def _is_holder(
        self, caller: Address, script_hash: BatchLocationHash, job_id: JobId
    ) -> bool:
        job = await self.jobs.find(job_id)
        return job is not None and may_run_script(caller, script=script_hash, job=job)
