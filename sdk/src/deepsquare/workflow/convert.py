"""Converts nodes into the model by the declarations of its types, and reports all that is wrong.

An ill value is reported and replaced by a stand-in that is noted as unsound, so that the rest of
the document is still checked (W-ERR-1).
"""

import re
from typing import Any

from deepsquare.workflow.declare import FieldSpec, TypeSpec, type_spec
from deepsquare.workflow.document import INVALID, Converter, Document
from deepsquare.workflow.errors import shown, without_value
from deepsquare.workflow.local_rules import Given
from deepsquare.workflow.merge import entries_of
from deepsquare.workflow.model import Job, JobResources, Module, Step
from deepsquare.workflow.nodes import MAPPING, NULL, SEQUENCE, STRING, Node
from deepsquare.workflow.report import Path, Wording, namespace_of
from deepsquare.workflow.scalars import (
    convert_boolean,
    int_converter,
    kind_name,
    parse_int,
    string_converter,
    wrong_type,
)
from deepsquare.workflow.suggest import suggest_field
from deepsquare.workflow.tables import Field, Table, table_of

MAX_STEP_LEVELS = 32
"""Levels of steps (V-LIM); deeper ones are not even converted."""

MAX_STEPS = 2_000
"""Steps of a job, those of modules included (V-LIM); further ones are not even converted."""

TOO_MANY_STEPS = f"a job has at most {MAX_STEPS} steps, those of modules included"

CHILD_TAG = "!deepsquare.child"
"""Tag of the placeholder of a step handed to a module (W-TPL-3)."""

_ROOT_TYPES: dict[str, type] = {"Job": Job, "Module": Module}


def convert_root(document: Document, node: Node, *, cls: type) -> Any:  # noqa: ANN401
    """Convert the root of a document into a `Job` or `Module`, or INVALID."""
    return _convert_object(document, node, (None, cls.__name__), _table(cls))


def _table(cls: type) -> Table:
    return table_of(cls, _converter)


def _converter(spec: FieldSpec) -> Converter:
    element = _element_converter(spec)
    return _list_converter(element, spec) if spec.is_list else element


def _element_converter(spec: FieldSpec) -> Converter:
    if spec.kind is str:
        return string_converter(spec)
    if spec.kind is int:
        return int_converter(spec)
    if spec.kind is bool:
        return convert_boolean
    return _convert_step if spec.kind is Step else _object_converter(spec.kind)


def _object_converter(cls: type) -> Converter:
    table = _table(cls)

    def convert(document: Document, node: Node, path: Path) -> Any:  # noqa: ANN401
        return _convert_object(document, node, path, table)

    return convert


def _list_converter(element: Converter, spec: FieldSpec) -> Converter:
    most = spec.declaration.max_items

    def convert(document: Document, node: Node, path: Path) -> Any:  # noqa: ANN401
        nodes = node.value if node.tag == SEQUENCE else (node,)
        if most is not None and len(nodes) > most:
            message = f"must have at most {most} entries; has {len(nodes)}"
            document.report.error(node, path, "limit", message=message)
            return INVALID
        items = []
        is_sound = True
        for index, item in enumerate(nodes):
            if item.tag == NULL:
                value = wrong_type(document, item, (path, index), expected="a value, not null")
            else:
                value = element(document, item, (path, index))
            if value is INVALID:
                is_sound = False
            else:
                items.append(value)
        if not is_sound:
            document.unsound.add(f"{spec.owner}.{spec.attribute}")
        return tuple(items)

    return convert


def _convert_step(document: Document, node: Node, path: Path) -> Any:  # noqa: ANN401
    if node.tag == CHILD_TAG and document.place_child is not None:
        return _place_child(document, node, path)
    if document.step_level >= MAX_STEP_LEVELS:
        message = f"steps are nested deeper than {MAX_STEP_LEVELS} levels"
        document.report.error(node, path, "limit", message=message)
        return INVALID
    document.step_count += 1
    if document.step_count > MAX_STEPS:
        return _leave_out(document, node)
    document.step_level += 1
    try:
        return _convert_object(document, node, path, _table(Step))
    finally:
        document.step_level -= 1


def _leave_out(document: Document, node: Node) -> Any:  # noqa: ANN401
    """Report the first of the steps that are too many, for all of them."""
    if document.step_count == MAX_STEPS + 1:
        path = ((None, document.report.root), "steps")
        document.report.error(node, path, "limit", message=TOO_MANY_STEPS)
    return INVALID


def _place_child(document: Document, node: Node, path: Path) -> Any:  # noqa: ANN401
    index = parse_int(node.value) if re.fullmatch("[0-9]+", str(node.value)) else None
    child = document.place_child(index) if document.place_child and index is not None else None
    if child is None:
        message = "a step handed to the module can be placed only once"
        document.report.error(node, path, "child", message=message)
        return INVALID
    return child


