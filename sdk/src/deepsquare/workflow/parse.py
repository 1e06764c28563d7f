"""Parsing: text or decoded data in, a checked `Job` or `Module` out, or all errors at once."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from deepsquare.workflow.convert import convert_root
from deepsquare.workflow.declare import type_spec
from deepsquare.workflow.document import INVALID, Document, Places
from deepsquare.workflow.errors import WorkflowError, WorkflowInvalid, shown, without_value
from deepsquare.workflow.merge import has_merges
from deepsquare.workflow.model import Job, Module, Step
from deepsquare.workflow.nodes import (
    MAPPING,
    MAX_DOCUMENT_BYTES,
    NULL,
    STRING,
    MappingNode,
    Node,
    Position,
    UnreadableDocument,
    scalar_node,
    too_big,
)
from deepsquare.workflow.read_data import read_data
from deepsquare.workflow.read_json import NotJSON, read_json
from deepsquare.workflow.read_yaml import read_yaml
from deepsquare.workflow.report import Report
from deepsquare.workflow.whole_rules import check_job, check_module

BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class ParsedWorkflow:
    """A valid workflow, and what is odd about it."""

    job: Job
    warnings: tuple[WorkflowError, ...]
    places: Places = field(repr=False)
    """Places of the model's objects in the document, for rules that are checked later."""


@dataclass(frozen=True, slots=True)
class ParsedModule:
    """A valid module document, and what is odd about it."""

    module: Module
    warnings: tuple[WorkflowError, ...]
    places: Places = field(repr=False)


def parse_workflow(text: str | bytes) -> ParsedWorkflow:
    """Parse a workflow in YAML or JSON, bare or under the key ``job``.

    Raises `WorkflowInvalid` with all errors, in document order.
    """
    document, root = _read(text, Report(has_text=True, root="Job"))
    return _job(document, root)


def parse_workflow_data(data: object) -> ParsedWorkflow:
    """Check a workflow that is decoded already; errors carry no line and column.

    Raises `WorkflowInvalid`.
    """
    report = Report(has_text=False, root="Job")
    return _job(Document(report), _guarded(lambda: read_data(data), report))


def parse_module(
    text: str | bytes,
    *,
    source: str | None = None,
    is_strict: bool = False,
    place_child: Callable[[int], Step | None] | None = None,
) -> ParsedModule:
    """Parse a module document; metadata may be sloppy unless ``is_strict`` (W-MOD-0).

    ``source`` names the module in errors; ``place_child`` gives the step for a placeholder.
    Raises `WorkflowInvalid`.
    """
    document, root = _read(text, Report(has_text=True, root="Module", source=source))
    document.place_child = place_child
    return _module(document, root, is_strict=is_strict)


def parse_module_data(data: object) -> ParsedModule:
    """Check a decoded module document strictly. Raises `WorkflowInvalid`."""
    report = Report(has_text=False, root="Module")
    root = _guarded(lambda: read_data(data), report)
    return _module(Document(report), root, is_strict=True)


def _job(document: Document, root: Node) -> ParsedWorkflow:
    job = convert_root(document, _unwrapped(document, root), cls=Job)
    if job is not INVALID:
        check_job(job, document)
    _raise_errors(document.report)
    return ParsedWorkflow(job, document.report.warnings(), document.places)


def _module(document: Document, root: Node, *, is_strict: bool) -> ParsedModule:
    document.is_lenient = not is_strict
    module = convert_root(document, root, cls=Module)
    if module is not INVALID:
        check_module(module, document, is_strict=is_strict)
    _raise_errors(document.report)
    return ParsedModule(module, document.report.warnings(), document.places)


def _unwrapped(document: Document, root: Node) -> Node:
    """Return the job that stands under ``job``; whatever stands beside it is an error (W-DOC-2).

    With fields of a job beside it, the root is a bare job that has one key too many.
    """
    if not isinstance(root, MappingNode) or root.tag != MAPPING:
        return root
    entries: list[tuple[Node, Node]] = root.value
    wrapped = next((value for key, value in entries if key.value == "job"), None)
    if wrapped is None or len(entries) == 1:
        return wrapped or root
    keys = [key for key, _ in entries]
    if any(field.wire in _texts(keys) for field in type_spec(Job).fields):
        return root
    _report_beside_job(document, keys)
    return wrapped


def _texts(keys: Iterable[Node]) -> set[str]:
    return {key.value for key in keys if key.tag == STRING}


def _report_beside_job(document: Document, keys: Iterable[Node]) -> None:
    """Report all keys of the root but the first ``job``."""
    path = (None, document.report.root)
    seen: set[str] = set()
    for key in keys:
        if key.tag != STRING:
            message = "keys must be strings, and none may stand beside job"
            document.report.error(key, path, "syntax", message=message)
        elif key.value != "job":
            name = shown(without_value(key.value))
            message = f"unknown field {name}: no other key may stand beside job"
            document.report.error(key, (path, key.value), "unknown_field", message=message)
        elif "job" in seen:
            message = 'the key "job" stands twice in this mapping'
            document.report.error(key, (path, "job"), "duplicate_key", message=message)
        else:
            seen.add("job")


def _read(text: str | bytes, report: Report) -> tuple[Document, Node]:
    decoded = _guarded(lambda: _decode(text), report)
    root = _guarded(lambda: _parse(decoded), report)
    return Document(report, has_merges=has_merges(decoded)), root


def _decode(text: str | bytes) -> str:
    if len(text) > MAX_DOCUMENT_BYTES:
        raise too_big()
    try:
        if isinstance(text, bytes):
            return text.decode().removeprefix(BOM)
        if len(text.encode()) > MAX_DOCUMENT_BYTES:
            raise too_big()
    except UnicodeError:
        raise UnreadableDocument("syntax", "the document is not UTF-8", None) from None
    return text.removeprefix(BOM)


def _parse(text: str) -> Node:
    try:
        root = read_yaml(text)
    except UnreadableDocument as error:
        if error.tag != "syntax":
            raise
        return _parse_json(text, error)
    if root is None:
        raise UnreadableDocument("required", "the document is empty", Position(0, 0))
    return root


def _parse_json(text: str, error: UnreadableDocument) -> Node:
    """Read JSON that libyaml does not take for YAML; what is no JSON either is ill YAML."""
    try:
        return read_json(text)
    except NotJSON:
        raise error from None


def _guarded(read: Callable[[], Any], report: Report) -> Any:  # noqa: ANN401
    """Run a reader; what it cannot read is the single error of the document."""
    try:
        return read()
    except UnreadableDocument as error:
        nowhere = scalar_node(NULL, "", error.at or Position(0, 0))
        report.error(nowhere, (None, report.root), error.tag, message=error.message)
        errors, _ = report.errors()
        raise WorkflowInvalid(errors) from None


def _raise_errors(report: Report) -> None:
    if report.has_errors:
        errors, left_out = report.errors()
        raise WorkflowInvalid(errors, left_out=left_out, warnings=report.warnings())
