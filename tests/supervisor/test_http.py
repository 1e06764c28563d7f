"""`/healthz`, `/readyz` and `/metrics` tell the truth."""

import httpx
import pytest
from fastapi import FastAPI
from tests.supervisor.site import Site

from deepsquare_supervisor.entrypoints.http import LATE_AFTER_S, build_http


@pytest.fixture
def app(site: Site) -> FastAPI:
    return build_http(site.health, site.register, site.clock)


async def get(app: FastAPI, path: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://supervisor") as client:
        return await client.get(path)


async def test_readyz__before_the_first_tick__is_not_ready(app: FastAPI) -> None:
    answer = await get(app, "/readyz")
    assert answer.status_code == 503
    assert answer.json()["troubles"].keys() == {"chain", "batch_system", "accounting"}


async def test_readyz__everything_answers__is_ready(site: Site, app: FastAPI) -> None:
    await site.ticks(1)
    answer = await get(app, "/readyz")
    assert answer.status_code == 200
    assert answer.json()["is_joined"] is True


async def test_readyz__batch_system_away__says_so(site: Site, app: FastAPI) -> None:
    site.slurm.is_away = True
    await site.ticks(1)
    answer = await get(app, "/readyz")
    assert answer.status_code == 503
    assert "slurmctld" in answer.json()["troubles"]["batch_system"]


async def test_healthz__loop_is_stuck__is_not_alive(site: Site, app: FastAPI) -> None:
    await site.ticks(1)
    assert (await get(app, "/healthz")).status_code == 200
    site.clock.pass_s(LATE_AFTER_S + 1)
    assert (await get(app, "/healthz")).status_code == 503


async def test_metrics__count_jobs_troubles_and_alarms(site: Site, app: FastAPI) -> None:
    await site.queued()
    site.health.alarm("transaction_stuck")
    site.slurm.is_accounting_away = True
    site.slurm.batches.clear()
    await site.ticks(1)
    text = (await get(app, "/metrics")).text
    assert 'supervisor_jobs{phase="submitted"} 1.0' in text
    assert 'supervisor_trouble{part="accounting"} 1.0' in text
    assert 'supervisor_alarms_total{kind="transaction_stuck"} 1.0' in text
    assert f"supervisor_block {site.chain.block}.0" in text
