"""The module document, `module.yaml` (workflow.md 2.3)."""

from deepsquare.workflow.declare import optional, required, workflow_type
from deepsquare.workflow.model.jobs import JobResources
from deepsquare.workflow.model.steps import Step
from deepsquare.workflow.rules import ENVVAR, NOT_RESERVED


@workflow_type
class ModuleInput:
    """A variable the module takes."""

    key: str = required("Name of the variable.", ENVVAR, NOT_RESERVED)
    description: str | None = optional("What it is for.", default=None, is_free_text=True)
    default: str | None = optional(
        "Value when no argument is given.",
        default=None,
        is_secret=True,
        is_free_text=True,
        default_note="the module does not set the variable",
    )


@workflow_type
class ModuleOutput:
    """A variable the module hands back."""

    key: str = required("Name of the variable.", ENVVAR, NOT_RESERVED)
    description: str | None = optional("What it holds.", default=None, is_free_text=True)


@workflow_type
class Module:
    """Steps to be used by other workflows."""

    name: str | None = optional("Name of the module.", default=None)
    description: str | None = optional("What it does.", default=None, is_free_text=True)
    minimum_resources: JobResources | None = optional(
        "What a job needs at least to use it.", default=None, default_note="no minimum"
    )
    inputs: tuple[ModuleInput, ...] = optional("Variables it takes.", default=())
    outputs: tuple[ModuleOutput, ...] = optional("Variables it hands back.", default=())
    steps: tuple[Step, ...] = required("The steps.")
