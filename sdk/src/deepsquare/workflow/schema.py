"""JSON Schema 2020-12 of workflows, derived from the model (W-DOC-8).

It says all rules that JSON Schema can say. Beyond it are those that compare values (resources,
networks, handles), lengths in bytes, and 1.0, which the schema language takes for an integer.
"""

from typing import Any

from deepsquare.workflow.convert import MAX_STEP_LEVELS
from deepsquare.workflow.declare import FieldSpec, TypeSpec, type_spec
from deepsquare.workflow.model import WORKFLOW_TYPES, Module, ModuleInput, ModuleOutput
from deepsquare.workflow.rules import CONTROL_CHARACTERS
from deepsquare.workflow.scalars import MAX_INT, MIN_INT
from deepsquare.workflow.schema_conditions import CONDITIONS

SCHEMA_ID = "https://deepsquare.io/schemas/workflow-1.json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"

_MODULE_TYPES = (Module, ModuleInput, ModuleOutput)

Schema = dict[str, Any]


def workflow_schema() -> Schema:
    """Return the schema of a workflow document, bare or under the key ``job``.

    The caller owns the returned value.
    """
    types = [type_spec(cls) for cls in WORKFLOW_TYPES if cls not in _MODULE_TYPES]
    wrapped = {
        "type": "object",
        "properties": {"job": _reference("Job")},
        "required": ["job"],
        "additionalProperties": False,
    }
    return {
        "$schema": DIALECT,
        "$id": SCHEMA_ID,
        "title": "DeepSquare workflow",
        "description": "A job: resources, data and steps; bare, or under the key `job`. "
        f"Steps nest at most {MAX_STEP_LEVELS} levels.",
        "if": {"type": "object", "required": ["job"]},
        "then": wrapped,
        "else": _reference("Job"),
        "$defs": {spec.name: _type_schema(spec) for spec in types},
    }


def _type_schema(spec: TypeSpec) -> Schema:
    schema: Schema = {
        "type": "object",
        "description": spec.doc,
        "properties": {field.wire: _field_schema(field) for field in spec.fields},
        "additionalProperties": False,
    }
    required = [field.wire for field in spec.fields if field.is_required]
    if required:
        schema["required"] = required
    if conditions := CONDITIONS.get(spec.type):
        schema["allOf"] = list(conditions)
    return schema


def _field_schema(field: FieldSpec) -> Schema:
    schema = _list_schema(field) if field.is_list else _value_schema(field, field.is_required)
    return {"description": describe(field), **schema, **_annotations(field)}


def describe(field: FieldSpec) -> str:
    """Return what a field means and what its absence means, in Markdown."""
    parts = [field.doc]
    if field.default_note:
        parts.append(f"Default: {field.default_note}.")
    if field.deprecated:
        parts.append(f"Deprecated: {field.deprecated}.")
    return " ".join(parts)


def _annotations(field: FieldSpec) -> Schema:
    annotations: Schema = {}
    if field.default not in (None, ()):
        annotations["default"] = field.default
    if field.deprecated:
        annotations["deprecated"] = True
    return annotations


def _list_schema(field: FieldSpec) -> Schema:
    """Describe a list: one element may stand for a list of one (W-DOC-6)."""
    element = _value_schema(field, True)
    array: Schema = {"type": "array", "items": element}
    if field.declaration.max_items is not None:
        array["maxItems"] = field.declaration.max_items
    nothing = [] if field.is_required else [{"type": "null"}]
    return {"anyOf": [array, element, *nothing]}


def _value_schema(field: FieldSpec, is_required: bool) -> Schema:
    if field.is_object:
        reference = _reference(field.kind.__name__)
        return reference if is_required else {"anyOf": [reference, {"type": "null"}]}
    name = {str: "string", int: "integer", bool: "boolean"}[field.kind]
    rules = [dict(rule.schema) for rule in field.rules] + _text_rules(field)
    if not is_required:
        for rule in rules:
            if "enum" in rule:
                rule["enum"] = [*rule["enum"], None]
    schema: Schema = {"type": name if is_required else [name, "null"]}
    if field.kind is int:
        schema |= {"minimum": MIN_INT, "maximum": MAX_INT}
    return _joined(schema, rules)


def _text_rules(field: FieldSpec) -> list[Schema]:
    if field.kind is not str:
        return []
    pattern = r"\u0000" if field.is_free_text else CONTROL_CHARACTERS
    return [{"not": {"type": "string", "pattern": pattern}}]


def _joined(schema: Schema, rules: list[Schema]) -> Schema:
    """Put rules beside each other where their keywords differ, else under ``allOf``."""
    rest = []
    for rule in rules:
        if rule.keys() <= {"minimum", "maximum"} or rule.keys().isdisjoint(schema):
            schema |= rule
        else:
            rest.append(rule)
    return schema | {"allOf": rest} if rest else schema


def _reference(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}
