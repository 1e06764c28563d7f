"""Fetching the modules of a workflow, as long as there are some (workflow.md section 6)."""

import asyncio
from dataclasses import dataclass

from deepsquare.workflow import ParsedWorkflow
from deepsquare.workflow.model.walk import is_unexpanded, steps_of
from deepsquare_sbatch_api.domain.modules import (
    Expansion,
    FetchedModule,
    Loading,
    ModuleRefused,
    expand,
    parse_source,
)
from deepsquare_sbatch_api.ports.modules import ModuleRepositories

MAX_FETCHES = 8
"""Modules of one job that are fetched at the same time."""


class ModulesOff:
    """`ModuleRepositories` of a service that does without modules (W-MOD-6)."""

    async def fetch(self, source: object) -> FetchedModule:
        """Refuse every module."""
        del source
        raise ModuleRefused("this service does not offer modules")


@dataclass(frozen=True)
class ModuleExpander:
    """Puts the modules of a workflow in place."""

    repositories: ModuleRepositories

    async def expand(self, parsed: ParsedWorkflow) -> Expansion:
        """Fetch what is missing and expand again, until nothing is missing."""
        if not any(is_unexpanded(step) for step in steps_of(parsed.job.steps)):
            return Expansion(parsed.job, parsed.places)
        library: dict[str, FetchedModule | ModuleRefused] = {}
        gate, loading = asyncio.Semaphore(MAX_FETCHES), Loading()
        while True:
            expansion = await asyncio.to_thread(expand, parsed, library, loading)
            if not expansion.missing:
                return expansion
            missing = sorted(expansion.missing)
            found = await asyncio.gather(*(self._fetch(source, gate) for source in missing))
            library.update(zip(missing, found, strict=True))

    async def _fetch(self, source: str, gate: asyncio.Semaphore) -> FetchedModule | ModuleRefused:
        async with gate:
            try:
                return await self.repositories.fetch(parse_source(source))
            except ModuleRefused as refusal:
                return refusal
