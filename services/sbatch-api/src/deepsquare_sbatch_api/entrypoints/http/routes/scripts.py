"""`/v1/scripts`: batch scripts for those who may have them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from deepsquare.identifiers import parse_job_id
from deepsquare_sbatch_api.domain.access import parse_script_hash
from deepsquare_sbatch_api.entrypoints.http.gates import SCRIPT_READER, Caller
from deepsquare_sbatch_api.entrypoints.http.openapi import errors
from deepsquare_sbatch_api.entrypoints.http.services import services_of

router = APIRouter(prefix="/v1/scripts", tags=["scripts"])

JobText = Annotated[
    str | None, Query(alias="job", description="The job that the provider holds with this hash")
]


@router.get(
    "/{script_hash}",
    response_class=Response,
    responses={200: {"content": {"text/x-shellscript": {}}}},
)
async def fetch(
    request: Request,
    caller: Annotated[Caller, Depends(SCRIPT_READER)],
    script_hash: str,
    job: JobText = None,
) -> Response:
    """Return a script to its submitter, or to the provider that holds the job with its hash."""
    content = await services_of(request).scripts.fetch(
        parse_script_hash(script_hash),
        job_id=parse_job_id(job) if job else None,
        caller=caller.signed_in,
    )
    headers = {"ETag": f'"{script_hash}"', "Cache-Control": "no-store"}
    return Response(content, media_type="text/x-shellscript", headers=headers)


@router.delete("/{script_hash}", status_code=204, responses=errors(409))
async def delete(
    request: Request, caller: Annotated[Caller, Depends(SCRIPT_READER)], script_hash: str
) -> None:
    """Drop a script of the caller's own that no hot job refers to."""
    scripts = services_of(request).scripts
    await scripts.delete(parse_script_hash(script_hash), caller=caller.signed_in)
