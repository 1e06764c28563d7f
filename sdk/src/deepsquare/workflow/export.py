"""From a model back to a document: what the parser reads as an equal model."""

import json
import re
from typing import Any

from yaml import Node, SafeDumper, dump

from deepsquare.workflow.declare import FieldSpec, type_spec
from deepsquare.workflow.model import WORKFLOW_TYPES, Job, Module
from deepsquare.workflow.read_yaml import BREAKS_OF_YAML_1_1

_NO_FOLDING = 2**20
"""Characters in a line: those of the largest document."""

_PLAIN_TEXT = re.compile(r"[A-Za-z_/$][A-Za-z0-9_./$-]*")
_OTHER_MEANINGS = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))


def to_data(document: Job | Module) -> dict[str, Any]:
    """Return a model as plain values by wire names; fields at their default are left out.

    Holds the secrets of the model. Of modules put in place, the `use` is written, not the steps.
    """
    return _object(document, type(document))


def to_json(document: Job | Module) -> str:
    """Write a model as a JSON document, on one line."""
    return json.dumps(to_data(document), ensure_ascii=False, allow_nan=False)


def to_yaml(document: Job | Module) -> str:
    """Write a model as a YAML document for people: in the order of the reference."""
    data = to_data(document)
    return dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=_NO_FOLDING)


def _object(made: object, cls: type) -> dict[str, Any]:
    values = ((field, getattr(made, field.attribute)) for field in type_spec(cls).fields)
    return {
        field.wire: _value(field, value)
        for field, value in values
        if field.is_required or value != field.default
    }


def _value(field: FieldSpec, value: Any) -> Any:  # noqa: ANN401
    if field.is_list and value is not None:
        return [_single(field, each) for each in value]
    return _single(field, value)


def _single(field: FieldSpec, value: Any) -> Any:  # noqa: ANN401
    # By the declared type: module expansion makes subtypes, which documents do not know.
    return _object(value, field.kind) if field.kind in WORKFLOW_TYPES else value


class _Dumper(SafeDumper):
    """Quotes every text which YAML 1.1 or 1.2 might read otherwise, and writes no aliases."""

    def ignore_aliases(self, data: object) -> bool:
        del data
        return True


def _text_node(dumper: _Dumper, text: str) -> Node:
    style = '"'
    if _PLAIN_TEXT.fullmatch(text) and text.lower() not in _OTHER_MEANINGS:
        style = ""
    elif _is_clear_in_a_block(text):
        style = "|"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _is_clear_in_a_block(text: str) -> bool:
    """Whether text of several lines keeps its lines and their indents in a literal block."""
    has_lines = "\n" in text.rstrip("\n") and not text.startswith((" ", "\n"))
    return has_lines and not any(mark in text for mark in BREAKS_OF_YAML_1_1)


_Dumper.add_representer(str, _text_node)
