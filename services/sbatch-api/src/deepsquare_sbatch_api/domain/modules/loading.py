"""Makes the file of a module into its model for one use, within bounded time."""

import time
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
from deepsquare.workflow.errors import without_values
from deepsquare_sbatch_api.domain.modules.children import Children
from deepsquare_sbatch_api.domain.templates import TemplateError, render_template, template_data

MAX_SECONDS = 10.0
"""Processor time that the modules of one job may take; published ones take a millisecond each."""


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
        source, secrets = found.resolved.file, [arg.value for arg in use.args]
        try:
            text = render_template(found.text, template_data(job, step, use))
            parsed = parse_module(text, source=source, place_child=children.place)
        except TemplateError as error:
            return WorkflowInvalid([_template_problem(error, source)])
        except WorkflowInvalid as invalid:
            return WorkflowInvalid(without_values(invalid.errors, secrets))
        finally:
            self.seconds_left -= time.thread_time() - started
        return replace(parsed, warnings=without_values(parsed.warnings, secrets))


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
