"""Compiles the declarations of a type into a table of converters, once per type."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from deepsquare.workflow.declare import FieldSpec, TypeSpec, maker_of, type_spec
from deepsquare.workflow.document import Converter
from deepsquare.workflow.local_rules import LOCAL_RULES, NORMAL_FORMS, Given, LocalRule


@dataclass(frozen=True, slots=True)
class Field:
    """One field: how to convert its value, and what stands in for an ill one."""

    spec: FieldSpec
    attribute: str
    wire: str
    is_required: bool
    convert: Converter
    stand_in: Any


@dataclass(frozen=True, slots=True)
class Table:
    """One type, compiled."""

    spec: TypeSpec
    make: Callable[[Given], Any]
    fields: dict[str, Field]
    required: tuple[Field, ...]
    required_names: frozenset[str]
    """Attributes of the required fields."""
    normalise: Callable[[Given], None] | None
    rules: tuple[LocalRule, ...]


@functools.cache
def table_of(cls: type, element_converter: Callable[[FieldSpec], Converter]) -> Table:
    """Compile a type; ``element_converter`` gives the converter of one value of a field."""
    spec = type_spec(cls)
    fields = {field.wire: _compile(field, element_converter(field)) for field in spec.fields}
    required = tuple(field for field in fields.values() if field.is_required)
    return Table(
        spec=spec,
        make=maker_of(cls),
        fields=fields,
        required=required,
        required_names=frozenset(field.attribute for field in required),
        normalise=NORMAL_FORMS.get(cls),
        rules=LOCAL_RULES.get(cls, ()),
    )


def _compile(spec: FieldSpec, convert: Converter) -> Field:
    stand_ins: dict[type, Any] = {str: "", int: 1, bool: False}
    stand_in = stand_ins.get(spec.kind) if spec.is_required else spec.default
    if spec.is_list and spec.is_required:
        stand_in = ()
    return Field(spec, spec.attribute, spec.wire, spec.is_required, convert, stand_in)
