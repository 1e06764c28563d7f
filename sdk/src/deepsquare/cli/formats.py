"""Records as text for programs: JSON, YAML and CSV."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from deepsquare.cli.terminal import neutralise

Record: TypeAlias = Mapping[str, object]
"""Stable names in snake_case; values are what JSON has. Amounts are text, times ISO 8601 in UTC."""

FORMATS = ("table", "json", "yaml", "csv")


def to_json(data: object) -> str:
    """Write JSON; control characters come out escaped."""
    return json.dumps(data, indent=2, ensure_ascii=False).translate(_ESCAPED_IN_JSON) + "\n"


_ESCAPED_IN_JSON = {
    code: f"\\u{code:04x}"
    for code in (*range(0x7F, 0xA0), *range(0x2028, 0x202F), *range(0x2066, 0x206A))
}
"""What JSON may hold as it is, but a terminal acts on."""


def to_yaml(data: object) -> str:
    """Write YAML; control characters come out escaped."""
    import yaml  # noqa: PLC0415 - only for this format

    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, default_flow_style=False)


def to_csv(data: object) -> str:
    """Write a header and a line for each record; nested values are JSON."""
    records: Sequence[Record] = data if isinstance(data, list) else [data]  # type: ignore[list-item]
    out = io.StringIO()
    if records:
        writer = csv.DictWriter(out, fieldnames=list(records[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in r.items()} for r in records)
    return out.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | list | dict):
        return json.dumps(value)
    return neutralise(str(value))


WRITERS: dict[str, Callable[[object], str]] = {"json": to_json, "yaml": to_yaml, "csv": to_csv}
