"""`/graphql`: the interface of existing clients."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse

from deepsquare_sbatch_api.entrypoints.graphql.execution import Root, run
from deepsquare_sbatch_api.entrypoints.graphql.requests import (
    GraphQLRequest,
    parse_body,
    parse_parameters,
)
from deepsquare_sbatch_api.entrypoints.http.bodies import DOCUMENT
from deepsquare_sbatch_api.entrypoints.http.failures import AsciiJson
from deepsquare_sbatch_api.entrypoints.http.gates import SUBMITTER, Caller
from deepsquare_sbatch_api.entrypoints.http.openapi import errors, json_body
from deepsquare_sbatch_api.entrypoints.http.routes.workflows import RequestKeyText
from deepsquare_sbatch_api.entrypoints.http.services import services_of

router = APIRouter(prefix="/graphql", tags=["graphql"])

_BODY = {
    "type": "object",
    "required": ["query"],
    "properties": {
        "query": {"type": "string"},
        "variables": {"type": ["object", "null"]},
        "operationName": {"type": ["string", "null"]},
    },
}


@router.post("", openapi_extra=json_body(_BODY), responses=errors(413))
async def post(
    request: Request,
    caller: Annotated[Caller, Depends(SUBMITTER)],
    body: Annotated[bytes, Depends(DOCUMENT)],
    key: RequestKeyText = None,
) -> JSONResponse:
    """Run an operation; its failures are told in `errors` with status 200."""
    return await _run(request, caller, asked=parse_body(body), body=body, key=key)


@router.get("")
async def get(
    request: Request,
    caller: Annotated[Caller, Depends(SUBMITTER)],
    query: str,
    variables: str | None = None,
    operation_name: Annotated[str | None, Query(alias="operationName")] = None,
) -> JSONResponse:
    """Run a query, such as introspection."""
    asked = parse_parameters(query, variables, operation_name)
    return await _run(request, caller, asked=asked)


async def _run(
    request: Request,
    caller: Caller,
    *,
    asked: GraphQLRequest,
    body: bytes = b"",
    key: str | None = None,
) -> JSONResponse:
    services = services_of(request)
    root = Root(services.workflows, services.scripts, caller.account, key, body)
    status, answer = await run(asked, root, is_get=request.method == "GET")
    return AsciiJson(answer, status)
