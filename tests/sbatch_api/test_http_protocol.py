"""Heads of requests on a real socket: bounded in size and time."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from deepsquare_sbatch_api.entrypoints.http import protocol
from deepsquare_sbatch_api.entrypoints.http.protocol import MAX_HEAD_BYTES, BoundedHttp

pytestmark = pytest.mark.integration

START = b"GET /x HTTP/1.1\r\nHost: a\r\n"
END = b"\r\n"
FULL = b"a" * MAX_HEAD_BYTES


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer once the whole body is there; on `/hasty` at once."""
    assert scope["type"] == "http"
    while scope["path"] != "/hasty" and (await receive()).get("more_body"):
        pass
    headers = [(b"content-length", b"5")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"hello"})


@pytest.fixture
async def port() -> AsyncIterator[int]:
    config = uvicorn.Config(
        hello, port=0, lifespan="off", http=BoundedHttp, ws="none", log_config=None
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    yield server.servers[0].sockets[0].getsockname()[1]
    await server.shutdown()


async def answer_to(port: int, parts: Iterable[bytes]) -> bytes:
    """Send parts until the other side closes, and return what it said."""
    return await asyncio.to_thread(converse, port, parts)


def converse(port: int, parts: Iterable[bytes]) -> bytes:
    said = b""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(ConnectionError):
            for part in parts:
                client.sendall(part)
        with suppress(ConnectionError):
            while not said.endswith((b"hello", b"}")) and (more := client.recv(2**16)):
                said += more
    return said


@pytest.mark.parametrize(
    "parts",
    [
        [START, END],
        [START, b"X: " + b"a" * (MAX_HEAD_BYTES // 2) + END, END],
        [*(bytes([letter]) for letter in START + END)],
        [START, b"Content-Length: 1000000" + END + END, *[b"b" * 10_000] * 100],
        [
            START,
            b"Transfer-Encoding: chunked" + END + END,
            *[b"1\r\na\r\n"] * 20_000,
            b"0" + END + END,
        ],
    ],
)
async def test_head__within_bounds__is_answered(port: int, parts: list[bytes]) -> None:
    said = await answer_to(port, parts)
    assert said.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "parts",
    [
        [START, b"X: " + FULL + END + END],
        [START, b"X: ", *[b"a" * 1000] * 5000],
        [START, *(b"X-%d: aaaaaaaaaaaaaaaaaaaa\r\n" % number for number in range(50_000))],
        [b"GET /", *[b"a" * 1000] * 5000],
        [END] * 50_000,
    ],
    ids=["one header", "endless header", "many headers", "endless path", "empty lines"],
)
async def test_head__too_long__is_431_and_closed(port: int, parts: list[bytes]) -> None:
    said = await answer_to(port, parts)
    assert said.startswith(b"HTTP/1.1 431")
    assert b'"code":"too_large"' in said


async def test_trailers__too_long__are_closed(port: int) -> None:
    chunked = b"Transfer-Encoding: chunked" + END + END + b"0" + END
    assert b"200" not in await answer_to(port, [START, chunked, b"X: ", *[b"a" * 1000] * 5000])


@pytest.mark.parametrize("parts", [[], [START]])
async def test_head__never_comes__is_closed(
    port: int, monkeypatch: pytest.MonkeyPatch, parts: list[bytes]
) -> None:
    monkeypatch.setattr(protocol, "HEAD_PATIENCE_S", 0.05)
    async with asyncio.timeout(4):
        assert await answer_to(port, parts) == b""


async def test_connection__between_requests__is_not_counted_as_a_slow_head(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_PATIENCE_S", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(2):
        writer.write(START + END)
        assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")
        await asyncio.sleep(0.1)
    writer.close()


async def test_body__goes_on_after_the_answer__is_closed(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "REST_PATIENCE_S", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(START.replace(b"/x", b"/hasty") + b"Transfer-Encoding: chunked" + END + END)
    assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")
    async with asyncio.timeout(4):
        with suppress(ConnectionError):
            while not reader.at_eof():
                writer.write(b"1\r\na\r\n")
                await writer.drain()
                await asyncio.sleep(0.01)
    writer.close()


async def test_body__ends_soon_after_the_answer__keeps_the_connection(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "REST_PATIENCE_S", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(START.replace(b"/x", b"/hasty") + b"Content-Length: 1" + END + END)
    assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")
    writer.write(b"a")
    await asyncio.sleep(0.1)
    writer.write(START + END)
    assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")
    writer.close()
