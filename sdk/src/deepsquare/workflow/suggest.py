"""Suggestions for unknown fields (W-ERR-2, W-ERR-3)."""

import functools
from collections.abc import Sequence

from deepsquare.workflow.declare import TypeSpec, type_spec
from deepsquare.workflow.model import Job, JobResources, StepRunResources

MAX_DISTANCE = 2
MAX_LEVELS_BELOW = 2
_LONGEST_NAME = 64
_ALIASES = {
    (JobResources, "gpuspertask"): "gpus",
    (StepRunResources, "gpus"): "gpusPerTask",
    (Job, "gpuspertask"): "resources.gpus",
}


def suggest_field(
    name: str, spec: TypeSpec, ancestors: Sequence[tuple[TypeSpec, str]]
) -> str | None:
    """Return the path that was probably meant, from the object at hand.

    ``ancestors`` are the types around the object, innermost first, with their namespaces; a field
    of theirs is named by its full path.
    """
    if len(name) > _LONGEST_NAME:
        return None
    alias = _ALIASES.get((spec.type, _folded(name)))
    if alias is not None:
        return alias
    wanted = "tasks" if _folded(name) == "ntasks" else name
    return (
        _same_name(wanted, spec)
        or _below(_folded(wanted), spec)
        or _above(_folded(wanted), ancestors)
        or _nearest(name, spec)
    )


def _folded(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


@functools.cache
def _wire_by_folded(spec: TypeSpec) -> dict[str, str]:
    return {_folded(field.wire): field.wire for field in spec.fields}


def _same_name(name: str, spec: TypeSpec) -> str | None:
    return _wire_by_folded(spec).get(_folded(name))


@functools.lru_cache(maxsize=1024)
def _below(folded: str, spec: TypeSpec) -> str | None:
    """Search the types below, level by level; fields that hold one object come before lists."""
    level = [("", spec)]
    for _ in range(MAX_LEVELS_BELOW):
        level = [step for prefix, parent in level for step in _children(prefix, parent)]
        for prefix, child in sorted(level, key=lambda step: step[0].count("[]")):
            if wire := _wire_by_folded(child).get(folded):
                return f"{prefix}.{wire}"
    return None


def _children(prefix: str, parent: TypeSpec) -> list[tuple[str, TypeSpec]]:
    start = prefix + "." if prefix else ""
    return [
        (start + field.wire + "[]" * field.is_list, type_spec(field.kind))
        for field in parent.fields
        if field.is_object
    ]


def _above(folded: str, ancestors: Sequence[tuple[TypeSpec, str]]) -> str | None:
    for spec, namespace in ancestors:
        if wire := _wire_by_folded(spec).get(folded):
            return f"{namespace}.{wire}"
    return None


def _nearest(name: str, spec: TypeSpec) -> str | None:
    ranked = sorted((_distance(name, field.wire), field.wire) for field in spec.fields)
    return ranked[0][1] if ranked and ranked[0][0] <= MAX_DISTANCE else None


def _distance(left: str, right: str) -> int:
    """Return the Damerau-Levenshtein distance with adjacent transpositions."""
    if abs(len(left) - len(right)) > MAX_DISTANCE:
        return MAX_DISTANCE + 1
    before: list[int] = []
    above = list(range(len(right) + 1))
    for row, a in enumerate(left, 1):
        line = [row]
        for column, b in enumerate(right, 1):
            cost = min(above[column] + 1, line[-1] + 1, above[column - 1] + (a != b))
            if row > 1 and column > 1 and a == right[column - 2] and left[row - 2] == b:
                cost = min(cost, before[column - 2] + 1)
            line.append(cost)
        before, above = above, line
    return above[-1]
