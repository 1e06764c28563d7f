"""Checking the `if` conditions of a job before it is submitted (workflow.md W-IF-4)."""

from deepsquare.workflow import Job, WorkflowError
from deepsquare.workflow.document import Places
from deepsquare.workflow.model.walk import steps_of
from deepsquare_sbatch_api.ports.conditions import ConditionSyntax


async def check_conditions(
    syntax: ConditionSyntax, job: Job, places: Places
) -> list[WorkflowError]:
    """Return an error for each step whose condition bash cannot parse, in document order.

    Asks nothing for a job without conditions. A condition is checked once, wherever it stands.
    """
    conditional = [(step, step.if_) for step in steps_of(job.steps) if step.if_]
    if not conditional:
        return []
    problems = await syntax.problems(list(dict.fromkeys(text for _, text in conditional)))
    return [
        places.problem(
            step,
            "if",
            type_="validation",
            tag="condition",
            message=f"this is not an expression for [[ ]] of bash: {problems[text]}",
        )
        for step, text in conditional
        if text in problems
    ]
