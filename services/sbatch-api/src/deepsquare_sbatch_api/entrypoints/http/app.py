"""The FastAPI application."""

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from deepsquare_sbatch_api.entrypoints.http import failures, openapi
from deepsquare_sbatch_api.entrypoints.http.metrics import CountRequests, Metrics
from deepsquare_sbatch_api.entrypoints.http.routes import (
    graphql,
    logs,
    operations,
    scripts,
    sign_in,
    workflows,
)
from deepsquare_sbatch_api.entrypoints.http.services import Services

ROUTERS = (
    sign_in.router,
    workflows.router,
    scripts.router,
    logs.router,
    graphql.router,
    operations.router,
)

_ASKED_HEADERS = ("Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", "Range")
_SHOWN_HEADERS = ("Content-Range", "ETag", "Log-Offset", "Log-Size", "Retry-After")
_WITHOUT_CORS = frozenset({"/healthz", "/readyz", "/metrics"})


def create_app(services: Services, metrics: Metrics) -> FastAPI:
    """Return the application."""
    app = FastAPI(
        title="DeepSquare sbatch API",
        version="1",
        docs_url=None,
        redoc_url=None,
        # A redirect would name the scheme behind the proxy, and the host that the caller made up.
        redirect_slashes=False,
    )
    app.state.services = services
    app.state.metrics = metrics
    for router in ROUTERS:
        # Not include_router: FastAPI 0.165 hides included routes, and a test walks all of them.
        app.router.routes.extend(router.routes)
    failures.install(app)
    openapi.install(app)
    app.add_middleware(Cors)
    app.add_middleware(CountRequests, metrics=metrics)
    return app


class Cors:
    """Any origin may call the routes of users, without cookies; the operator's routes none."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._open = CORSMiddleware(
            app,
            allow_origins=["*"],
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=_ASKED_HEADERS,
            expose_headers=_SHOWN_HEADERS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        app = self._app if scope.get("path") in _WITHOUT_CORS else self._open
        await app(scope, receive, send)
