"""Walks over the steps of a workflow, modules included where they are expanded."""

from collections.abc import Iterator

from deepsquare.workflow.model.expansion import ExpandedUse
from deepsquare.workflow.model.runs import StepRun
from deepsquare.workflow.model.steps import Step


def blocks_of(step: Step) -> tuple[tuple[Step, ...], ...]:
    """Return the lists of steps that a step holds; a module's steps in place of its children."""
    body = step.steps
    if step.for_ is not None:
        body = step.for_.steps
    elif step.launch is not None:
        body = step.launch.steps
    elif step.use is not None:
        body = step.use.body if isinstance(step.use, ExpandedUse) else step.use.steps
    return (body, step.catch, step.finally_)


def steps_of(steps: tuple[Step, ...]) -> Iterator[Step]:
    """Yield all steps in document order, with those inside them."""
    for step, _ in leveled_steps_of(steps):
        yield step


def leveled_steps_of(steps: tuple[Step, ...]) -> Iterator[tuple[Step, int]]:
    """Yield all steps in document order with the levels of steps they stand in, from 1."""
    pending = [(step, 1) for step in reversed(steps)]
    while pending:
        step, level = pending.pop()
        yield step, level
        for block in reversed(blocks_of(step)):
            if block:
                pending += [(inner, level + 1) for inner in reversed(block)]


def runs_of(steps: tuple[Step, ...]) -> Iterator[StepRun]:
    """Yield all run bodies in document order."""
    return (step.run for step in steps_of(steps) if step.run is not None)


def is_unexpanded(step: Step) -> bool:
    """Tell whether a step uses a module that has not been put in place."""
    return step.use is not None and not isinstance(step.use, ExpandedUse)
