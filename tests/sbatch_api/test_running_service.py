"""The service as a process, a real chain, and the SDK's client."""

import asyncio
import itertools
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from eth_account.signers.local import LocalAccount
from tests.sbatch_api.service import HELLO, Service, settings_of
from tests.support.chain import Stage, mine_now
from tests.support.redis import PrivateRedis

from deepsquare.api.client import SbatchApi
from deepsquare.api.errors import LogOffsetConflict, NotFound, SbatchApiUnavailable, ScriptInUse
from deepsquare.chain import Grid, JobStatus, Report, Rpc
from deepsquare.chain.jsonrpc import Request
from deepsquare.deployment import Deployment
from deepsquare.hashing import batch_location_hash
from deepsquare.identifiers import Address, BatchLocationHash, JobId, parse_address
from deepsquare.keys import Key
from deepsquare.siwe import SiweMessage
from deepsquare.testing import Accounts, Anvil, a_definition, an_address, development_account
from deepsquare_sbatch_api.entrypoints.serve import SHUTDOWN_S

pytestmark = pytest.mark.integration
PLENTY = 10_000
NEWCOMERS = ("customer", "provider", "other_provider", "stranger")
GridChain = tuple[Anvil, Deployment]
indices_of_newcomers = itertools.count(100)


@pytest.fixture(scope="module")
def lasting_chain(grid_chain: GridChain) -> Iterator[GridChain]:
    """The chain of `grid_chain`, on which a test is not undone before the last of this module is.

    A service rightly does not follow a chain that goes back.
    """

    async def ask(method: str, *parameters: object) -> object:
        async with Rpc([grid_chain[0].http_url]) as rpc:
            answer = await rpc.request(method, *parameters)
            await mine_now(rpc)
        return answer

    snapshot = asyncio.run(ask("evm_snapshot"))
    yield grid_chain
    asyncio.run(ask("evm_revert", snapshot))


@pytest.fixture
async def stage(lasting_chain: GridChain, accounts: Accounts) -> AsyncIterator[Stage]:
    """The grid with customers and providers of whom the shared service knows nothing yet."""
    chain, deployment = lasting_chain
    async with Rpc([chain.http_url]) as rpc:
        grid = await Grid.connect(rpc, deployment.meta_scheduler, chain.chain_id)
        people = {role: await newcomer(rpc) for role in NEWCOMERS}
        stage = Stage(chain, grid, replace(accounts, **people))
        await stage.fund(stage.accounts.customer)
        yield stage


async def newcomer(rpc: Rpc) -> LocalAccount:
    """Return an account that has coin and nothing else."""
    account = development_account(next(indices_of_newcomers))
    balance = [account.address, hex(10**20)]
    await rpc.outcomes([Request("anvil_setBalance", balance, may_be_null=True)])
    return account


