"""Where module files come from."""

from typing import Protocol

from deepsquare_sbatch_api.domain.modules import FetchedModule, ModuleSource


class ModuleRepositories(Protocol):
    """The repositories that hold published modules."""

    async def fetch(self, source: ModuleSource) -> FetchedModule:
        """Return the module file at the commit that the source means now.

        Raises `ModuleRefused` for whatever reason it cannot be had (W-MOD-7).
        """
