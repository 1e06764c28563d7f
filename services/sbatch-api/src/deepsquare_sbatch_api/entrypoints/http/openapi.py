"""The OpenAPI document: what FastAPI cannot see of bodies, errors and access."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from deepsquare_sbatch_api.entrypoints.http.gates import Gate, Who

ERROR = {
    "type": "object",
    "required": ["code", "message", "details"],
    "properties": {
        "code": {"type": "string"},
        "message": {"type": "string"},
        "details": {"anyOf": [{"type": "object"}, {"type": "array", "items": {"type": "object"}}]},
    },
}
_SCHEME = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
_TEXT_BY_STATUS = {
    "400": "not understood",
    "401": "not signed in",
    "403": "not covered by the session",
    "404": "no such thing, or not yours",
    "409": "conflict",
    "413": "too large",
    "416": "beyond the end",
    "422": "an invalid workflow",
    "429": "too many requests",
    "503": "the store or the chain is away",
}
DOCUMENT_BODY = {
    "requestBody": {
        "required": True,
        "description": "A workflow, a YAML or JSON text of at most 1 MiB",
        "content": {
            "application/yaml": {"schema": {"type": "string"}},
            "application/json": {"schema": {"type": "object"}},
        },
    }
}
LOG_BODY = {
    "requestBody": {
        "required": True,
        "description": "At most 256 KiB of the job's output",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def json_body(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Describe a body that the route reads by itself."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def gates_of(route: APIRoute) -> list[Gate]:
    """Return the gates of a route; there must be exactly one."""
    return [item.call for item in route.dependant.dependencies if isinstance(item.call, Gate)]


def install(app: FastAPI) -> None:
    """Publish the document at `/openapi.json`."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _build(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _build(app: FastAPI) -> dict[str, Any]:
    built = get_openapi(title=app.title, version=app.version, routes=app.routes)
    parts = built.setdefault("components", {})
    parts.setdefault("securitySchemes", {})["session"] = _SCHEME
    schemas = parts.setdefault("schemas", {})
    schemas["Error"] = ERROR
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for route in app.routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            for method in route.methods or ():
                _complete(built["paths"][route.path_format][method.lower()], route)
    return built


def _complete(operation: dict[str, Any], route: APIRoute) -> None:
    gate = gates_of(route)[0]
    responses = operation["responses"]
    if "HTTPValidationError" in str(responses.get("422")):
        del responses["422"]
    statuses = ["400", "429", "503"]
    if gate.who in (Who.SIGNED_IN, Who.SUBMITTER):
        statuses += ["401", "403"]
        operation["security"] = [{"session": []}] + ([{}] if gate.who is Who.SUBMITTER else [])
    if "{" in route.path or gate.who is Who.OPERATOR:
        statuses.append("404")
    for status in statuses:
        responses.setdefault(status, error_response(status))


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe the answers with these statuses that are particular to a route."""
    return {status: error_response(str(status)) for status in statuses}


def error_response(status: str) -> dict[str, Any]:
    """Describe an answer that is an error."""
    reference = {"$ref": "#/components/schemas/Error"}
    content = {"application/json": {"schema": reference}}
    return {"description": _TEXT_BY_STATUS[status], "content": content}
