"""`/healthz`, `/readyz`, `/metrics`: for the operator's network."""

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from deepsquare.errors import DeepSquareError
from deepsquare_sbatch_api.entrypoints.http.failures import RETRY_AFTER_S
from deepsquare_sbatch_api.entrypoints.http.gates import OPERATOR
from deepsquare_sbatch_api.entrypoints.http.metrics import metrics_of
from deepsquare_sbatch_api.entrypoints.http.services import Check, services_of

router = APIRouter(tags=["operation"], dependencies=[Depends(OPERATOR)])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Tell that the process answers."""
    return {"status": "alive"}


@router.get("/readyz")
async def readyz(request: Request) -> Response:
    """Ask the stores and the chain; 503 names what is away."""
    checks = services_of(request).check_by_part
    state = {part: await _state(check) for part, check in checks.items()}
    if all(text == "ok" for text in state.values()):
        return JSONResponse(state)
    return JSONResponse(state, 503, headers={"Retry-After": str(RETRY_AFTER_S)})


@router.get("/metrics", response_class=Response)
async def metrics(request: Request) -> Response:
    """Return the counters for Prometheus."""
    text, media_type = metrics_of(request).exposition()
    return Response(text, media_type=media_type)


async def _state(check: Check) -> str:
    try:
        await check()
    except DeepSquareError as error:
        return error.message
    return "ok"
