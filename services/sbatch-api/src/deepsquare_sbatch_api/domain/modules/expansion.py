"""Puts modules in the place of the steps that use them (workflow.md section 6).

Pure: modules that are not in the library yet are named in the result; the caller fetches them and
expands again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from deepsquare.workflow import (
    ExpandedUse,
    Job,
    Module,
    ParsedWorkflow,
    PlacedStep,
    ResolvedModule,
    Step,
    StepUse,
    WorkflowError,
    WorkflowInvalid,
)
from deepsquare.workflow.convert import MAX_STEP_LEVELS
from deepsquare.workflow.document import Places
from deepsquare.workflow.whole_rules import check_expanded
from deepsquare_sbatch_api.domain.modules.bindings import (
    bind,
    missing_resources,
    reserved_exports,
    unknown_arguments,
)
from deepsquare_sbatch_api.domain.modules.children import Children
from deepsquare_sbatch_api.domain.modules.loading import (
    MAX_SECONDS,
    FetchedModule,
    Loading,
    TooCostly,
)
from deepsquare_sbatch_api.domain.modules.rebuild import rebuilt
from deepsquare_sbatch_api.domain.modules.sources import ModuleRefused

MAX_DEPTH = 8
MAX_USES = 100
"""Uses of one job (W-MOD-5)."""


Library = Mapping[str, FetchedModule | ModuleRefused]
"""What is known of each source: its file, or why it cannot be had."""


@dataclass(slots=True)
class Expansion:
    """A job with its modules in place, as far as the library reached.

    ``missing`` names sources to fetch. ``errors`` are final only when nothing is missing.
    """

    job: Job
    places: Places
    missing: set[str] = field(default_factory=set)
    errors: list[WorkflowError] = field(default_factory=list)
    warnings: list[WorkflowError] = field(default_factory=list)
    modules: dict[str, ResolvedModule] = field(default_factory=dict)
    """Modules in place, by source."""


Chain = tuple[ResolvedModule, ...]
"""The modules that are being expanded, outermost first."""


def expand(parsed: ParsedWorkflow, library: Library, loading: Loading | None = None) -> Expansion:
    """Expand all modules of a workflow that the library holds.

    ``loading`` is the same each time one workflow is expanded, as its library grows.
    Once all are in place, the rules on the whole are checked again (W-MOD-9).
    """
    expansion = Expansion(parsed.job, Places(parsed.places))
    expansion.job = _Expander(parsed.job, library, expansion, loading or Loading()).job()
    if not expansion.missing and not expansion.errors:
        _check_whole(expansion)
    return expansion


def _check_whole(expansion: Expansion) -> None:
    places, reports = expansion.places.with_fresh_reports()
    check_expanded(expansion.job, places)
    for report in reports:
        errors, _ = report.errors()
        expansion.errors += errors
        expansion.warnings += report.warnings()


class _Expander:
    def __init__(self, job: Job, library: Library, expansion: Expansion, loading: Loading) -> None:
        self._job = job
        self._library = library
        self._loading = loading
        self._expansion = expansion
        self._places = expansion.places
        self._uses = 0
        self._level = 0
        self._is_too_deep = False
        self._is_too_costly = False

    def job(self) -> Job:
        steps = self._steps(self._job.steps, ())
        return rebuilt(self._job, self._places, steps=steps)

    def _steps(self, steps: tuple[Step, ...], chain: Chain) -> tuple[Step, ...]:
        return tuple(self._step(step, chain) for step in steps)

    def _step(self, step: Step, chain: Chain) -> Step:
        if isinstance(step, PlacedStep):
            # Its own modules were expanded where its author wrote it.
            return step
        self._level += 1
        try:
            return step if self._exceeds_levels(step) else self._rebuilt_step(step, chain)
        finally:
            self._level -= 1

    def _exceeds_levels(self, step: Step) -> bool:
        if self._level > MAX_STEP_LEVELS and not self._is_too_deep:
            self._is_too_deep = True
            message = f"with its modules, the job nests steps deeper than {MAX_STEP_LEVELS} levels"
            self._expansion.errors.append(
                self._places.problem(step, "", type_="parse", tag="limit", message=message)
            )
        return self._level > MAX_STEP_LEVELS

    def _rebuilt_step(self, step: Step, chain: Chain) -> Step:
        changes: dict[str, object] = {"steps": self._steps(step.steps, chain)}
        for name, body in (("for_", step.for_), ("launch", step.launch)):
            if body is not None:
                inner = self._steps(body.steps, chain)
                changes[name] = rebuilt(body, self._places, steps=inner)
        if step.use is not None:
            changes["use"] = self._use(step, step.use, chain)
        changes["catch"] = self._steps(step.catch, chain)
        changes["finally_"] = self._steps(step.finally_, chain)
        return rebuilt(step, self._places, **changes)

    def _use(self, step: Step, use: StepUse, chain: Chain) -> StepUse:
        own = rebuilt(use, self._places, steps=self._steps(use.steps, chain))
        self._uses += 1
        if self._uses > MAX_USES:
            if self._uses == MAX_USES + 1:
                self._refuse(use, f"a job uses at most {MAX_USES} modules", tag="limit")
            return own
        found = self._library.get(use.source)
        if found is None:
            self._expansion.missing.add(use.source)
        elif isinstance(found, ModuleRefused):
            self._refuse(use, str(found))
        elif self._may_nest(use, found.resolved, chain):
            return self._expanded(step, own, found, chain)
        return own

    def _may_nest(self, use: StepUse, resolved: ResolvedModule, chain: Chain) -> bool:
        identity = (resolved.repository, resolved.path, resolved.commit)
        if identity in ((each.repository, each.path, each.commit) for each in chain):
            listed = " -> ".join([*(each.source for each in chain), use.source])
            self._refuse(use, f"modules use each other in a circle: {listed}", tag="cycle")
            return False
        if len(chain) >= MAX_DEPTH:
            self._refuse(use, f"modules are nested deeper than {MAX_DEPTH} levels", tag="limit")
            return False
        return True

    def _expanded(self, step: Step, use: StepUse, found: FetchedModule, chain: Chain) -> StepUse:
        children = Children(use.steps, self._places)
        module = self._loaded(step, use, found, children)
        if module is None:
            return use
        self._expansion.modules[use.source] = found.resolved
        self._check(use, module, children)
        expanded = ExpandedUse(
            source=use.source,
            args=use.args,
            export_env_as=use.export_env_as,
            steps=use.steps,
            resolved=found.resolved,
            module=module,
            bindings=bind(module, use),
            outputs=tuple(output.key for output in module.outputs),
            body=self._steps(module.steps, (*chain, found.resolved)),
        )
        self._places.move(use, expanded)
        return expanded

    def _loaded(
        self, step: Step, use: StepUse, found: FetchedModule, children: Children
    ) -> Module | None:
        try:
            parsed = self._loading.load(self._job, step, found, use=use, children=children)
        except WorkflowInvalid as invalid:
            self._expansion.errors += invalid.errors
            return None
        except TooCostly:
            self._refuse_cost(use)
            return None
        self._places.update(parsed.places)
        self._expansion.warnings += parsed.warnings
        return parsed.module

    def _refuse_cost(self, use: StepUse) -> None:
        if not self._is_too_costly:
            self._is_too_costly = True
            message = f"putting the modules of this job in place takes more than {MAX_SECONDS:g} s"
            self._refuse(use, message, tag="limit")

    def _check(self, use: StepUse, module: Module, children: Children) -> None:
        errors, places = self._expansion.errors, self._places
        for arg, message in unknown_arguments(module, use):
            errors.append(
                places.problem(arg, "key", type_="validation", tag="unknown_arg", message=message)
            )
        for message in reserved_exports(module, use):
            errors.append(
                places.problem(
                    use, "exportEnvAs", type_="validation", tag="reserved", message=message
                )
            )
        for message in missing_resources(module, self._job):
            self._refuse(use, message, tag="resources")
        if unplaced := children.unplaced():
            message = f"the module does not place {unplaced} of these {len(use.steps)} steps"
            self._expansion.warnings.append(
                places.problem(use, "steps", type_="warning", tag="child", message=message)
            )

    def _refuse(self, use: StepUse, message: str, *, tag: str = "module") -> None:
        self._expansion.errors.append(
            self._places.problem(use, "source", type_="module", tag=tag, message=message)
        )
