"""Measure the service as a process with SQLite, on a chain of its own, and print a table."""

import asyncio
import os
import resource
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from benchmarks.sbatch_api.connection import request
from benchmarks.sbatch_api.followers import follow
from benchmarks.sbatch_api.submits import at_rate, saturate
from eth_account.signers.local import LocalAccount
from tests.sbatch_api.service import HELLO, Service
from tests.support.chain import Stage

from deepsquare.api.auth import SignIn
from deepsquare.api.http import Connection
from deepsquare.chain import Grid, Rpc
from deepsquare.deployment import Deployment
from deepsquare.identifiers import BatchLocationHash, JobId
from deepsquare.keys import Key
from deepsquare.testing import Anvil, a_definition, deploy_grid, development_accounts

PLENTY = 10**9
RATE = 200
SECONDS = 10
FOLLOWERS = 1000
LINES = 20


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    measured: str
    wanted: str


async def measure(anvil: Anvil, folder: Path) -> list[Row]:
    """Start the service and measure everything."""
    deployment = await deploy_grid(anvil.http_url)
    with running_service(anvil, folder, deployment) as service:
        return [*await _submits(service), *await _followers(service, anvil, deployment)]


@contextmanager
def running_service(anvil: Anvil, folder: Path, deployment: Deployment) -> Iterator[Service]:
    """Serve with limits that do not limit."""
    limits = ("submits", "log_appends", "requests", "sign_ins")
    service = Service(
        folder,
        rpc_urls=anvil.http_url,
        chain_id=anvil.chain_id,
        meta_scheduler_address=deployment.meta_scheduler,
        **{f"{name}_per_minute": PLENTY for name in limits},
    )
    service.start()
    try:
        yield service
    finally:
        service.stop()


async def _submits(service: Service) -> list[Row]:
    token = await _token(service, development_accounts().customer)
    ask = request("POST", "/v1/workflows", token=token, body=HELLO)
    before_s = _processor_s(service)
    most = await saturate(service.port, ask, seconds=SECONDS)
    each_ms = (_processor_s(service) - before_s) / (most.per_second * SECONDS) * 1000
    even = await at_rate(service.port, ask, per_second=RATE, seconds=SECONDS)
    return [
        Row("submits a second, 32 connections", f"{most.per_second:.0f}", "at least 300"),
        Row("processor time of the service for each", f"{each_ms:.2f} ms", ""),
        Row(f"submit at {RATE}/s, median", f"{even.p50_ms:.1f} ms", ""),
        Row(f"submit at {RATE}/s, 99th percentile", f"{even.p99_ms:.1f} ms", "under 50 ms"),
        Row("memory of the service after that", _memory(service), ""),
    ]


async def _followers(service: Service, anvil: Anvil, deployment: Deployment) -> list[Row]:
    accounts = development_accounts()
    async with Rpc([anvil.http_url]) as rpc:
        grid = await Grid.connect(rpc, deployment.meta_scheduler)
        job_id = await _assigned_job(service, Stage(anvil, grid, accounts))
    spread = await follow(
        service.port,
        f"/v1/jobs/{job_id}/logs",
        reader=await _token(service, accounts.customer),
        writer=await _token(service, accounts.provider),
        followers=FOLLOWERS,
        lines=LINES,
    )
    what = f"a line to all of {FOLLOWERS} followers of one log"
    return [
        Row(f"{what}, median", f"{spread.median_s * 1000:.0f} ms", ""),
        Row(f"{what}, worst of {LINES}", f"{spread.worst_s * 1000:.0f} ms", "under 1000 ms"),
        Row(f"memory of the service with {FOLLOWERS} followers", _memory(service), ""),
    ]


async def _assigned_job(service: Service, stage: Stage) -> JobId:
    accounts = stage.accounts
    await stage.fund(accounts.customer)
    token = await _token(service, accounts.customer)
    async with httpx.AsyncClient(base_url=service.url) as client:
        bearer = {"Authorization": f"Bearer {token}"}
        answer = await client.post("/v1/workflows", content=HELLO, headers=bearer)
    script = BatchLocationHash(answer.json()["batchLocationHash"])
    job_id = await stage.request(accounts.customer, a_definition(batch_location_hash=script))
    provider = await stage.join(accounts.provider)
    call = stage.grid.meta_scheduler.meta_schedule(job_id, provider)
    await stage.send(accounts.metascheduler, call)
    return job_id


async def _token(service: Service, account: LocalAccount) -> str:
    chain_id = int(str(service.settings["chain_id"]))
    connection = Connection(service.url)
    try:
        return await SignIn(connection, Key(bytes(account.key)), chain_id=chain_id).token()
    finally:
        await connection.aclose()


def _processor_s(service: Service) -> float:
    """Return the processor time taken so far, in user and system mode (proc(5), stat)."""
    fields = Path(f"/proc/{service.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory(service: Service) -> str:
    """Return the resident memory now (proc(5), VmRSS)."""
    status = Path(f"/proc/{service.pid}/status").read_text()
    kilobytes = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return f"{int(kilobytes.split()[1]) / 1024:.0f} MB"


def main() -> None:
    """Print the table in Markdown."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as folder, Anvil() as anvil:
        rows = asyncio.run(measure(anvil, Path(folder)))
    print("| sbatch API over HTTP, SQLite | measured | wanted |")
    print("| --- | --- | --- |")
    for row in rows:
        print(f"| {row.what} | {row.measured} | {row.wanted} |")


if __name__ == "__main__":
    main()
