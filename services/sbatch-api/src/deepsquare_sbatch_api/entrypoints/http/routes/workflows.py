"""`/v1/workflows`, `/v1/schema`: workflows in, scripts out."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request

from deepsquare_sbatch_api.app.workflows import SubmittedBy
from deepsquare_sbatch_api.entrypoints.http.bodies import DOCUMENT
from deepsquare_sbatch_api.entrypoints.http.gates import (
    ANYONE,
    RENDERER,
    SUBMITTER,
    VALIDATOR,
    Caller,
)
from deepsquare_sbatch_api.entrypoints.http.openapi import DOCUMENT_BODY, errors
from deepsquare_sbatch_api.entrypoints.http.services import services_of

router = APIRouter(prefix="/v1", tags=["workflows"])

Document = Annotated[bytes, Depends(DOCUMENT)]
RequestKeyText = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=128,
        pattern=r"^[\x21-\x7e]+$",
        description="The same key and body get the same answer; another body 409",
    ),
]


@router.post(
    "/workflows", status_code=201, openapi_extra=DOCUMENT_BODY, responses=errors(409, 413, 422)
)
async def submit(
    request: Request,
    caller: Annotated[Caller, Depends(SUBMITTER)],
    document: Document,
    key: RequestKeyText = None,
) -> Mapping[str, Any]:
    """Render a workflow and keep its script."""
    by = SubmittedBy(caller.account, key)
    return await services_of(request).workflows.submit(document, by=by, body=document)


@router.post(
    "/workflows:validate",
    dependencies=[Depends(VALIDATOR)],
    openapi_extra=DOCUMENT_BODY,
    responses=errors(413, 422),
)
async def validate(request: Request, document: Document) -> Mapping[str, Any]:
    """Check a workflow; nothing is kept."""
    return await services_of(request).workflows.validate(document)


@router.post(
    "/workflows:render",
    dependencies=[Depends(RENDERER)],
    openapi_extra=DOCUMENT_BODY,
    responses=errors(413, 422),
)
async def render(request: Request, document: Document) -> Mapping[str, Any]:
    """Return the script that a workflow would become, and the report; nothing is kept."""
    script, report = await services_of(request).workflows.render(document)
    return {"script": script.decode(), **report}


@router.get("/schema", dependencies=[Depends(ANYONE)])
async def schema(request: Request) -> Mapping[str, Any]:
    """Return the JSON Schema of workflows."""
    return services_of(request).schema
