"""Rules between fields of one object, as far as JSON Schema can say them (workflow.md 2.4)."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

from deepsquare.workflow.model import (
    Bore,
    ContainerRun,
    NetworkInterface,
    Step,
    StepFor,
    StepRun,
    TransportData,
)

Schema = Mapping[str, Any]

_GIVEN: Schema = {"not": {"type": "null"}}
_FILLED: Schema = {"anyOf": [{"type": "object"}, {"type": "array", "minItems": 1}]}
_EMPTY: Schema = {"anyOf": [{"type": "null"}, {"type": "array", "maxItems": 0}]}


def _has(*names: str, schema: Schema = _GIVEN) -> Schema:
    return {"required": list(names), "properties": dict.fromkeys(names, schema)}


def _lacks(*names: str) -> Schema:
    return {"properties": {name: {"type": "null"} for name in names}}


def _at_most_one(*names: str, schema: Schema) -> tuple[Schema, ...]:
    return tuple({"not": _has(*pair, schema=schema)} for pair in combinations(names, 2))


def _holds(name: str, schema: Schema) -> Schema:
    """Describe an object whose list ``name`` has an element like ``schema``."""
    inside = {"anyOf": [schema, {"type": "array", "contains": schema}]}
    return {"required": [name], "properties": {name: inside}}


_OBJECT: Schema = {"type": "object"}
_INTERFACE_WITH_ROOT: Schema = {
    "type": "object",
    "anyOf": [_has("wireguard", schema=_OBJECT), _has("vnet", schema=_OBJECT)],
}
_APPTAINER: Schema = {
    "type": "object",
    "anyOf": [
        _has("apptainer", schema={"const": True}),
        _has("deepsquareHosted", schema={"const": True}),
    ],
}
_NAMESPACE_NETWORK = _has("network", schema={"enum": ["slirp4netns", "pasta"]})
_FETCHED: Schema = {
    "not": {
        "anyOf": [
            _has("deepsquareHosted", schema={"const": True}),
            _has("image", schema={"type": "string", "pattern": "^/"}),
        ]
    }
}

CONDITIONS: dict[type, tuple[Schema, ...]] = {
    Step: _at_most_one("steps", "run", "for", "launch", "use", schema=_FILLED),
    StepFor: (
        {"oneOf": [_has("items"), _has("range")]},
        {"if": _has("maxParallel"), "then": _has("parallel", schema={"const": True})},
    ),
    NetworkInterface: ({"oneOf": [_has("wireguard"), _has("bore"), _has("vnet")]},),
    TransportData: _at_most_one("http", "s3", schema=_GIVEN),
    StepRun: (
        {
            "if": {"not": _NAMESPACE_NETWORK},
            "then": {"properties": {"dns": _EMPTY, "customNetworkInterfaces": _EMPTY}},
        },
        {
            "if": _holds("customNetworkInterfaces", _INTERFACE_WITH_ROOT),
            "then": {
                **_has("mapUid", schema={"const": 0}),
                "allOf": [
                    {"properties": {"resources": {"properties": {"tasks": {"enum": [1, None]}}}}}
                ],
            },
        },
        {
            "if": _has("container", schema=_APPTAINER),
            "then": {"properties": {"mapUid": {"enum": [0, None]}}},
        },
    ),
    ContainerRun: (
        {
            "if": {"anyOf": [_has("username"), _has("password")], **_FETCHED},
            "then": _has("username", "password", "registry"),
        },
    ),
    Bore: (
        {
            "oneOf": [
                {"allOf": [_has("boreAddress"), _lacks("address", "port")]},
                {"allOf": [_has("address", "port"), _lacks("boreAddress")]},
            ]
        },
    ),
}
"""Conditions by the type they are part of."""
