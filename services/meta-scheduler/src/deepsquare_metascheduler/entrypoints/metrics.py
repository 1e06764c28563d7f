"""Prometheus metrics of one process."""

from collections import Counter as Tally

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from deepsquare.chain import JobStatus
from deepsquare.chain.statuses import HOT
from deepsquare_metascheduler.app.health import Health
from deepsquare_metascheduler.app.scheduler import Tick

_PREFIX = "deepsquare_metascheduler_"


class Metrics:
    """What operators watch; filled after every tick."""

    def __init__(self, health: Health) -> None:
        self.registry = CollectorRegistry()
        self._jobs = self._gauge("jobs", "Hot jobs by status.", "status")
        self._waiting = self._gauge("waiting_jobs", "PENDING jobs that nobody can take now.")
        self._providers = self._gauge("providers", "Joined providers.")
        self._block = self._gauge("block_number", "Block of the last good look.")
        self._balance = self._gauge("wallet_balance_wei", "Native coin left for gas.")
        self._commands = Counter(
            _PREFIX + "commands",
            "Commands carried out, by kind and result.",
            ["kind", "result"],
            registry=self.registry,
        )
        age = self._gauge("last_tick_age_seconds", "Age of the last good look.")
        age.set_function(lambda: -1 if health.age_s is None else health.age_s)
        ready = self._gauge("ready", "1 when /readyz answers 200.")
        ready.set_function(lambda: 0 if health.problem else 1)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(_PREFIX + name, text, labels, registry=self.registry)

    def after(self, tick: Tick) -> None:
        """Take over what a tick saw and did."""
        statuses = Tally(one.job.status for one in tick.snapshot.active)
        statuses[JobStatus.PENDING] = len(tick.snapshot.pending)
        for status in HOT:
            self._jobs.labels(status.name).set(statuses[status])
        self._waiting.set(len(tick.decision.waiting))
        self._providers.set(len(tick.snapshot.providers))
        self._block.set(tick.snapshot.block_number)
        self._balance.set(tick.balance_wei)
        for outcome in tick.outcomes:
            result = outcome.error.code if outcome.error else "done"
            self._commands.labels(type(outcome.command).__name__, result).inc()

    def text(self) -> bytes:
        """Return the page for Prometheus."""
        return generate_latest(self.registry)