@pytest.fixture(scope="module")
def process(
    lasting_chain: GridChain, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A service with SQLite; it starts in seconds, so that tests share it."""
    chain, deployment = lasting_chain
    settings = settings_of(chain, deployment.meta_scheduler)
    running = Service(tmp_path_factory.mktemp("service"), **settings, sign_ins_per_minute=PLENTY)
    yield running
    running.stop()


@pytest.fixture
def service(process: Service) -> Service:
    """The shared service, which runs, also after a test that has ended it."""
    process.ensure_running()
    return process


@dataclass
class Cast:
    """The clients of everybody who asks, each with its own key."""

    customer: SbatchApi
    provider: SbatchApi
    other_provider: SbatchApi
    stranger: SbatchApi


@pytest.fixture
async def actors(service: Service, stage: Stage) -> AsyncIterator[Cast]:
    async with AsyncExitStack() as opened:
        yield await enter(opened, service, stage)


async def enter(opened: AsyncExitStack, service: Service, stage: Stage) -> Cast:
    accounts = stage.accounts
    people = (
        accounts.customer,
        accounts.provider,
        accounts.other_provider,
        accounts.stranger,
    )
    clients = [service.client(Key(bytes(account.key))) for account in people]
    return Cast(*[await opened.enter_async_context(client) for client in clients])


async def submitted(stage: Stage, client: SbatchApi) -> tuple[JobId, BatchLocationHash]:
    """Submit a workflow, and request the job on chain."""
    stored = await client.submit(HELLO, idempotency_key="k")
    definition = a_definition(batch_location_hash=stored.batch_location_hash)
    job_id = await stage.request(stage.accounts.customer, definition)
    return job_id, stored.batch_location_hash


async def assign(stage: Stage, job_id: JobId, account: LocalAccount) -> Address:
    address = await stage.join(account)
    call = stage.grid.meta_scheduler.meta_schedule(job_id, address)
    await stage.send(stage.accounts.metascheduler, call)
    return address


async def run(stage: Stage, job_id: JobId) -> None:
    """Claim the job and report that it runs."""
    chain = stage.grid.meta_scheduler
    report = chain.provider_set_job_status(job_id, Report(JobStatus.RUNNING))
    await stage.send(stage.accounts.provider, chain.claim_next_job(), report)


async def finish(stage: Stage, job_id: JobId) -> None:
    report = Report(JobStatus.FINISHED, duration_minutes=1)
    call = stage.grid.meta_scheduler.provider_set_job_status(job_id, report)
    await stage.send(stage.accounts.provider, call)


async def test_script__through_a_jobs_life__goes_only_to_who_holds_it(
    stage: Stage, actors: Cast
) -> None:
    """faults.md G13, D6: the bytes fit the hash."""
    job_id, script_hash = await submitted(stage, actors.customer)

    async def fetch(who: SbatchApi) -> bytes:
        return await who.fetch_script(script_hash, job_id=job_id)

    for who in (actors.provider, actors.stranger):
        with pytest.raises(NotFound):
            await fetch(who)
    await assign(stage, job_id, stage.accounts.provider)
    await stage.join(stage.accounts.other_provider)
    script = await fetch(actors.provider)
    assert batch_location_hash(script) == script_hash
    assert script == await actors.customer.fetch_script(script_hash)
    for who in (actors.other_provider, actors.stranger):
        with pytest.raises(NotFound):
            await fetch(who)
    await run(stage, job_id)
    assert await fetch(actors.provider) == script
    await finish(stage, job_id)
    with pytest.raises(NotFound):
        await fetch(actors.provider)


async def test_delete__job_waits_or_runs__is_refused_until_it_ends(
    stage: Stage, actors: Cast
) -> None:
    job_id, script_hash = await submitted(stage, actors.customer)
    with pytest.raises(ScriptInUse):
        await actors.customer.delete_script(script_hash)
    await assign(stage, job_id, stage.accounts.provider)
    await run(stage, job_id)
    with pytest.raises(ScriptInUse):
        await actors.customer.delete_script(script_hash)
    with pytest.raises(NotFound):
        await actors.stranger.delete_script(script_hash)
    await finish(stage, job_id)
    await actors.customer.delete_script(script_hash)
    with pytest.raises(NotFound):
        await actors.customer.fetch_script(script_hash)


async def test_log__written_while_it_is_followed__arrives_line_by_line(
    stage: Stage, actors: Cast
) -> None:
    job_id, _ = await submitted(stage, actors.customer)
    chunks = actors.customer.follow_log(job_id)
    first = asyncio.ensure_future(anext(chunks))
    await assign(stage, job_id, stage.accounts.provider)
    await run(stage, job_id)
    await actors.provider.append_log(job_id, 0, b"one\n")
    async with asyncio.timeout(5):
        assert (await first).data == b"one\n"
        await actors.provider.append_log(job_id, 4, b"two\n", is_end=True)
        assert [chunk.data async for chunk in chunks] == [b"two\n"]
    assert (await actors.customer.tail_log(job_id, lines=1)).data == b"two\n"


async def test_log__anybody_else__neither_reads_nor_writes(stage: Stage, actors: Cast) -> None:
    """faults.md G14."""
    job_id, _ = await submitted(stage, actors.customer)
    await assign(stage, job_id, stage.accounts.provider)
    await actors.provider.append_log(job_id, 0, b"mine\n")
    for who in (actors.stranger, actors.other_provider):
        for ask in (who.append_log(job_id, 5, b"x"), who.read_log(job_id), who.log_size(job_id)):
            with pytest.raises(NotFound):
                await ask
    with pytest.raises(NotFound):
        await actors.customer.append_log(job_id, 5, b"x")
    assert await actors.customer.read_log(job_id) == b"mine\n"


async def test_service__killed_and_started_again__has_lost_nothing(
    stage: Stage, service: Service, actors: Cast
) -> None:
    """faults.md D4."""
    job_id, script_hash = await submitted(stage, actors.customer)
    await assign(stage, job_id, stage.accounts.provider)
    await actors.provider.append_log(job_id, 0, b"one\n")
    service.kill(signal.SIGKILL)
    with pytest.raises(SbatchApiUnavailable):
        await actors.provider.append_log(job_id, 4, b"two\n")
    await asyncio.to_thread(service.start)
    await actors.provider.append_log(job_id, 4, b"two\n")
    with pytest.raises(LogOffsetConflict):
        await actors.provider.append_log(job_id, 99, b"x")
    assert await actors.customer.read_log(job_id) == b"one\ntwo\n"
    assert await actors.provider.fetch_script(script_hash, job_id=job_id)
    again = await actors.customer.submit(HELLO, idempotency_key="k")
    assert again.batch_location_hash == script_hash


async def test_service__stopped__exits_0_at_once_even_with_followers(
    stage: Stage, service: Service, actors: Cast
) -> None:
    job_id, _ = await submitted(stage, actors.customer)
    waiting = asyncio.ensure_future(anext(actors.customer.follow_log(job_id)))
    await asyncio.sleep(0.2)
    began = time.monotonic()
    assert await asyncio.to_thread(service.kill, signal.SIGTERM) == 0
    assert time.monotonic() - began < SHUTDOWN_S
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert "Traceback" not in service.log


async def test_chain__goes_away_and_comes_back__is_told_and_recovered(
    stage: Stage, service: Service, actors: Cast
) -> None:
    job_id, script_hash = await submitted(stage, actors.customer)
    await assign(stage, job_id, stage.accounts.provider)
    assert await actors.provider.fetch_script(script_hash, job_id=job_id)
    pause(stage)
    try:
        with pytest.raises(SbatchApiUnavailable, match="the chain cannot be asked"):
            await actors.provider.fetch_script(script_hash, job_id=job_id)
        async with httpx.AsyncClient(base_url=service.url, timeout=60) as plain:
            assert (await plain.get("/healthz")).status_code == 200
            ready = await plain.get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["chain"].startswith("the chain cannot be asked")
        assert ready.json()["scripts"] == "ok"
    finally:
        os.kill(stage.anvil.pid, signal.SIGCONT)
    assert await actors.provider.fetch_script(script_hash, job_id=job_id)


def pause(stage: Stage) -> None:
    """Stop the chain's process; a signal alone lets it answer some more on a busy machine."""
    os.kill(stage.anvil.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, stage.anvil.pid, os.WSTOPPED)


async def test_chain__newest_block_too_old__is_503(stage: Stage, tmp_path: Path) -> None:
    service = Service(
        tmp_path, **settings_of(stage.anvil, stage.grid.meta_scheduler.address), max_chain_lag_s=6
    )
    service.start()
    try:
        async with AsyncExitStack() as opened:
            actors = await enter(opened, service, stage)
            job_id, script_hash = await submitted(stage, actors.customer)
            await assign(stage, job_id, stage.accounts.provider)
            await mine_now(stage.grid.rpc)
            assert await actors.provider.fetch_script(script_hash, job_id=job_id)
            await asyncio.sleep(7)
            with pytest.raises(SbatchApiUnavailable, match="newest block of the chain is"):
                await actors.provider.fetch_script(script_hash, job_id=job_id)
            await mine_now(stage.grid.rpc)
            assert await actors.provider.fetch_script(script_hash, job_id=job_id)
    finally:
        service.stop()


async def test_sign_in__contract_account__by_erc1271(stage: Stage, service: Service) -> None:
    yes, no = an_address(71), an_address(72)
    await set_code(stage, yes, answering("1626ba7e"))
    await set_code(stage, no, answering("ffffffff"))
    assert (await log_in_as(service, stage, yes)).json()["address"] == yes
    for stranger in (no, an_address(73)):
        refused = await log_in_as(service, stage, stranger)
        assert refused.status_code == 401
        assert "the signature is not by the address" in refused.json()["message"]


def answering(selector: str) -> str:
    """Return code that answers every call with one word: PUSH4, shift left, store, return."""
    return f"0x63{selector}60e01b60005260206000f3"


async def set_code(stage: Stage, address: Address, code: str) -> None:
    await stage.grid.rpc.outcomes([Request("anvil_setCode", [address, code], may_be_null=True)])


async def log_in_as(service: Service, stage: Stage, address: Address) -> httpx.Response:
    async with httpx.AsyncClient(base_url=service.url) as client:
        nonce = (await client.get("/v1/auth/nonce")).json()["nonce"]
        message = await message_for(service, stage, address=address, nonce=nonce)
        body = {"message": message, "signature": "0x" + "12" * 200}
        return await client.post("/v1/auth/login", json=body)


async def message_for(service: Service, stage: Stage, *, address: Address, nonce: str) -> str:
    return SiweMessage(
        domain=service.url.removeprefix("http://"),
        address=address,
        uri=service.url,
        chain_id=stage.anvil.chain_id,
        nonce=nonce,
        issued_at=datetime.now(UTC),
    ).render()


async def test_sign_in__signature_not_exactly_right__is_refused(
    stage: Stage, service: Service
) -> None:
    """faults.md G12."""
    key, other = (
        Key(bytes(account.key)) for account in (stage.accounts.customer, stage.accounts.stranger)
    )
    async with httpx.AsyncClient(base_url=service.url, timeout=30) as client:
        nonce = (await client.get("/v1/auth/nonce")).json()["nonce"]
        text = await message_for(service, stage, address=key.address, nonce=nonce)

        async def status(signature: str) -> int:
            body = {"message": text, "signature": signature}
            return (await client.post("/v1/auth/login", json=body)).status_code

        good = key.sign_message(text)
        for bad in damaged(good, by_another=other.sign_message(text)):
            assert await status(bad) == 401, bad
        assert [await status(good), await status(good)] == [200, 401]


ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def damaged(signature: str, *, by_another: str) -> list[str]:
    """Return the signature with a high s, cut, lengthened, another's, and with an odd v."""
    raw = bytes.fromhex(signature[2:])
    flipped = ORDER - int.from_bytes(raw[32:64], "big")
    high_s = raw[:32] + flipped.to_bytes(32, "big") + bytes([55 - raw[64]])
    made = (high_s, raw[:64], raw + b"\0", raw[:64] + b"\x05")
    return [*("0x" + each.hex() for each in made), by_another]


async def test_two_replicas__one_redis__behave_as_one(
    stage: Stage, tmp_path: Path, redis_server: PrivateRedis
) -> None:
    shared = settings_of(stage.anvil, stage.grid.meta_scheduler.address) | {
        "store": "redis",
        "redis_url": redis_server.url,
    }
    one = Service(tmp_path, **shared)
    other = Service(tmp_path, **shared, public_url=one.url)
    try:
        for replica in (one, other):
            replica.start()
        await check_as_one(stage, one, other)
        await redis_server.restart()
        async with httpx.AsyncClient(base_url=other.url) as plain:
            assert (await plain.get("/readyz")).status_code == 200
    finally:
        for replica in (one, other):
            replica.stop()


async def check_as_one(stage: Stage, one: Service, other: Service) -> None:
    async with AsyncExitStack() as opened:
        here = await enter(opened, one, stage)
        token = await bearer(one, stage)
        plain = await opened.enter_async_context(httpx.AsyncClient(base_url=other.url))
        # a session, a request key and a script of the one hold at the other
        job_id, script_hash = await submitted(stage, here.customer)
        again = await plain.post(
            "/v1/workflows", content=HELLO, headers={**token, "Idempotency-Key": "k"}
        )
        assert again.json()["batchLocationHash"] == script_hash
        script = await plain.get(f"/v1/scripts/{script_hash}", headers=token)
        assert batch_location_hash(script.content) == script_hash
        # a log written at the one is followed at the other, at once
        await assign(stage, job_id, stage.accounts.provider)
        ask = {**token, "Accept": "text/event-stream"}
        path = f"/v1/jobs/{job_id}/logs"
        async with plain.stream("GET", path, headers=ask, timeout=20) as stream:
            events = stream.aiter_lines()
            await asyncio.sleep(0.3)
            began = asyncio.get_running_loop().time()
            await here.provider.append_log(job_id, 0, b"one\n", is_end=True)
            lines = [line async for line in events]
            took_s = asyncio.get_running_loop().time() - began
        assert [line for line in lines if line and not line.startswith(":")] == [
            "id: 4",
            "data: b25lCg==",
            "event: end",
            "data:",
        ]
        assert took_s < 5


async def bearer(service: Service, stage: Stage) -> dict[str, str]:
    """Sign the customer in, by a nonce of one replica used a hundred times at once."""
    key = Key(bytes(stage.accounts.customer.key))
    async with httpx.AsyncClient(base_url=service.url, timeout=60) as client:
        nonce = (await client.get("/v1/auth/nonce")).json()["nonce"]
        text = await message_for(service, stage, address=parse_address(key.address), nonce=nonce)
        body = {"message": text, "signature": key.sign_message(text)}
        answers = await asyncio.gather(
            *(client.post("/v1/auth/login", json=body) for _ in range(30))
        )
    [token] = [answer.json()["token"] for answer in answers if answer.status_code == 200]
    return {"Authorization": f"Bearer {token}"}
