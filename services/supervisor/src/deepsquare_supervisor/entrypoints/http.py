"""`/healthz`, `/readyz` and `/metrics`."""

from fastapi import FastAPI, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from deepsquare_supervisor.app.health import Health
from deepsquare_supervisor.app.register import Register
from deepsquare_supervisor.domain.job import Phase
from deepsquare_supervisor.ports.clock import Clock

LATE_AFTER_S = 60
"""Without a tick for so long the loop counts as stuck."""


class SupervisorMetrics:
    """A Prometheus collector over what the loop knows; nothing is counted twice."""

    def __init__(self, health: Health, register: Register, clock: Clock) -> None:
        self._health = health
        self._register = register
        self._clock = clock

    def collect(self) -> list[Metric]:
        """Return the metrics of this moment."""
        return [self._jobs(), self._troubles(), self._alarms(), *self._numbers()]

    def _jobs(self) -> Metric:
        metric = GaugeMetricFamily("supervisor_jobs", "Open jobs by phase.", labels=["phase"])
        phases = [job.phase for job in self._register]
        for phase in Phase:
            metric.add_metric([phase.name.lower()], phases.count(phase))
        return metric

    def _troubles(self) -> Metric:
        metric = GaugeMetricFamily("supervisor_trouble", "1 while a part is away.", labels=["part"])
        for part in self._health.troubles():
            metric.add_metric([part], 1)
        return metric

    def _alarms(self) -> Metric:
        metric = CounterMetricFamily(
            "supervisor_alarms", "Troubles that need a person, by kind.", labels=["kind"]
        )
        for kind, count in self._health.alarms.items():
            metric.add_metric([kind], count)
        return metric

    def _numbers(self) -> list[Metric]:
        age = self._clock.now() - self._health.last_tick_at
        return [
            GaugeMetricFamily("supervisor_block", "Block last read.", self._health.block),
            GaugeMetricFamily("supervisor_tick_age_seconds", "Since the last tick.", age),
        ]


def build_http(health: Health, register: Register, clock: Clock) -> FastAPI:
    """Build the application."""
    app = FastAPI(title="DeepSquare supervisor", docs_url=None, redoc_url=None, openapi_url=None)
    metrics = CollectorRegistry()
    metrics.register(SupervisorMetrics(health, register, clock))

    @app.get("/healthz")
    async def healthz(response: Response) -> dict[str, str]:
        is_alive = clock.now() - health.last_tick_at <= LATE_AFTER_S
        response.status_code = 200 if is_alive else 503
        return {"status": "alive" if is_alive else "stuck"}

    @app.get("/readyz")
    async def readyz(response: Response) -> dict[str, object]:
        troubles = health.troubles()
        response.status_code = 503 if troubles else 200
        return {
            "status": "troubled" if troubles else "ready",
            "troubles": troubles,
            "block": health.block,
            "is_joined": health.is_joined,
        }

    @app.get("/metrics")
    async def read_metrics() -> Response:
        return Response(generate_latest(metrics), media_type="text/plain; version=0.0.4")

    return app
