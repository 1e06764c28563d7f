"""Which RPC endpoint to ask first. Pure bookkeeping; the caller brings the clock.

An endpoint that fails, lags behind the others or disagrees with them is demoted: asked only after
all others, for a time that doubles with each failure in a row (faults.md rule 9).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from deepsquare.chain.blocks import BlockRef


@dataclass(frozen=True, slots=True)
class HealthPolicy:
    """When an endpoint is demoted, and for how long."""

    first_demotion_s: float = 5
    longest_demotion_s: float = 120
    max_lag_blocks: int = 3
    max_disagreements: int = 3
    """Looks in a row in which its block of the same height has another hash."""


@dataclass(slots=True)
class Endpoint:
    """One RPC URL and how it behaved lately."""

    url: str
    failures: int = 0
    disagreements: int = 0
    demoted_until_s: float = 0
    head: BlockRef | None = None
    why: str = ""

    @property
    def name(self) -> str:
        """Scheme and host only: the rest of an RPC URL is often a key."""
        parts = urlsplit(self.url)
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{parts.hostname}{port}"


class EndpointPool:
    """The endpoints, in the order of the settings, with their demotions."""

    def __init__(self, urls: Sequence[str], policy: HealthPolicy | None = None) -> None:
        if not urls:
            raise ValueError("at least one RPC URL is needed")
        self.endpoints = [Endpoint(url) for url in urls]
        self._policy = policy or HealthPolicy()

    def ranked(self, now_s: float) -> list[Endpoint]:
        """Return all endpoints: the healthy in order of the settings, then the soonest restored."""
        return sorted(self.endpoints, key=lambda e: max(0.0, e.demoted_until_s - now_s))

    def healthy(self, now_s: float) -> list[Endpoint]:
        """Return the endpoints that are not demoted; all of them if none is left."""
        return [e for e in self.endpoints if e.demoted_until_s <= now_s] or self.endpoints

    def failed(self, endpoint: Endpoint, now_s: float, why: str) -> None:
        """Demote an endpoint that gave no usable answer."""
        endpoint.failures += 1
        pause = self._policy.first_demotion_s * 2 ** min(endpoint.failures - 1, 16)
        endpoint.demoted_until_s = now_s + min(pause, self._policy.longest_demotion_s)
        endpoint.why = why

    def answered(self, endpoint: Endpoint, now_s: float) -> None:
        """Restore an endpoint that gave a usable answer after its demotion ran out."""
        if endpoint.demoted_until_s <= now_s:
            endpoint.failures = 0
            endpoint.why = ""

    def compare_heads(self, heads: Mapping[str, BlockRef], now_s: float) -> BlockRef:
        """Demote the endpoints whose head lags or disagrees; return the best head.

        ``heads`` maps URLs to the heads just read; it must not be empty. Of endpoints that
        disagree at one height, the first of the settings is believed.
        """
        seen = [endpoint for endpoint in self.endpoints if endpoint.url in heads]
        best = max((heads[endpoint.url] for endpoint in seen), key=lambda head: head.number)
        for endpoint in seen:
            endpoint.head = heads[endpoint.url]
            self._judge(endpoint, best, now_s)
        return best

    def _judge(self, endpoint: Endpoint, best: BlockRef, now_s: float) -> None:
        head = endpoint.head
        if head is None:
            return
        lag = best.number - head.number
        if lag > self._policy.max_lag_blocks:
            self.failed(endpoint, now_s, f"{lag} blocks behind")
        elif lag == 0 and head.hash != best.hash:
            self._disagrees(endpoint, now_s)
        else:
            endpoint.disagreements = 0

    def _disagrees(self, endpoint: Endpoint, now_s: float) -> None:
        endpoint.disagreements += 1
        if endpoint.disagreements >= self._policy.max_disagreements:
            self.failed(endpoint, now_s, "disagrees with the other endpoints")
