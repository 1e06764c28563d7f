"""The HTTP interface (api.md 3)."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST

from deepsquare.identifiers import Address, JobId
from deepsquare_metascheduler.app.health import Health
from deepsquare_metascheduler.entrypoints.metrics import Metrics

_UNAVAILABLE = 503


def create_app(health: Health, metrics: Metrics) -> FastAPI:
    """Return the application; all routes only read."""
    app = FastAPI(title="DeepSquare meta-scheduler", docs_url=None, redoc_url=None)

    @app.get("/")
    async def assigned_jobs() -> dict[str, dict[str, Any]]:
        """List the jobs that are META_SCHEDULED, SCHEDULED or RUNNING, by id.

        Existing clients count the keys.
        """
        return {
            job_id: {
                "status": job.status.name,
                "customer": job.customer_addr,
                "provider": job.provider_addr,
            }
            for job_id, job in health.assigned_jobs().items()
        }

    @app.get("/v1/waiting")
    async def waiting_jobs() -> Mapping[JobId, Mapping[Address, str]]:
        """Tell why each PENDING job waits, by job and provider."""
        return health.last_tick.decision.waiting if health.last_tick else {}

    @app.get("/healthz")
    async def healthz() -> PlainTextResponse:
        """Answer as long as the process runs."""
        return PlainTextResponse("alive\n")

    @app.get("/readyz")
    async def readyz() -> JSONResponse:
        """Answer 200 while the last good look at the chain is fresh."""
        problem = health.problem
        body = {"ready": problem is None, "problem": problem}
        return JSONResponse(body, status_code=_UNAVAILABLE if problem else 200)

    @app.get("/metrics")
    async def metrics_page() -> Response:
        """Answer Prometheus."""
        return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)

    return app
