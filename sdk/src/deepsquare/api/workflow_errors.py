"""The error objects of an HTTP answer (workflow.md 1.2) as `WorkflowInvalid`."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from deepsquare.workflow.errors import WorkflowError, WorkflowInvalid

_MEMBERS = tuple(field.name for field in fields(WorkflowError))
_REQUIRED = {"type": "validation", "tag": "", "namespace": "", "field": "", "message": ""}


def to_workflow_error(entry: Mapping[str, Any]) -> WorkflowError:
    """Read one error object; absent members are empty, unknown ones are ignored."""
    known = {name: entry[name] for name in _MEMBERS if name in entry}
    return WorkflowError(**{**_REQUIRED, **known})


def to_workflow_invalid(entries: Sequence[Mapping[str, Any]]) -> WorkflowInvalid:
    """Read the ``details`` of an answer with status 422."""
    return WorkflowInvalid([to_workflow_error(entry) for entry in entries])
