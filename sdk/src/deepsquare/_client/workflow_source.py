"""A workflow as its author wrote it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepsquare.errors import Refused

if TYPE_CHECKING:
    from deepsquare.workflow import Job, ParsedWorkflow

MAX_BYTES = 2**20
"""The largest document (W-DOC-7)."""


class WorkflowUnreadable(Refused):
    """The file of a workflow cannot be read."""

    code = "workflow_unreadable"


@dataclass(frozen=True)
class Workflow:
    """A workflow: a YAML or JSON text, sent as it is, so that lines in errors are the author's.

    Make one with `Workflow.from_file`, `from_text`, `from_data` or `from_model`.
    """

    document: bytes

    @classmethod
    def from_file(cls, path: str | Path) -> "Workflow":
        """Read a file; raises `WorkflowUnreadable`."""
        try:
            with Path(path).open("rb") as file:
                return cls(file.read(MAX_BYTES + 1))
        except OSError as error:
            raise WorkflowUnreadable(f"cannot read {path}: {error.strerror}") from error

    @classmethod
    def from_text(cls, text: str) -> "Workflow":
        """Take a YAML or JSON text."""
        return cls(text.encode())

    @classmethod
    def from_data(cls, job: Mapping[str, Any]) -> "Workflow":
        """Take a job as plain values with wire names, such as ``{"resources": {"tasks": 1}}``."""
        return cls(json.dumps(job, allow_nan=False, ensure_ascii=False).encode())

    @classmethod
    def from_model(cls, job: "Job") -> "Workflow":
        """Take a job built from the types of `deepsquare.workflow`."""
        from deepsquare.workflow import to_json  # noqa: PLC0415 - loads the model

        return cls(to_json(job).encode())

    @cached_property
    def parsed(self) -> "ParsedWorkflow":
        """The checked model and the warnings; raises `WorkflowInvalid` with all errors."""
        from deepsquare.workflow import parse_workflow  # noqa: PLC0415 - loads the YAML parser

        return parse_workflow(self.document)
