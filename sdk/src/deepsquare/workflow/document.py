"""What converting one document needs and notes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from deepsquare.workflow.errors import WorkflowError
from deepsquare.workflow.model import Step
from deepsquare.workflow.nodes import MappingNode, Node, SequenceNode, value_in
from deepsquare.workflow.report import Message, Path, Report

INVALID: Final = object()
"""What a converter returns for a value it has reported."""


class Places(dict[int, tuple[Node, Path, Report]]):
    """Where each object of a model stands: node, path and report, by the object's identity."""

    def __init__(self, known: "Places | None" = None) -> None:
        super().__init__(known or {})
        self._ill: dict[int, frozenset[str]] = {}

    def note_ill(self, made: object, attributes: Iterable[str]) -> None:
        """Note attributes of an object for which a stand-in was needed."""
        self._ill[id(made)] = frozenset(attributes)

    def is_ill(self, made: object, *attributes: str) -> bool:
        """Tell whether one of these attributes of an object, or any without names, is ill."""
        ill = self._ill.get(id(made))
        return ill is not None and (not attributes or not ill.isdisjoint(attributes))

    def error(self, made: object, wire: str, tag: str, *, message: Message) -> None:
        """Report an error at a field of an object, or with "" at the object itself."""
        node, path, report = self[id(made)]
        place = (path, wire) if wire else path
        report.error(_value(node, wire), place, tag, message=message)

    def item_error(
        self, made: object, wire: str, index: int, tag: str, *, message: Message
    ) -> None:
        """Report an error at an entry of a list field of an object."""
        node, path, report = self[id(made)]
        value = _value(node, wire)
        at = value.value[index] if isinstance(value, SequenceNode) else value
        report.error(at, ((path, wire), index), tag, message=message)

    def warning(self, made: object, wire: str, tag: str, *, message: Message) -> None:
        """Report a warning at a field of an object."""
        node, path, report = self[id(made)]
        report.warning(_value(node, wire), (path, wire), tag, message=message)

    def problem(
        self, made: object, wire: str, *, type_: str, tag: str, message: str
    ) -> WorkflowError:
        """Word a problem at a field that is not one of the document's own rules."""
        node, path, report = self[id(made)]
        place = (path, wire) if wire else path
        return report.problem(_value(node, wire), place, type_, tag, message=message)

    def with_fresh_reports(self) -> tuple["Places", list[Report]]:
        """Return the same places with new, empty reports: one per document, in order."""
        fresh: dict[int, Report] = {}
        places = Places()
        for key, (node, path, report) in self.items():
            if id(report) not in fresh:
                fresh[id(report)] = report.empty_copy()
            places[key] = (node, path, fresh[id(report)])
        return places, list(fresh.values())

    def move(self, old: object, new: object) -> None:
        """Note that an object has taken the place of another."""
        self[id(new)] = self[id(old)]


def _value(node: Node, wire: str) -> Node:
    if not isinstance(node, MappingNode):
        return node
    return value_in(node, wire) or node


@dataclass(slots=True)
class Document:
    """The state of converting one document."""

    report: Report
    places: Places = field(default_factory=Places)
    has_merges: bool = True
    is_lenient: bool = False
    """Whether the metadata of a module may be sloppy (W-MOD-0)."""
    place_child: Callable[[int], Step | None] | None = None
    """Gives the step handed to a module for a placeholder, None if it may not stand here."""
    step_level: int = 0
    step_count: int = 0
    unsound: set[str] = field(default_factory=set)
    """``Type.attribute`` of fields for which a stand-in was needed."""

    @property
    def forgives(self) -> bool:
        """Whether the place at hand is sloppy metadata: inside steps all rules hold."""
        return self.is_lenient and self.step_level == 0

    def is_sound(self, *names: str) -> bool:
        """Tell whether none of these types (``Step``) or fields (``Step.run``) is ill."""
        return not any(
            ill == name or ill.startswith(name + ".") for ill in self.unsound for name in names
        )


Converter = Callable[[Document, Node, Path], Any]
"""Turns a node into a value, or reports and returns `INVALID`."""
