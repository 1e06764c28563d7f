"""The application over in-memory doubles, and a client that signs in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from tests.sbatch_api.doubles import (
    EchoPlanner,
    JobBoard,
    MemoryNonces,
    MemoryScripts,
    SteppedClock,
    TrustingSignatures,
)

from deepsquare.identifiers import Address
from deepsquare.siwe import SiweMessage, parse_siwe
from deepsquare.workflow import workflow_schema
from deepsquare_sbatch_api.adapters.keys import parse_keys
from deepsquare_sbatch_api.adapters.limits import LocalLimiter
from deepsquare_sbatch_api.adapters.logs import LocalNews, LogFiles
from deepsquare_sbatch_api.adapters.tokens import JwtTokens
from deepsquare_sbatch_api.app.logs import Logs
from deepsquare_sbatch_api.app.scripts import Scripts
from deepsquare_sbatch_api.app.sign_in import SignIn
from deepsquare_sbatch_api.app.survey import Survey
from deepsquare_sbatch_api.app.workflows import Planner, Workflows
from deepsquare_sbatch_api.domain.sign_in import Expected
from deepsquare_sbatch_api.entrypoints.http.app import create_app
from deepsquare_sbatch_api.entrypoints.http.metrics import Metrics
from deepsquare_sbatch_api.entrypoints.http.places import Places
from deepsquare_sbatch_api.entrypoints.http.services import Services
from deepsquare_sbatch_api.ports.limits import Allowance
from deepsquare_sbatch_api.ports.sessions import Session
from deepsquare_sbatch_api.settings import Settings

URL = "http://api.test"
CHAIN_ID = 1337
PLACES = 3
ALL = frozenset({"workflows", "scripts", "logs"})
KEYS = parse_keys("a" * 43 + "=")
MINUTE = timedelta(minutes=1)
PLENTY = {
    name: Allowance(100_000, MINUTE) for name in ("sign-ins", "submits", "appends", "requests")
}


@dataclass
class Api:
    """Every part of a service under test, to look into and to break."""

    log_root: Path
    allow_anonymous: bool = False
    planner: Planner = field(default_factory=EchoPlanner)
    allowances: Mapping[str, Allowance] = field(default_factory=lambda: PLENTY)
    clock: SteppedClock = field(default_factory=SteppedClock)
    jobs: JobBoard = field(default_factory=JobBoard)
    scripts: MemoryScripts = field(default_factory=MemoryScripts)
    nonces: MemoryNonces = field(default_factory=MemoryNonces)
    places: Places = field(default_factory=lambda: Places(PLACES))

    def __post_init__(self) -> None:
        self.tokens = JwtTokens(KEYS, issuer=URL)
        self.logs = LogFiles(self.log_root, max_bytes=3200)
        self.app = self._app()

    def client(self, account: Address | None = None, **session: Any) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {self.token(account, **session)}"} if account else {}
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=URL, headers=headers)

    def token(
        self,
        account: Address,
        *,
        scope: frozenset[str] = ALL,
        life: timedelta = timedelta(minutes=15),
    ) -> str:
        return self.tokens.issue(Session(account, scope, self.clock.now() + life))

    def message(self, account: Address, nonce: str, **changes: Any) -> str:
        fields: dict[str, Any] = {
            "domain": "api.test",
            "address": account,
            "uri": URL,
            "chain_id": CHAIN_ID,
            "nonce": nonce,
            "issued_at": self.clock.now(),
        }
        return SiweMessage(**(fields | changes)).render()

    def _app(self) -> FastAPI:
        expected = Expected(
            "api.test", URL, CHAIN_ID, timedelta(minutes=5), skew=timedelta(seconds=60)
        )
        sign_in = SignIn(
            nonces=self.nonces,
            signatures=TrustingSignatures(),
            tokens=self.tokens,
            clock=self.clock,
            parse=parse_siwe,
            expected=expected,
            session_life=timedelta(minutes=15),
        )
        services = Services(
            sign_in=sign_in,
            workflows=Workflows(self.planner, self.scripts, self.clock, timedelta(hours=24)),
            scripts=Scripts(self.scripts, self.jobs, Survey(self.scripts, self.jobs)),
            logs=Logs(self.logs, self.jobs, LocalNews(idle_s=0.05), self.clock),
            tokens=self.tokens,
            limiter=LocalLimiter(),
            clock=self.clock,
            schema=workflow_schema(),
            check_by_part={"scripts": self.scripts.check, "chain": self.jobs.check},
            allowance_by_quota=self.allowances,
            operator_networks=Settings.model_fields["operator_networks"].default,
            allow_anonymous=self.allow_anonymous,
            follower_places=self.places,
        )
        return create_app(services, Metrics())
