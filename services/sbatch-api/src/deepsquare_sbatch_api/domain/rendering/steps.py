"""Steps to functions of the script (workflow.md 3.7 to 3.11, 3.15).

Every step becomes a function `__ds_step_<path>` and one per part it has (condition, body, ...).
The parts are calls of the fixed runtime with quoted data; control flow is the runtime's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from deepsquare.workflow import Step, StepAsyncLaunch, StepFor
from deepsquare.workflow.model.expansion import ExpandedUse, PlacedStep, ResolvedModule
from deepsquare_sbatch_api.domain.rendering.draft import Draft
from deepsquare_sbatch_api.domain.rendering.environment import entries
from deepsquare_sbatch_api.domain.rendering.runs import RunRenderer
from deepsquare_sbatch_api.domain.rendering.scopes import Place
from deepsquare_sbatch_api.domain.rendering.shell import (
    ArrayAssignment,
    Command,
    Comment,
    Function,
    Node,
    Word,
    literal,
)


class StepNote(NamedTuple):
    """A step of the rendered tree: its path, what it is, and what it holds."""

    path: str
    name: str
    kind: str
    children: tuple["StepNote", ...] = ()


@dataclass(slots=True)
class StepRenderer:
    """Renders steps into functions of a draft."""

    runs: RunRenderer
    limit_of: Callable[[StepFor], int]
    draft: Draft
    modules: list[ResolvedModule] = field(default_factory=list)

    def steps(self, steps: Sequence[Step], place: Place) -> tuple[list[Word], list[StepNote]]:
        """Render a list; return the names of its functions and its tree."""
        names: list[Word] = []
        notes: list[StepNote] = []
        for index, step in enumerate(steps):
            at = place.child(str(index))
            at = at.outward(step.levels) if isinstance(step, PlacedStep) else at
            notes.append(self.step(step, at))
            names.append(literal(at.function("step")))
        return names, notes

    def block(self, part: str, steps: Sequence[Step], place: Place) -> list[StepNote]:
        """Render a list as the function of a part: a group's body, `catch` or `finally`."""
        inner = place if part == "body" else place.child(part)
        names, notes = self.steps(steps, inner)
        self.draft.nodes.append(Function(place.function(part), [Command("__ds_list", names)]))
        return notes

    def step(self, step: Step, place: Place) -> StepNote:
        """Render one step with all its parts."""
        parts: list[str] = []
        if step.depends_on:
            self._depends(step, place, parts)
        if step.if_:
            words = [literal(place.path), literal(step.if_)]
            self.draft.nodes.append(Function(place.function("if"), [Command("__ds_if", words)]))
            parts.append("if")
        kind, children = self._body(step, place)
        if kind:
            parts.append("body")
        for part, block in (("catch", step.catch), ("finally", step.finally_)):
            if block:
                children += self.block(part, block, place)
                parts.append(part)
        self._function(step, place, parts)
        return StepNote(place.path, step.name or "", kind or "empty", tuple(children))

    def _function(self, step: Step, place: Place, parts: list[str]) -> None:
        is_launch = step.launch is not None
        words = [
            literal(place.path),
            literal(step.name or ""),
            literal(str(0 if is_launch else step.timeout or 0)),
            literal(str(0 if is_launch else step.retries)),
            literal(" ".join(parts)),
        ]
        call: Node = Command("__ds_step", words)
        if isinstance(step, PlacedStep):
            call = Command(
                "__ds_with_env_file", [literal(str(place.env_index)), literal("__ds_step"), *words]
            )
        self.draft.nodes.append(Function(place.function("step"), [call]))

    def _depends(self, step: Step, place: Place, parts: list[str]) -> None:
        self.draft.parts |= {"scopes", "launches"}
        paths = [literal(place.handles[handle.lower()]) for handle in step.depends_on]
        call = Command("__ds_await_launches", paths)
        self.draft.nodes.append(Function(place.function("depends"), [call]))
        parts.append("depends")

    def _body(self, step: Step, place: Place) -> tuple[str, list[StepNote]]:
        if step.run is not None:
            self.runs.render(step.run, name=step.name or "", place=place)
            return "run", []
        if step.for_ is not None:
            return "for", self._loop(step.for_, place)
        if step.launch is not None:
            return "launch", self._launch(step, step.launch, place)
        if isinstance(step.use, ExpandedUse):
            return "use", self._use(step.use, place)
        if step.steps:
            return "steps", self.block("body", step.steps, place)
        return "", []

    def _loop(self, loop: StepFor, place: Place) -> list[StepNote]:
        self.draft.parts |= {"scopes", "launches", "loops"}
        inner = place.nested_scope()
        names, notes = self.steps(loop.steps, inner)
        body = place.function("list")
        self.draft.nodes.append(Function(body, [Command("__ds_list", names)]))
        variable = "item" if loop.range is None else "index"
        items = [literal(item) for item in loop.items or ()]
        nodes: list[Node] = [ArrayAssignment("__ds_loop", items)]
        if loop.range is not None:
            bounds = (loop.range.begin, loop.range.end, loop.range.increment or 1)
            nodes.append(Command("__ds_count", [literal(str(bound)) for bound in bounds]))
        nodes.append(self._loop_call(loop, place, [literal(variable), literal(body)]))
        self.draft.nodes.append(Function(place.function("body"), nodes))
        return notes

    def _loop_call(self, loop: StepFor, place: Place, words: list[Word]) -> Command:
        if not loop.parallel:
            return Command("__ds_sequential", words)
        limit = literal(str(self.limit_of(loop)))
        return Command("__ds_parallel", [literal(place.path), *words, limit])

    def _launch(self, step: Step, launch: StepAsyncLaunch, place: Place) -> list[StepNote]:
        self.draft.parts |= {"scopes", "launches"}
        names, notes = self.steps(launch.steps, place.nested_scope())
        body = place.function("list")
        self.draft.nodes.append(Function(body, [Command("__ds_list", names)]))
        words = [
            literal(place.path),
            literal(str(launch.signal_on_parent_step_exit)),
            literal(str(step.timeout or 0)),
            literal(str(step.retries)),
            literal(body),
        ]
        self.draft.nodes.append(Function(place.function("body"), [Command("__ds_launch", words)]))
        if launch.handle_name:
            place.handles[launch.handle_name.lower()] = place.path
        return notes

    def _use(self, use: ExpandedUse, place: Place) -> list[StepNote]:
        self.draft.parts |= {"scopes", "launches", "modules"}
        self.modules.append(use.resolved)
        names, notes = self.steps(use.body, place.module_scope())
        body, bindings = place.function("list"), place.function("bind")
        self.draft.nodes.append(Function(body, [Command("__ds_list", names)]))
        self.draft.nodes.append(entries(bindings, use.bindings))
        exported = [literal(key) for key in use.outputs] if use.export_env_as else []
        words = [literal(place.path), literal(bindings), literal(body)]
        call = Command("__ds_use", [*words, literal(use.export_env_as or ""), *exported])
        self.draft.nodes.append(
            Function(place.function("body"), [Comment(use.resolved.file), call])
        )
        return notes
