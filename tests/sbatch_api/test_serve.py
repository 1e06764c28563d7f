"""How the service starts, and what keeps it from starting."""

import asyncio
import signal
import socket
from pathlib import Path

import pytest
from tests.sbatch_api.service import Service, settings_of
from tests.support.chain import Stage

from deepsquare.testing import an_address

pytestmark = pytest.mark.integration
UNUSED: dict[str, object] = {
    "rpc_urls": "http://127.0.0.1:1",
    "chain_id": 1,
    "meta_scheduler_address": an_address(5),
}
"""Settings of a service that does not get as far as the chain."""


async def test_serve__wrong_chain_or_contract__is_one_line_and_exit_code_2(
    stage: Stage, tmp_path: Path
) -> None:
    """faults.md C23."""
    right = settings_of(stage.anvil, stage.grid.meta_scheduler.address)
    assert "serves chain 179188, but chain 1 is set" in await complaint(
        tmp_path, right | {"chain_id": 1}
    )
    assert "there is no MetaScheduler of a grid at" in await complaint(
        tmp_path, right | {"meta_scheduler_address": an_address(5)}
    )


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"listn": "x"}, "unknown settings: SBATCH_API_LISTN"),
        ({"token_keys_file": "/nowhere"}, "cannot read /nowhere"),
        ({"store": "redis"}, "SBATCH_API_REDIS_URL: needed for"),
        ({"store": "redis", "redis_url": "here"}, "SBATCH_API_REDIS_URL: is not like redis://"),
        ({"listen": "127.0.0.1:99999"}, "SBATCH_API_LISTEN: cannot listen on 127.0.0.1:99999"),
        ({"storage_keys_file": "/dev/null"}, "SBATCH_API_STORAGE_KEYS: give one key per line"),
        ({"outbound_ca_file": "/nowhere"}, "SBATCH_API_OUTBOUND_CA_FILE: cannot use /nowhere"),
    ],
)
async def test_serve__wrong_setting__is_one_line_and_exit_code_2(
    tmp_path: Path, wrong: dict[str, object], said: str
) -> None:
    assert said in await complaint(tmp_path, UNUSED | wrong)


async def test_serve__store_cannot_be_opened__is_one_line_and_exit_code_7(tmp_path: Path) -> None:
    (tmp_path / "sbatch-api.sqlite").write_bytes(b"no database at all" * 1000)
    said = await complaint(tmp_path, UNUSED | {"data_dir": tmp_path}, exit_code=7)
    assert "sbatch-api.sqlite cannot be opened: file is not a database" in said


async def test_serve__address_taken__is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        said = await complaint(tmp_path, UNUSED | {"listen": listen})
    assert f"SBATCH_API_LISTEN: cannot listen on {listen}" in said
    assert "already in use" in said


async def test_serve__stopped_while_it_waits_for_the_chain__exits_0_at_once(
    tmp_path: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(30)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        service = Service(tmp_path, **UNUSED | {"rpc_urls": url})
        service.launch()
        connection, _ = await asyncio.to_thread(silent.accept)
        with connection:
            assert await asyncio.to_thread(service.kill, signal.SIGTERM) == 0
    assert "Traceback" not in service.log


async def complaint(folder: Path, settings: dict[str, object], *, exit_code: int = 2) -> str:
    """Return what a service says that refuses to start."""
    service = Service(folder, **settings)
    process = service.launch()
    assert await asyncio.to_thread(process.wait, 60) == exit_code
    assert "Traceback" not in service.log
    return service.log
