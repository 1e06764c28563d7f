"""Logs: appended by offset, read whole or in part, followed across broken connections."""

import base64
from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sdk.api.fake_sbatch_api import FakeSbatchApi, answers, refuses

from deepsquare.api import LogOffsetConflict, NotFound, SbatchApi, SbatchApiBroken
from deepsquare.api.errors import SbatchApiUnavailable
from deepsquare.api.events import EventParser
from deepsquare.testing import a_job_id

JOB = a_job_id()
LOG = b"first\nsecond \xff\x00\nthird, which is a longer line than the others\n"


async def follow(api: SbatchApi, start: int = 0) -> bytes:
    return b"".join([chunk.data async for chunk in api.follow_log(JOB, start=start)])


async def test_append_log__twice_the_same__is_there_once(server: FakeSbatchApi) -> None:
    async with server.client() as api:
        await api.append_log(JOB, 0, b"abc")
        await api.append_log(JOB, 0, b"abc")
        await api.append_log(JOB, 3, b"def", is_end=True)
        size = await api.log_size(JOB)
    assert server.logs[JOB] == b"abcdef"
    assert (size.size, size.ended) == (6, True)


async def test_append_log__gap__tells_where_to_go_on(server: FakeSbatchApi) -> None:
    async with server.client() as api:
        await api.append_log(JOB, 0, b"abc")
        with pytest.raises(LogOffsetConflict) as caught:
            await api.append_log(JOB, 9, b"xyz")
    assert caught.value.size == 3


async def test_read_log__from_an_offset_and_beyond_the_end(server: FakeSbatchApi) -> None:
    server.logs[JOB] = LOG
    async with server.client() as api:
        assert await api.read_log(JOB) == LOG
        assert await api.read_log(JOB, start=6) == LOG[6:]
        assert await api.read_log(JOB, start=len(LOG)) == b""


async def test_tail_log__last_lines__and_where_to_go_on(server: FakeSbatchApi) -> None:
    server.logs[JOB] = LOG
    async with server.client() as api:
        tail = await api.tail_log(JOB, lines=1)
    assert tail.data == LOG.splitlines(keepends=True)[-1]
    assert tail.offset == len(LOG)


async def test_follow_log__complete__yields_every_byte(server: FakeSbatchApi) -> None:
    server.logs[JOB] = LOG
    async with server.client() as api:
        assert await follow(api) == LOG
        assert await follow(api, start=6) == LOG[6:]


async def test_follow_log__connection_broken__resumes_at_its_offset(
    server: FakeSbatchApi,
) -> None:
    server.logs[JOB] = LOG
    server.stream_bytes = 10
    async with server.client() as api:
        assert await follow(api) == LOG
    assert server.asked.count(f"GET /v1/jobs/{JOB}/logs") == 2


async def test_follow_log__server_away_for_a_moment__goes_on(server: FakeSbatchApi) -> None:
    server.logs[JOB] = LOG
    async with server.client() as api:
        await api.log_size(JOB)
        server.faults = [refuses, answers(503, "store_unavailable", "away")]
        assert await follow(api) == LOG


class SilentStream(httpx.AsyncByteStream):
    """Brings one event, and then nothing for as long as the client listens."""

    def __init__(self, request: httpx.Request) -> None:
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"id: 6\ndata: %s\n\n" % base64.b64encode(LOG[:6])
        patience_s = self._request.extensions["timeout"]["read"]
        assert patience_s is not None, "the client would listen for ever"
        raise httpx.ReadTimeout(f"nothing for {patience_s} s", request=self._request)


async def test_follow_log__connection_dies_silently__is_opened_again(
    server: FakeSbatchApi,
) -> None:
    """A network that vanished tells nobody; the server's signs of life end."""
    server.logs[JOB] = LOG
    async with server.client() as api:
        await api.log_size(JOB)
        server.faults = [lambda request: httpx.Response(200, stream=SilentStream(request))]
        assert await follow(api) == LOG


async def test_follow_log__server_stays_away__says_so(server: FakeSbatchApi) -> None:
    server.logs[JOB] = LOG
    async with server.client() as api:
        await api.log_size(JOB)
        server.faults = [refuses] * 3
        with pytest.raises(SbatchApiUnavailable, match="cannot be reached"):
            await follow(api)


async def test_follow_log__session_over__signs_in_and_goes_on(server: FakeSbatchApi) -> None:
    server.logs[JOB] = LOG
    async with server.client() as api:
        await api.log_size(JOB)
        server.tokens.clear()
        assert await follow(api) == LOG


async def test_follow_log__of_somebody_else__is_not_found_and_not_repeated(
    server: FakeSbatchApi,
) -> None:
    async with server.client() as api:
        with pytest.raises(NotFound):
            await follow(api)
    assert server.asked.count(f"GET /v1/jobs/{JOB}/logs") == 1


async def test_follow_log__garbage_event__is_the_servers_fault(server: FakeSbatchApi) -> None:
    server.logs[JOB] = LOG
    async with server.client() as api:
        await api.log_size(JOB)
        server.faults = [lambda _: httpx.Response(200, content=b"id: x\ndata: !!\n\n")]
        with pytest.raises(SbatchApiBroken, match="log event"):
            await follow(api)


@given(cuts=st.lists(st.integers(1, 40), max_size=20))
def test_event_parser__pieces_of_any_size__gives_the_same_events(cuts: list[int]) -> None:
    text = "id: 5\r\ndata: a\r\n\r\n: note\n\ndata: b\ndata:c\n\nevent: end\ndata:\n\nretry: 3\n\n"
    parser, found, rest = EventParser(), [], text
    for cut in cuts:
        found += parser.feed(rest[:cut])
        rest = rest[cut:]
    found += parser.feed(rest)
    assert [(e.event, e.data, e.id) for e in found] == [
        ("message", "a", "5"),
        ("message", "b\nc", "5"),
        ("end", "", "5"),
    ]
