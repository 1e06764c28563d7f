"""A workflow whose modules have been put in place (workflow.md 3.15 and 6).

These types never stand in documents: module expansion makes them, rules and rendering read them.
"""

from dataclasses import dataclass, fields
from typing import Self

from deepsquare.workflow.model.modules import Module
from deepsquare.workflow.model.runs import EnvVar
from deepsquare.workflow.model.steps import Step, StepUse


@dataclass(frozen=True, slots=True)
class ResolvedModule:
    """Which module stands at a `use`: as written, and what it was at submission (W-MOD-3)."""

    source: str
    repository: str
    """``https://host/owner/repo``."""
    path: str
    """Directory of ``module.yaml`` in the repository, "" for its root."""
    commit: str
    """40 hex digits."""

    @property
    def file(self) -> str:
        """The module file as errors name it: ``<repository>/<path>@<commit>`` (W-ERR-6)."""
        place = f"{self.repository.removeprefix('https://')}/{self.path}".rstrip("/")
        return f"{place}@{self.commit}"


@dataclass(frozen=True, kw_only=True)
class ExpandedUse(StepUse):
    """A `use` whose module has been fetched, templated and expanded."""

    resolved: ResolvedModule
    module: Module
    bindings: tuple[EnvVar, ...]
    """Declared inputs that have an argument or a default, in declared order (W-USE-1)."""
    outputs: tuple[str, ...]
    """Names the module hands back (W-USE-2)."""
    body: tuple[Step, ...]
    """The module's steps; the customer's own among them are `PlacedStep`."""


@dataclass(frozen=True, kw_only=True)
class PlacedStep(Step):
    """A child of a `use` at the place its module gave it (W-USE-3).

    Itself and all inside it belong to the scope that stands ``levels`` uses further out: handles
    and the environment file are those of that scope.
    """

    levels: int = 1

    @classmethod
    def of(cls, step: Step) -> Self:
        """Mark a child; one that was handed on by another module is one level further out."""
        levels = 1 + (step.levels if isinstance(step, PlacedStep) else 0)
        own = {field.name: getattr(step, field.name) for field in fields(Step)}
        return cls(**own, levels=levels)
