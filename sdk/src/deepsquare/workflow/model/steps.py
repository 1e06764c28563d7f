"""Steps and their bodies (workflow.md 2.2)."""

from deepsquare.workflow.declare import optional, required, workflow_type
from deepsquare.workflow.model.runs import MAX_ENTRIES, EnvVar, StepRun
from deepsquare.workflow.rules import (
    ENVVAR,
    HANDLE,
    MODULE_SOURCE,
    NOT_RESERVED,
    gte,
    lte,
    max_length,
)

MAX_LOOP_ITEMS = 10_000
"""Entries of `StepFor.items`."""

DEFAULT_LAUNCH_SIGNAL = 15
"""SIGTERM."""


@workflow_type
class ForRange:
    """Numbers to loop over, both ends inclusive."""

    begin: int = required("First value of `index`.")
    end: int = required("Last value of `index`, if the increment meets it.")
    increment: int = optional(
        "Added after each iteration; negative counts down, 0 means 1.", default=1
    )


@workflow_type
class StepFor:
    """A loop. `index` or `item` is set in its steps."""

    parallel: bool = optional("Run iterations at the same time.", default=False)
    items: tuple[str, ...] | None = optional(
        "Values of `item`.", default=None, is_free_text=True, max_items=MAX_LOOP_ITEMS
    )
    range: ForRange | None = optional("Numbers for `index`.", default=None)
    steps: tuple["Step", ...] = required("Steps of one iteration.")
    max_parallel: int | None = optional(
        "Most iterations at a time. Only with `parallel: true`.",
        gte(1),
        default=None,
        default_note="as many as fit the job",
    )


@workflow_type
class StepAsyncLaunch:
    """Steps that run in the background."""

    handle_name: str | None = optional(
        "Name for `dependsOn`.", HANDLE, default=None, default_note="cannot be awaited"
    )
    signal_on_parent_step_exit: int = optional(
        "Signal sent when the enclosing scope ends; 0 sends none and waits.",
        gte(0),
        lte(31),
        default=DEFAULT_LAUNCH_SIGNAL,
    )
    steps: tuple["Step", ...] = required("Steps that run in the background.")


@workflow_type
class StepUse:
    """Steps of a published module."""

    source: str = required(
        "The module: `host/owner/repo[/path][@ref]`, the reference being a tag or a commit.",
        MODULE_SOURCE,
    )
    args: tuple[EnvVar, ...] = optional(
        "Values for the module's inputs.", default=(), max_items=MAX_ENTRIES
    )
    export_env_as: str | None = optional(
        "Outputs of the module become variables `<exportEnvAs>_<output>`.",
        ENVVAR,
        NOT_RESERVED,
        default=None,
        default_note="nothing is exported",
    )
    steps: tuple["Step", ...] = optional(
        "Steps handed to the module, which places them.", default=()
    )


@workflow_type
class Step:
    """One step: at most one of `steps`, `run`, `for`, `launch`, `use`."""

    name: str | None = optional("Shown in the log.", max_length(256), default=None)
    depends_on: tuple[str, ...] = optional(
        "Handles of launches that must have ended first.", HANDLE, default=()
    )
    if_: str | None = optional(
        "A bash test, as between `[[` and `]]`; the step runs if it holds.",
        default=None,
        is_free_text=True,
        default_note="always runs",
    )
    steps: tuple["Step", ...] = optional("A group: steps run in order.", default=())
    run: StepRun | None = optional("A command.", default=None)
    for_: StepFor | None = optional("A loop.", default=None)
    launch: StepAsyncLaunch | None = optional("Steps in the background.", default=None)
    use: StepUse | None = optional("A module.", default=None)
    catch: tuple["Step", ...] = optional("Steps that run when the body failed.", default=())
    finally_: tuple["Step", ...] = optional("Steps that run last in any case.", default=())
    timeout: int | None = optional(
        "Seconds one attempt of the body may take.", gte(1), default=None, default_note="no limit"
    )
    retries: int = optional("Further attempts of a failed body.", gte(0), lte(10), default=0)
