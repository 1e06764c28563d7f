"""Values as block YAML, for ``toYaml``. Children become placeholders (W-TPL-3)."""

import json
import re
from collections.abc import Iterator

from deepsquare.workflow.convert import CHILD_TAG
from deepsquare.workflow.plain_scalars import plain_kind
from deepsquare_sbatch_api.domain.templates.values import Child, Record, Value

_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./-]*\Z")


def to_yaml(value: Value) -> str:
    """Write a value without a final newline; an empty value is an empty text."""
    if value is None or value in ("", [], {}):
        return ""
    return "\n".join(_lines(value))


def _lines(value: Value) -> Iterator[str]:
    if isinstance(value, Record):
        value = {_wire_name(name): inner for name, inner in value.fields.items()}
    if isinstance(value, dict) and value:
        for key in sorted(value):
            yield from _entry(f"{_scalar(key)}:", value[key])
    elif isinstance(value, list) and value:
        for item in value:
            yield from _item(item)
    else:
        yield _scalar(value)


def _entry(start: str, value: Value) -> Iterator[str]:
    if _is_nested(value):
        yield start
        yield from ("  " + line for line in _lines(value))
    else:
        yield f"{start} {_scalar(value)}"


def _item(value: Value) -> Iterator[str]:
    for index, line in enumerate(_lines(value)):
        yield ("  " if index else "- ") + line


def _is_nested(value: Value) -> bool:
    return isinstance(value, Record) or (isinstance(value, list | dict) and bool(value))


def _scalar(value: Value) -> str:
    if isinstance(value, Child):
        return f"{CHILD_TAG} {value.index}"
    if isinstance(value, str) and _PLAIN.match(value) and plain_kind(value) == "string":
        return value
    return json.dumps(value, ensure_ascii=False)


def _wire_name(name: str) -> str:
    """Turn the name of a template field into that of the document: ``CPUsPerTask``."""
    if name == "GPUs":
        return "gpus"
    special = {"CPUsPerTask": "cpusPerTask", "MemPerCPU": "memPerCpu"}
    return special.get(name, name[:1].lower() + name[1:])
