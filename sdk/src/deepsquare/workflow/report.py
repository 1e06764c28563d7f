"""Collects what is wrong with a document, cheaply, and words it at the end."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from deepsquare.workflow.errors import MAX_REPORTED, WorkflowError, printable, without_value
from deepsquare.workflow.nodes import Node

type_of_tag = dict.fromkeys(("syntax", "duplicate_key", "limit"), "parse").get
_LONGEST_NAME = 79
"""Characters of a name in a path: those of unknown fields may have any number."""

Path = tuple["Path | None", str | int]
"""A place in a document: the place around it, and a wire name or an index."""

Wording = tuple[str, str | None]
"""A message and a suggestion."""

Message = str | Callable[[], Wording]
"""What to say, or how to find that out if it is to be said at all."""


@dataclass(frozen=True, slots=True)
class _Finding:
    """A problem that has not been worded yet: a hostile document may have 100 000 of them."""

    at: tuple[int, int]
    path: Path
    tag: str
    type: str
    message: Message
    source: str | None


def namespace_of(path: Path | None) -> str:
    """Write a path as in ``Job.steps[0].run``."""
    parts: list[str] = []
    while path is not None:
        parent, element = path
        parts.append(f"[{element}]" if isinstance(element, int) else f".{_name(element)}")
        path = parent
    return "".join(reversed(parts)).removeprefix(".")


def _field_of(path: Path) -> str:
    """Return the last element of a path, an index with the field it belongs to."""
    parent, element = path
    if isinstance(element, str):
        return _name(element)
    return f"{_field_of(parent) if parent else ''}[{element}]"


def _name(element: str) -> str:
    """Write a name as a document has it: an unknown field may be any text."""
    return printable(without_value(element)[:_LONGEST_NAME])


class Report:
    """Errors and warnings of one document.

    ``has_text`` tells whether marks are lines and columns; ``root`` is the type of the document,
    ``source`` names a module (W-ERR-6).
    """

    def __init__(self, *, has_text: bool, root: str, source: str | None = None) -> None:
        self.root = root
        self._has_text = has_text
        self._source = source
        self._errors: list[_Finding] = []
        self._warnings: list[_Finding] = []

    @property
    def has_errors(self) -> bool:
        """Whether anything makes the document invalid so far."""
        return bool(self._errors)

    def error(self, at: Node, path: Path, tag: str, *, message: Message) -> None:
        """Add an error at a node; a callable words it later, if it is among those reported."""
        kind = type_of_tag(tag, "validation")
        self._errors.append(self._finding(at, path, tag, kind=kind, message=message))

    def warning(self, at: Node, path: Path, tag: str, *, message: Message) -> None:
        """Add a warning at a node."""
        self._warnings.append(self._finding(at, path, tag, kind="warning", message=message))

    def _finding(self, at: Node, path: Path, tag: str, *, kind: str, message: Message) -> _Finding:
        place = (at.start_mark.line, at.start_mark.column)
        return _Finding(place, path, tag, kind, message, self._source)

    def problem(self, at: Node, path: Path, type_: str, tag: str, *, message: str) -> WorkflowError:
        """Word one problem without adding it."""
        return self._word(self._finding(at, path, tag, kind=type_, message=message))

    def empty_copy(self) -> "Report":
        """Return a report on the same document, with nothing in it."""
        return Report(has_text=self._has_text, root=self.root, source=self._source)

    def errors(self) -> tuple[list[WorkflowError], int]:
        """Word the first errors in document order; also return how many are left out."""
        return list(self._worded(self._errors)), max(0, len(self._errors) - MAX_REPORTED)

    def warnings(self) -> tuple[WorkflowError, ...]:
        """Word the first warnings in document order."""
        return tuple(self._worded(self._warnings))

    def _worded(self, findings: list[_Finding]) -> Iterator[WorkflowError]:
        findings.sort(key=lambda finding: finding.at)
        for finding in findings[:MAX_REPORTED]:
            yield self._word(finding)

    def _word(self, finding: _Finding) -> WorkflowError:
        given = finding.message
        message, suggestion = (given, None) if isinstance(given, str) else given()
        line, column = finding.at
        return WorkflowError(
            type=finding.type,
            tag=finding.tag,
            namespace=namespace_of(finding.path),
            field=_field_of(finding.path),
            message=message,
            line=line + 1 if self._has_text else None,
            column=column + 1 if self._has_text else None,
            suggestion=suggestion,
            source=finding.source,
        )
