"""Counters of the service, and the middleware that counts and logs requests."""

import time
from typing import cast

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = structlog.get_logger()
_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


class Metrics:
    """The counters of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Histogram(
            "sbatch_api_request_seconds",
            "Time until the last byte of an answer",
            ["method", "route", "status"],
            buckets=_BUCKETS_S,
            registry=self.registry,
        )
        self.followers = Gauge(
            "sbatch_api_log_followers", "Open followers of logs", registry=self.registry
        )
        self.log_bytes = Counter(
            "sbatch_api_log_bytes", "Bytes of logs taken in", registry=self.registry
        )
        self.swept = Counter(
            "sbatch_api_swept", "Things dropped by retention", ["what"], registry=self.registry
        )
        self.sweep_failures = Counter(
            "sbatch_api_sweep_failures", "Passes of retention that failed", registry=self.registry
        )

    def exposition(self) -> tuple[bytes, str]:
        """Return the text for Prometheus and its media type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST


def metrics_of(request: HTTPConnection) -> Metrics:
    """Return the counters of the application that a request came to."""
    return cast("Metrics", request.app.state.metrics)


class CountRequests:
    """Times every request and logs one event for it: the route's template, never its query."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            self._note(scope, status, time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, took_s: float) -> None:
        route = getattr(scope.get("route"), "path_format", "none")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.requests.labels(method, route, str(status)).observe(took_s)
        _log.debug(
            "request_served",
            method=method,
            route=route,
            status=status,
            ms=round(took_s * 1000, 1),
        )


_METHODS = frozenset({"GET", "POST", "DELETE", "HEAD", "OPTIONS", "PUT", "PATCH"})
