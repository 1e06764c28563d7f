"""Makes the file of a module into its model for one use, within bounded time."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from deepsquare.workflow import (
    Job,
    ParsedModule,
    ResolvedModule,
    Step,
    StepUse,
    WorkflowError,
    WorkflowInvalid,
    parse_module,
)
from deepsquare.workflow.errors import SHOWN_CHARACTERS
from deepsquare_sbatch_api.domain.modules.children import Children
from deepsquare_sbatch_api.domain.templates import TemplateError, render_template, template_data

MAX_SECONDS = 10.0
"""Processor time that the modules of one job may take; published ones take a millisecond each."""

_ECHO = '; got "'
_SHOWN = SHOWN_CHARACTERS - 1
_LEAST_SECRET = 6
"""Characters of an argument that is searched for in all of a message, not only in its echo."""


@dataclass(frozen=True, slots=True)
class FetchedModule:
    """A module file as it stood at its commit."""

    resolved: ResolvedModule
    text: str


class TooCostly(Exception):
    """The modules of the job take too long."""


@dataclass(slots=True)
class Loading:
    """Loads the modules of one job, those without children once however often it is expanded."""

    seconds_left: float = MAX_SECONDS
    _known: dict[int, tuple[StepUse, ParsedModule | WorkflowInvalid]] = field(default_factory=dict)
    """Outcomes by the identity of the use; holding the use keeps the identity its own."""

    def load(
        self, job: Job, step: Step, found: FetchedModule, *, use: StepUse, children: Children
    ) -> ParsedModule:
        """Return the module for a use; raises `WorkflowInvalid` or `TooCostly`."""
        _, outcome = self._known.get(id(use), (use, None))
        if outcome is None:
            outcome = self._timed(job, step, found, use=use, children=children)
        if not use.steps:
            self._known[id(use)] = (use, outcome)
        if isinstance(outcome, WorkflowInvalid):
            raise outcome
        return outcome

    def _timed(
        self, job: Job, step: Step, found: FetchedModule, *, use: StepUse, children: Children
    ) -> ParsedModule | WorkflowInvalid:
        if self.seconds_left <= 0:
            raise TooCostly
        started = time.thread_time()
        source = found.resolved.file
        try:
            text = render_template(found.text, template_data(job, step, use))
            parsed = parse_module(text, source=source, place_child=children.place)
        except TemplateError as error:
            return WorkflowInvalid([_template_problem(error, source)])
        except WorkflowInvalid as invalid:
            return WorkflowInvalid(_without_arguments(invalid.errors, use))
        finally:
            self.seconds_left -= time.thread_time() - started
        return replace(parsed, warnings=tuple(_without_arguments(parsed.warnings, use)))


def _without_arguments(problems: Iterable[WorkflowError], use: StepUse) -> list[WorkflowError]:
    """Hide arguments that a template has put where they are no secret any more (W-ERR-4)."""
    lines = {line[:_SHOWN] for arg in use.args for line in arg.value.splitlines() if line}
    if not lines:
        return list(problems)
    parts = sorted(lines, key=len, reverse=True)
    return [replace(each, message=_hidden(each.message, parts)) for each in problems]


def _hidden(message: str, parts: list[str]) -> str:
    start, mark, echo = message.rpartition(_ECHO)
    if mark and any(part in echo for part in parts):
        message = f'{start}{mark}***"'
    for part in parts:
        if len(part) >= _LEAST_SECRET:
            message = message.replace(part, "***")
    return message


def _template_problem(error: TemplateError, source: str) -> WorkflowError:
    return WorkflowError(
        type="module",
        tag="template",
        namespace="Module",
        field="Module",
        message=error.message,
        line=error.line,
        column=error.column,
        source=source,
    )