def _convert_object(document: Document, node: Node, path: Path, table: Table) -> Any:  # noqa: ANN401
    if node.tag != MAPPING:
        name = table.spec.name
        return wrong_type(
            document, node, path, expected=f"a mapping ({name}), not {kind_name(node)}"
        )
    given: Given = {}
    ill: set[str] = set()
    fields = table.fields
    has_nulls = False
    entries = entries_of(document, node, path) if document.has_merges else node.value
    for key, value_node in entries:
        field = fields.get(key.value) if key.tag == STRING else None
        if field is None or field.attribute in given:
            _report_key(document, key, path, table=table, is_known=field is not None)
            continue
        if value_node.tag == NULL:
            has_nulls = True
            value = _absent(document, value_node, path, field)
        else:
            value = field.convert(document, value_node, (path, field.wire))
        if value is INVALID:
            ill.add(field.attribute)
            value = field.stand_in
        given[field.attribute] = value
    if has_nulls:
        given = {name: value for name, value in given.items() if value is not None or name in ill}
    if not given.keys() >= table.required_names:
        _add_missing(document, node, path, table=table, given=given, ill=ill)
    return _finish(document, node, path, table=table, given=given, ill=ill)


def _absent(document: Document, node: Node, path: Path, field: Field) -> Any:  # noqa: ANN401
    if not field.is_required or _is_sloppy(document, field):
        return None
    _report_missing(document, node, path, field)
    return INVALID


def _finish(
    document: Document, node: Node, path: Path, *, table: Table, given: Given, ill: set[str]
) -> Any:  # noqa: ANN401
    if ill:
        document.unsound.update(f"{table.spec.name}.{attribute}" for attribute in ill)
    report = document.report
    for rule in table.rules:
        if rule.cause is not None and rule.cause not in given:
            continue
        if not ill or rule.attributes.isdisjoint(ill):
            for finding in rule.find(given):
                rule.report(finding, node, path, report)
    if table.normalise is not None:
        table.normalise(given)
    made = table.make(given)
    if ill:
        document.places.note_ill(made, ill)
    document.places[id(made)] = (node, path, report)
    return made


def _add_missing(
    document: Document, node: Node, path: Path, *, table: Table, given: Given, ill: set[str]
) -> None:
    for field in table.required:
        if field.attribute in given:
            continue
        if _is_sloppy(document, field):
            given[field.attribute] = _lowest(document, node, path, field)
        else:
            _report_missing(document, node, path, field)
            given[field.attribute] = field.stand_in
            ill.add(field.attribute)


def _lowest(document: Document, node: Node, path: Path, field: Field) -> int:
    lowest: int = min(1, *(rule.schema.get("minimum", 1) for rule in field.spec.rules))
    message = f"missing; taken as {lowest}"
    document.report.warning(node, (path, field.spec.wire), "required", message=message)
    return lowest


def _is_sloppy(document: Document, field: Field) -> bool:
    """Tell whether the lowest value stands in for a missing one (W-MOD-0)."""
    return document.forgives and field.spec.owner == JobResources.__name__


def _report_missing(document: Document, node: Node, path: Path, field: Field) -> None:
    message = f"is required: {field.spec.type_name}. {field.spec.doc}"
    document.report.error(node, (path, field.spec.wire), "required", message=message)


def _report_key(document: Document, key: Node, path: Path, *, table: Table, is_known: bool) -> None:
    if is_known:
        message = f'the key "{key.value}" stands twice in this mapping'
        document.report.error(key, (path, key.value), "duplicate_key", message=message)
    else:
        _report_unknown(document, key, path, table)


def _report_unknown(document: Document, key: Node, path: Path, table: Table) -> None:
    if key.tag != STRING or not isinstance(key.value, str):
        message = f"keys must be strings, not {kind_name(key)}: put the key in quotes"
        document.report.error(key, path, "syntax", message=message)
        return
    name = key.value
    report = document.report.warning if document.forgives else document.report.error
    report(key, (path, name), "unknown_field", message=lambda: _unknown(name, path, table.spec))


def _unknown(name: str, path: Path, spec: TypeSpec) -> Wording:
    name = without_value(name)
    suggestion = suggest_field(name.rstrip("*=:"), spec, _ancestors(path))
    message = f"unknown field {shown(name)}"
    if suggestion is not None:
        message += f'; did you mean "{suggestion}"?'
    return message, suggestion


def _ancestors(path: Path) -> list[tuple[TypeSpec, str]]:
    """Return types and namespaces of the objects around the one at ``path``, innermost first."""
    places: list[Path] = []
    place: Path | None = path
    while place is not None:
        places.insert(0, place)
        place = place[0]
    spec = type_spec(_ROOT_TYPES[str(places[0][1])])
    found = [(spec, namespace_of(places[0]))]
    for place in places[1:]:
        if isinstance(place[1], int):
            found[-1] = (spec, namespace_of(place))
            continue
        spec = next(type_spec(f.kind) for f in spec.fields if f.wire == place[1])
        found.append((spec, namespace_of(place)))
    return found[-2::-1]
