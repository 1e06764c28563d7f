"""The command as operators run it."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import httpx
import pytest
from tests.support.chain import Stage
from tools.devnet.ports import free_port

from deepsquare.chain import JobStatus
from deepsquare.testing import an_address

pytestmark = pytest.mark.integration

COMMAND = str(Path(sys.executable).with_name("deepsquare-metascheduler"))


def environment(stage: Stage, folder: Path, **changes: str) -> dict[str, str]:
    key_file = folder / "key"
    key_file.write_text(stage.accounts.metascheduler.key.hex())
    settings = {
        "RPC_URLS": stage.anvil.http_url,
        "WS_URL": stage.anvil.ws_url,
        "CHAIN_ID": str(stage.anvil.chain_id),
        "META_SCHEDULER_ADDRESS": stage.grid.meta_scheduler.address,
        "PRIVATE_KEY_FILE": str(key_file),
        "TICK_S": "30",
        "RETRY_PAUSE_S": "0.2",
    } | changes
    own = {f"METASCHEDULER_{name}": value for name, value in settings.items()}
    return {"PATH": os.environ["PATH"]} | own


async def command(*arguments: str, env: dict[str, str]) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        COMMAND, *arguments, env=env, stdout=-1, stderr=-1
    )
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


@contextlib.asynccontextmanager
async def running(env: dict[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(COMMAND, "run", env=env, stderr=-1)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def get(url: str, *, status: int) -> httpx.Response:
    """Ask until the status is the expected one."""
    async with httpx.AsyncClient() as http, asyncio.timeout(30):
        while True:
            with contextlib.suppress(httpx.TransportError):
                answer = await http.get(url)
                if answer.status_code == status:
                    return answer
            await asyncio.sleep(0.1)


async def shown_jobs(url: str) -> set[str]:
    await asyncio.sleep(0.1)
    return set((await get(f"http://{url}/", status=200)).json())


async def test_run__a_job_is_requested__is_assigned_by_the_next_block(
    stage: Stage, tmp_path: Path
) -> None:
    await stage.join(stage.accounts.provider)
    url = f"127.0.0.1:{free_port()}"
    async with running(environment(stage, tmp_path, LISTEN=url)) as process:
        await get(f"http://{url}/readyz", status=200)
        job_id = await stage.request(stage.accounts.customer)
        async with asyncio.timeout(15):
            while await shown_jobs(url) != {job_id}:
                pass
        assert await stage.status(job_id) is JobStatus.META_SCHEDULED
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
        _, log = await process.communicate()
    assert stage.accounts.metascheduler.key.hex() not in log.decode()
    assert '"command": "Assign"' in log.decode()


async def test_run__chain_goes_away_and_comes_back__serves_health_and_recovers_c1(
    stage: Stage, tmp_path: Path
) -> None:
    url, rpc_port = f"127.0.0.1:{free_port()}", free_port()
    env = environment(
        stage, tmp_path, LISTEN=url, RPC_URLS=f"http://127.0.0.1:{rpc_port}", WS_URL=""
    )
    async with running(env):
        problem = (await get(f"http://{url}/readyz", status=503)).json()["problem"]
        assert problem
        assert (await get(f"http://{url}/healthz", status=200)).text == "alive\n"
        forward = await asyncio.start_server(_forwarder(stage.anvil.port), "127.0.0.1", rpc_port)
        async with forward:
            await get(f"http://{url}/readyz", status=200)


Handler: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def _forwarder(port: int) -> Handler:
    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(copy(reader, there_writer), copy(there_reader, writer))

    return handle


async def test_check__all_well__shows_grid_chain_and_wallet(stage: Stage, tmp_path: Path) -> None:
    code, out, err = await command("check", env=environment(stage, tmp_path))
    assert (code, err) == (0, "")
    assert stage.grid.meta_scheduler.address in out
    assert stage.accounts.metascheduler.address in out


@pytest.mark.parametrize("verb", ["run", "check"])
async def test_start__wrong_chain_or_address_or_key__is_one_clear_line_c23(
    stage: Stage, tmp_path: Path, verb: str
) -> None:
    mistakes: dict[str, dict[str, str]] = {
        "serves chain 179188, but chain 5 is set": {"CHAIN_ID": "5"},
        "no MetaScheduler of a grid": {"META_SCHEDULER_ADDRESS": an_address(0xABCDEF)},
    }
    for message, change in mistakes.items():
        env = environment(stage, tmp_path, LISTEN=f"127.0.0.1:{free_port()}", **change)
        code, out, err = await command(verb, env=env)
        assert (code, out) == (2, "")
        assert message in err
        assert "Traceback" not in err


async def test_start__wallet_without_the_role__says_what_to_grant(
    stage: Stage, tmp_path: Path
) -> None:
    env = environment(stage, tmp_path)
    Path(env["METASCHEDULER_PRIVATE_KEY_FILE"]).write_text(stage.accounts.stranger.key.hex())
    code, _, err = await command("check", env=env)
    assert code == 2
    assert f"{stage.accounts.stranger.address} lacks METASCHEDULER_ROLE" in err


async def test_start__setting_misspelt__is_named(stage: Stage, tmp_path: Path) -> None:
    code, _, err = await command("run", env=environment(stage, tmp_path, TICKS="1"))
    assert (code, err.strip()) == (
        2,
        "deepsquare-metascheduler: there is no setting called METASCHEDULER_TICKS",
    )
