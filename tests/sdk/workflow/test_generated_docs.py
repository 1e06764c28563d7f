"""The generated reference and schema are those of the model."""

import json

import jsonschema
from tools.docs.workflow import REFERENCE, SCHEMA, render_reference, render_schema

from deepsquare.workflow import WORKFLOW_TYPES, type_spec, workflow_schema


def test_reference__is_fresh() -> None:
    assert REFERENCE.read_text() == render_reference(), "run: python -m tools.docs.workflow"


def test_schema_file__is_fresh_and_valid() -> None:
    """W-DOC-8."""
    assert SCHEMA.read_text() == render_schema(), "run: python -m tools.docs.workflow"
    jsonschema.Draft202012Validator.check_schema(json.loads(SCHEMA.read_text()))


def test_schema__closes_and_describes_every_object_and_field() -> None:
    """W-DOC-8."""
    for name, schema in workflow_schema()["$defs"].items():
        assert schema["additionalProperties"] is False, name
        assert schema["description"], name
        for wire, field in schema["properties"].items():
            assert field["description"], (name, wire)


def test_schema__is_the_callers_own() -> None:
    workflow_schema()["$defs"].clear()
    assert workflow_schema()["$defs"]


def test_declarations__say_all_that_the_reference_needs() -> None:
    for spec in map(type_spec, WORKFLOW_TYPES):
        assert spec.doc.endswith(".") or spec.doc.endswith("`."), spec.name
        for field in spec.fields:
            assert field.doc.endswith("."), (spec.name, field.wire)
