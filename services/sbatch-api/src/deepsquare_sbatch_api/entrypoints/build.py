"""Wiring: settings in, running services out."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

import structlog

from deepsquare.chain import Rpc
from deepsquare.chain.errors import RpcUnavailable
from deepsquare.chain.retry import RetryPolicy
from deepsquare.errors import DeepSquareError
from deepsquare.siwe import parse_siwe
from deepsquare.workflow import workflow_schema
from deepsquare_sbatch_api.adapters.chain import ChainJobs, Freshness, GridAccess
from deepsquare_sbatch_api.adapters.clock import SystemClock
from deepsquare_sbatch_api.adapters.signatures import ChainSignatures
from deepsquare_sbatch_api.adapters.tokens import JwtTokens
from deepsquare_sbatch_api.app.logs import Logs
from deepsquare_sbatch_api.app.scripts import Scripts
from deepsquare_sbatch_api.app.sign_in import SignIn
from deepsquare_sbatch_api.app.survey import Survey
from deepsquare_sbatch_api.app.sweep import Sweep, Swept
from deepsquare_sbatch_api.app.upkeep import Upkeep
from deepsquare_sbatch_api.app.workflows import Workflows
from deepsquare_sbatch_api.domain.retention import Retention
from deepsquare_sbatch_api.domain.sign_in import Expected
from deepsquare_sbatch_api.entrypoints.http.gates import Quota
from deepsquare_sbatch_api.entrypoints.http.metrics import Metrics
from deepsquare_sbatch_api.entrypoints.http.places import Places
from deepsquare_sbatch_api.entrypoints.http.services import Services
from deepsquare_sbatch_api.entrypoints.planner import build_planner
from deepsquare_sbatch_api.entrypoints.stores import Stores, keys_of, open_stores
from deepsquare_sbatch_api.ports.limits import Allowance
from deepsquare_sbatch_api.ports.sessions import SessionTokens
from deepsquare_sbatch_api.settings import Settings

_log = structlog.get_logger()


@asynccontextmanager
async def running(settings: Settings, metrics: Metrics) -> AsyncIterator[Services]:
    """Open stores and connections, keep the stores tidy, and close all of it at the end.

    Raises `WrongGrid` when the chain or the contract is another than set (faults.md C23); a chain
    that is away is waited for while serving.
    """
    async with AsyncExitStack() as opened:
        stores = await opened.enter_async_context(open_stores(settings))
        rpc = await opened.enter_async_context(_rpc(settings))
        parts = await _assemble(settings, stores, rpc)
        tasks = await opened.enter_async_context(asyncio.TaskGroup())
        upkeep = tasks.create_task(_upkeep(settings, parts, metrics).run())
        opened.callback(upkeep.cancel)
        yield parts.services


def _rpc(settings: Settings) -> Rpc:
    """Return a client that gives up soon: the caller is told 503 and tries again itself."""
    return Rpc(settings.rpc_urls, timeout_s=3, retry=RetryPolicy(rounds=2))


@dataclass(frozen=True)
class _Parts:
    services: Services
    sweep: Sweep


async def _assemble(settings: Settings, stores: Stores, rpc: Rpc) -> _Parts:
    clock, tokens = SystemClock(), _tokens(settings)
    grid = await _find_grid(settings, rpc)
    freshness = Freshness(settings.max_chain_lag_s, settings.job_facts_cache_s)
    jobs = ChainJobs(grid, clock=clock, freshness=freshness)
    survey = Survey(stores.scripts, jobs)
    rule = _retention(settings)
    services = Services(
        sign_in=_sign_in(settings, stores, rpc=rpc, tokens=tokens),
        workflows=Workflows(
            build_planner(settings), stores.scripts, clock, rule.unreferenced_script
        ),
        scripts=Scripts(stores.scripts, jobs, survey),
        logs=Logs(stores.logs, jobs, stores.news, clock),
        tokens=tokens,
        limiter=stores.limiter,
        clock=clock,
        schema=workflow_schema(),
        check_by_part={
            "scripts": stores.scripts.check,
            "logs": stores.logs.check,
            "chain": jobs.check,
        },
        allowance_by_quota=_allowances(settings),
        operator_networks=settings.operator_networks,
        allow_anonymous=settings.allow_anonymous,
        follower_places=Places(settings.max_followers),
    )
    sweep = Sweep(survey, stores.scripts, stores.logs, jobs, clock, rule)
    return _Parts(services, sweep)


async def _find_grid(settings: Settings, rpc: Rpc) -> GridAccess:
    grid = GridAccess(
        rpc, meta_scheduler=settings.meta_scheduler_address, chain_id=settings.chain_id
    )
    try:
        await grid.get()
    except RpcUnavailable as error:
        _log.warning("chain_unavailable", why=error.message)
    return grid


def _sign_in(settings: Settings, stores: Stores, *, rpc: Rpc, tokens: SessionTokens) -> SignIn:
    expected = Expected(
        domain=urlsplit(settings.public_url).netloc,
        uri=settings.public_url,
        chain_id=settings.chain_id,
        max_age=timedelta(minutes=settings.nonce_minutes),
        skew=timedelta(seconds=settings.clock_skew_s),
    )
    return SignIn(
        nonces=stores.nonces,
        signatures=ChainSignatures(rpc),
        tokens=tokens,
        clock=SystemClock(),
        parse=parse_siwe,
        expected=expected,
        session_life=timedelta(minutes=settings.token_minutes),
    )


def _tokens(settings: Settings) -> JwtTokens:
    keys = keys_of("SBATCH_API_TOKEN_KEYS", settings.token_keys)
    return JwtTokens(keys, issuer=settings.public_url)


def _retention(settings: Settings) -> Retention:
    return Retention(
        unreferenced_script=timedelta(hours=settings.unreferenced_script_hours),
        ended_script=timedelta(hours=settings.ended_script_hours),
        log=timedelta(days=settings.log_days),
    )


def _allowances(settings: Settings) -> Mapping[str, Allowance]:
    minute = timedelta(minutes=1)
    count_by_quota = {
        Quota.SIGN_IN: settings.sign_ins_per_minute,
        Quota.SUBMIT: settings.submits_per_minute,
        Quota.APPEND: settings.log_appends_per_minute,
        Quota.OTHER: settings.requests_per_minute,
    }
    return {quota.value: Allowance(count, minute) for quota, count in count_by_quota.items()}


def _upkeep(settings: Settings, parts: _Parts, metrics: Metrics) -> Upkeep:
    def on_swept(swept: Swept) -> None:
        metrics.swept.labels("script").inc(len(swept.scripts))
        metrics.swept.labels("log").inc(len(swept.logs))
        for script in swept.scripts:
            _log.info("script_expired", hash=script)
        for job_id in swept.logs:
            _log.info("log_expired", job=job_id)

    def on_failure(error: DeepSquareError) -> None:
        metrics.sweep_failures.inc()
        _log.warning("sweep_failed", code=error.code, why=error.message)

    return Upkeep(parts.sweep, settings.sweep_s, on_swept, on_failure)
