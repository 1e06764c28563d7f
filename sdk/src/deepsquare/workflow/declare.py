"""How a type of the workflow language is declared: once, with all its consumers need.

A field's annotation gives its kind, `required`, `optional` or `many` the rest: wire name, rules,
default, description, secrecy. The parser, the JSON Schema, the reference page and the GraphQL
schema are all derived from the `TypeSpec` of a class (workflow.md section 2).
"""

import dataclasses
import functools
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, dataclass_transform

from deepsquare.workflow.rules import Rule

T = TypeVar("T")

SCALAR_NAMES: dict[type, str] = {str: "String", int: "Int", bool: "Boolean"}
"""Names of the scalar types in documents and in GraphQL."""


@dataclass(frozen=True, slots=True, eq=False)
class Declaration:
    """What a field declares beyond its annotation."""

    doc: str
    rules: tuple[Rule, ...]
    wire: str | None
    is_secret: bool
    is_free_text: bool
    deprecated: str | None = None
    default_note: str | None = None
    max_items: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class FieldSpec:
    """One field of a type, as consumers see it; ``owner`` is the name of that type."""

    owner: str
    wire: str
    attribute: str
    kind: type
    is_list: bool
    is_required: bool
    default: Any
    declaration: Declaration

    @property
    def type_name(self) -> str:
        """The name of the element type in documents: ``String``, ``Step``, ..."""
        return SCALAR_NAMES.get(self.kind, self.kind.__name__)

    @property
    def is_object(self) -> bool:
        """Whether values are mappings (or lists of them)."""
        return self.kind not in SCALAR_NAMES

    @property
    def doc(self) -> str:
        """What the field means, in Markdown."""
        return self.declaration.doc

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Rules each value must keep, beside its type."""
        return self.declaration.rules

    @property
    def is_secret(self) -> bool:
        """Whether values must never be echoed (W-ERR-4)."""
        return self.declaration.is_secret

    @property
    def is_free_text(self) -> bool:
        """Whether control characters other than NUL are allowed (rule ``text``)."""
        return self.declaration.is_free_text

    @property
    def deprecated(self) -> str | None:
        """Why the field should not be used any more, if so."""
        return self.declaration.deprecated

    @property
    def default_note(self) -> str | None:
        """What an absent value means where no constant says it."""
        return self.declaration.default_note


@dataclass(frozen=True, slots=True, eq=False)
class TypeSpec:
    """One object type of the language."""

    name: str
    type: type
    doc: str
    fields: tuple[FieldSpec, ...]


def required(
    doc: str,
    *rules: Rule,
    wire: str | None = None,
    is_secret: bool = False,
    is_free_text: bool = False,
) -> Any:  # noqa: ANN401 - a dataclass field specifier takes the type of its annotation
    """Declare a field that must be present."""
    declaration = Declaration(doc, rules, wire, is_secret, is_free_text)
    return dataclasses.field(repr=not is_secret, metadata={"declaration": declaration})


def optional(
    doc: str,
    *rules: Rule,
    default: Any,  # noqa: ANN401
    wire: str | None = None,
    is_secret: bool = False,
    is_free_text: bool = False,
    deprecated: str | None = None,
    default_note: str | None = None,
    max_items: int | None = None,
) -> Any:  # noqa: ANN401
    """Declare a field with a default; ``default_note`` explains a default of None or ()."""
    declaration = Declaration(
        doc, rules, wire, is_secret, is_free_text, deprecated, default_note, max_items
    )
    return dataclasses.field(
        default=default, repr=not is_secret, metadata={"declaration": declaration}
    )


@dataclass_transform(
    kw_only_default=True, frozen_default=True, field_specifiers=(required, optional)
)
def workflow_type(cls: type[T]) -> type[T]:
    """Make a class a frozen type of the language, built by keyword with either name of a field."""
    made = dataclass(frozen=True, kw_only=True)(cls)
    setattr(made, "__init__", _accepting_wire_names(made, made.__init__))  # noqa: B010
    return made


def _accepting_wire_names(cls: type, init: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(init)
    def accept(self: object, **fields: Any) -> None:  # noqa: ANN401
        for name in fields.keys() - cls.__dataclass_fields__.keys():  # type: ignore[attr-defined]
            attribute = _attribute_by_wire(cls).get(name)
            if attribute is None or attribute in fields:
                continue
            fields[attribute] = fields.pop(name)
        init(self, **fields)

    return accept


def maker_of(cls: type[T]) -> Callable[[dict[str, Any]], T]:
    """Return a constructor for those who make many objects: all at once, from attributes by name.

    Absent ones are the class's defaults; setting a frozen object one by one takes ten times longer.
    """
    new = cls.__new__

    def make(fields: dict[str, Any]) -> T:
        made = new(cls)
        made.__dict__.update(fields)
        return made

    return make


@functools.cache
def _attribute_by_wire(cls: type) -> dict[str, str]:
    return {field.wire: field.attribute for field in type_spec(cls).fields}


@functools.cache
def type_spec(cls: type) -> TypeSpec:
    """Derive the description of a type made by `workflow_type`."""
    hints = typing.get_type_hints(cls)
    fields = tuple(_field_spec(cls, field, hints[field.name]) for field in dataclasses.fields(cls))
    return TypeSpec(cls.__name__, cls, (cls.__doc__ or "").strip(), fields)


def _field_spec(owner: type, field: "dataclasses.Field[Any]", hint: Any) -> FieldSpec:  # noqa: ANN401
    declaration: Declaration = field.metadata["declaration"]
    kind, is_list = _kind_of(hint)
    return FieldSpec(
        owner=owner.__name__,
        wire=declaration.wire or _camel_case(field.name),
        attribute=field.name,
        kind=kind,
        is_list=is_list,
        is_required=field.default is dataclasses.MISSING,
        default=None if field.default is dataclasses.MISSING else field.default,
        declaration=declaration,
    )


def _kind_of(hint: Any) -> tuple[type, bool]:  # noqa: ANN401
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        (hint,) = (part for part in typing.get_args(hint) if part is not types.NoneType)
    if typing.get_origin(hint) is tuple:
        return typing.get_args(hint)[0], True
    return hint, False


def _camel_case(attribute: str) -> str:
    head, *rest = attribute.rstrip("_").split("_")
    return head + "".join(word.capitalize() for word in rest)
