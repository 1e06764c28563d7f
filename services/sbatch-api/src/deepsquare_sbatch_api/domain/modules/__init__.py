"""Modules: sources, references, expansion (workflow.md section 6). Pure; fetching is elsewhere."""

from deepsquare_sbatch_api.domain.modules.expansion import (
    Expansion,
    Library,
    expand,
)
from deepsquare_sbatch_api.domain.modules.loading import FetchedModule, Loading
from deepsquare_sbatch_api.domain.modules.sources import (
    CommitPrefix,
    ModuleRefused,
    ModuleSource,
    RemoteRefs,
    named_commit,
    parse_source,
    select_commit,
    unknown_ref,
)

__all__ = [
    "CommitPrefix",
    "Expansion",
    "FetchedModule",
    "Library",
    "Loading",
    "ModuleRefused",
    "ModuleSource",
    "RemoteRefs",
    "expand",
    "named_commit",
    "parse_source",
    "select_commit",
    "unknown_ref",
]
