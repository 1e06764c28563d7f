"""Choices, and values as YAML."""

from deepsquare_sbatch_api.domain.templates.errors import FunctionError
from deepsquare_sbatch_api.domain.templates.functions.signature import (
    Function,
    bounded,
    fixed,
    variadic,
)
from deepsquare_sbatch_api.domain.templates.values import Value, is_true, kind_of
from deepsquare_sbatch_api.domain.templates.yaml_text import to_yaml


def _default(fallback: Value, value: Value = None) -> Value:
    return value if is_true(value) else fallback


def _coalesce(*values: Value) -> Value:
    return next((value for value in values if is_true(value)), None)


def _ternary(yes: Value, no: Value, condition: Value) -> Value:
    if not isinstance(condition, bool):
        raise FunctionError(f"a boolean is needed, not {kind_of(condition)}")
    return yes if condition else no


OTHERS = {
    "default": Function(_default, 1, 2),
    "empty": fixed(lambda value: not is_true(value), 1),
    "coalesce": variadic(_coalesce),
    "ternary": fixed(_ternary, 3),
    "toYaml": fixed(lambda value: bounded(to_yaml(value)), 1),
}
