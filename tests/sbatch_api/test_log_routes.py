"""`/v1/jobs/{id}/logs` over HTTP."""

import base64
from contextlib import ExitStack

import httpx
import pytest
from tests.sbatch_api.doubles import ALICE, BOB, JOB, NOON, PROVIDER, a_job, an_ended_job
from tests.sbatch_api.http import PLACES, Api

from deepsquare.identifiers import Address
from deepsquare_sbatch_api.domain.errors import StoreUnavailable
from deepsquare_sbatch_api.domain.log_window import LogState
from deepsquare_sbatch_api.entrypoints.http.services import Services
from deepsquare_sbatch_api.ports.logs import LogId

PATH = f"/v1/jobs/{JOB}/logs"
LINES = b"one\ntwo\nthree\n"


async def append(
    client: httpx.AsyncClient, data: bytes, offset: int, **more: str
) -> httpx.Response:
    return await client.post(PATH, params={"offset": str(offset), **more}, content=data)


@pytest.fixture
async def written(api: Api) -> Api:
    """A job whose provider has written three lines."""
    api.jobs.put(a_job())
    async with api.client(PROVIDER) as client:
        assert (await append(client, LINES, 0)).status_code == 200
    return api


def services_of(api: Api) -> Services:
    services = api.app.state.services
    assert isinstance(services, Services)
    return services


async def get(api: Api, account: Address = ALICE, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with api.client(account) as client:
        return await client.get(PATH, headers=named)


async def test_append__provider__tells_the_size(written: Api) -> None:
    async with written.client(PROVIDER) as client:
        answer = await append(client, b"four\n", len(LINES))
    assert answer.json() == {"size": len(LINES) + 5, "ended": False}


async def test_append__gap__is_409_with_the_size(written: Api) -> None:
    async with written.client(PROVIDER) as client:
        answer = await append(client, b"x", 99)
    assert answer.status_code == 409
    assert answer.json()["details"] == {"size": len(LINES)}
    assert answer.json()["code"] == "log_offset_conflict"


@pytest.mark.parametrize("caller", [ALICE, BOB])
async def test_append__not_the_provider__is_404(written: Api, caller: Address) -> None:
    """faults.md G14."""
    async with written.client(caller) as client:
        answer = await append(client, b"x", len(LINES))
    assert answer.status_code == 404
    assert (await get(written)).content == LINES


async def test_append__unknown_job__is_told_the_same(written: Api) -> None:
    async with written.client(BOB) as client:
        known = await append(client, b"x", 0)
        unknown = await client.post(f"/v1/jobs/{'0x' + '1' * 64}/logs?offset=0", content=b"x")
    assert known.json() == unknown.json()
    assert known.status_code == unknown.status_code == 404


async def test_append__after_the_job_ended__is_accepted(written: Api) -> None:
    """faults.md D8: lines arrive later."""
    written.jobs.put(an_ended_job())
    async with written.client(PROVIDER) as client:
        answer = await append(client, b"late\n", len(LINES), end="true")
    assert answer.json() == {"size": len(LINES) + 5, "ended": True}


async def test_append__after_the_end__is_409(written: Api) -> None:
    async with written.client(PROVIDER) as client:
        await append(client, b"", len(LINES), end="true")
        answer = await append(client, b"more", len(LINES))
    assert (answer.status_code, answer.json()["code"]) == (409, "log_ended")


@pytest.mark.parametrize("offset", ["", "-1", "x", str(2**53)])
async def test_append__bad_offset__is_400(written: Api, offset: str) -> None:
    async with written.client(PROVIDER) as client:
        answer = await client.post(f"{PATH}?offset={offset}", content=b"x")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


@pytest.mark.parametrize("caller", [ALICE, PROVIDER])
async def test_read__customer_or_provider__gets_all_bytes(written: Api, caller: Address) -> None:
    answer = await get(written, caller)
    assert answer.content == LINES
    assert answer.headers["content-length"] == str(len(LINES))
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_read__somebody_else__is_404_as_for_no_job(written: Api) -> None:
    known = await get(written, BOB)
    written.jobs.jobs.clear()
    unknown = await get(written, BOB)
    assert known.status_code == unknown.status_code == 404
    assert known.json() == unknown.json()


async def test_read__before_a_provider_has_the_job__is_empty(api: Api) -> None:
    api.jobs.put(a_job(provider=None, is_with_provider=False))
    assert (await get(api)).content == b""
    async with api.client(ALICE) as client:
        assert (await client.get(f"{PATH}/size")).json() == {"size": 0, "ended": False}


async def test_read__earlier_provider_wrote_too__shows_the_present_one(written: Api) -> None:
    written.jobs.put(a_job(provider=BOB))
    async with written.client(BOB) as client:
        assert (await append(client, b"again\n", 0)).status_code == 200
    assert (await get(written)).content == b"again\n"
    assert (await get(written, PROVIDER)).status_code == 404


@pytest.mark.parametrize(
    ("asked", "content", "span"),
    [
        ("bytes=0-2", b"one", "bytes 0-2/14"),
        ("bytes=4-", b"two\nthree\n", "bytes 4-13/14"),
        ("bytes=-6", b"three\n", "bytes 8-13/14"),
        ("bytes=8-999", b"three\n", "bytes 8-13/14"),
        ("bytes=-999", LINES, "bytes 0-13/14"),
    ],
)
async def test_read__range__is_206_with_exactly_these_bytes(
    written: Api, asked: str, content: bytes, span: str
) -> None:
    answer = await get(written, Range=asked)
    assert (answer.status_code, answer.content) == (206, content)
    assert answer.headers["content-range"] == span


@pytest.mark.parametrize("asked", ["bytes=14-", "bytes=-0", "bytes=20-30"])
async def test_read__range_beyond_the_end__is_416(written: Api, asked: str) -> None:
    answer = await get(written, Range=asked)
    assert answer.status_code == 416
    assert answer.headers["content-range"] == "bytes */14"


@pytest.mark.parametrize(
    "asked", ["lines=1-2", "bytes=a-b", "bytes=1-2,4-5", "bytes=5-2", "bytes=-"]
)
async def test_read__range_it_does_not_serve__is_the_whole_log(written: Api, asked: str) -> None:
    answer = await get(written, Range=asked)
    assert (answer.status_code, answer.content) == (200, LINES)


@pytest.mark.parametrize(
    ("lines", "content"), [(0, b""), (1, b"three\n"), (2, b"two\nthree\n"), (9, LINES)]
)
async def test_read__tail__is_the_last_lines(written: Api, lines: int, content: bytes) -> None:
    async with written.client(ALICE) as client:
        answer = await client.get(PATH, params={"tail": lines})
    assert answer.content == content
    assert answer.headers["log-offset"] == str(len(LINES) - len(content))


async def test_read__log_grows_while_its_tail_is_looked_for__is_the_tail_it_had(
    written: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = written.logs.state

    async def state_before_more_comes(log: LogId) -> LogState:
        state = await read(log)
        await written.logs.append(log, b"more\nand more\n", offset=state.size)
        return state

    monkeypatch.setattr(written.logs, "state", state_before_more_comes)
    async with written.client(ALICE) as client:
        answer = await client.get(PATH, params={"tail": 1})
    assert answer.content == b"three\n"
    assert (answer.headers["Log-Offset"], answer.headers["Log-Size"]) == ("8", "14")


async def test_read__log_above_its_limit__has_a_notice_in_the_middle(api: Api) -> None:
    api.jobs.put(a_job())
    data = b"".join(b"line %05d\n" % number for number in range(1000))
    await api.logs.append(LogId(JOB, PROVIDER), data, offset=0)
    content = (await get(api)).content
    head, _, tail = content.partition(b"\ndeepsquare: ")
    missing = len(data) - len(head) - len(tail.split(b"\n", 1)[1])
    assert tail.startswith(b"%d bytes of this log were cut here\n" % missing)
    assert data.startswith(head)
    assert data.endswith(tail.split(b"\n", 1)[1])


async def test_read__range_into_the_cut__is_the_next_run_that_is_kept(api: Api) -> None:
    api.jobs.put(a_job())
    await api.logs.append(LogId(JOB, PROVIDER), bytes(range(250)) * 40, offset=0)
    state = await api.logs.state(LogId(JOB, PROVIDER))
    answer = await get(api, Range=f"bytes={state.head_end + 5}-")
    assert answer.status_code == 206
    assert answer.headers["content-range"] == f"bytes {state.tail_start}-9999/10000"
    assert (await get(api, Range="bytes=1700-1800")).status_code == 416


def events(answer: httpx.Response) -> list[tuple[str, bytes]]:
    """Return id and bytes of each event; ("end", b"") for the last."""
    found = []
    for block in answer.text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line)
        if lines.get("event") == "end":
            found.append(("end", b""))
        elif "data" in lines:
            found.append((lines["id"], base64.b64decode(lines["data"])))
    return found


async def test_follow__ended_log__gives_its_bytes_and_the_end(written: Api) -> None:
    async with written.client(PROVIDER) as client:
        await append(client, b"", len(LINES), end="true")
    answer = await get(written, Accept="text/event-stream")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert events(answer) == [("14", LINES), ("end", b"")]


async def test_follow__from_an_offset__gives_the_rest(written: Api) -> None:
    async with written.client(PROVIDER) as client:
        await append(client, b"", len(LINES), end="true")
    answer = await get(written, Accept="text/event-stream", Last_Event_ID="8")
    assert events(answer) == [("14", b"three\n"), ("end", b"")]


async def test_follow__job_over_without_an_end_mark__ends_after_the_grace(written: Api) -> None:
    written.jobs.put(an_ended_job(NOON))
    written.clock.step(minutes=6)
    answer = await get(written, Accept="text/event-stream")
    assert events(answer) == [("14", LINES), ("end", b"")]


@pytest.mark.parametrize("value", ["-1", "x", str(2**53)])
async def test_follow__bad_last_event_id__is_400(written: Api, value: str) -> None:
    answer = await get(written, Accept="text/event-stream", Last_Event_ID=value)
    assert answer.status_code == 400


async def test_follow__cut_log__carries_the_notice_and_right_offsets(api: Api) -> None:
    api.jobs.put(a_job())
    log = LogId(JOB, PROVIDER)
    await api.logs.append(log, bytes(10_000), offset=0)
    state = await api.logs.end(log)
    answer = await get(api, Accept="text/event-stream")
    parts = events(answer)
    assert [name for name, _ in parts] == [
        str(state.head_end),
        str(state.tail_start),
        "10000",
        "end",
    ]
    assert b"were cut here" in parts[1][1]


async def test_follow__no_place_left__is_503_and_the_place_comes_back(written: Api) -> None:
    async with written.client(PROVIDER) as client:
        await append(client, b"", len(LINES), end="true")
    with ExitStack() as taken:
        for _ in range(PLACES):
            taken.enter_context(written.places.take())
        refused = await get(written, Accept="text/event-stream")
        assert (refused.status_code, refused.json()["code"]) == (503, "too_busy")
    for _ in range(PLACES + 1):
        assert events(await get(written, Accept="text/event-stream"))[-1] == ("end", b"")


async def test_follow__another_provider_takes_the_job_over__reads_its_log_from_the_start(
    written: Api,
) -> None:
    logs = services_of(written).logs
    pieces = logs.follow(await logs.job(JOB, caller=ALICE), start=0)
    assert (await anext(pieces)).data == LINES
    written.jobs.put(a_job(provider=None))
    assert (await anext(pieces)).data == b""
    written.jobs.put(a_job(provider=BOB))
    async with written.client(BOB) as client:
        await append(client, b"again\n", 0, end="true")
    assert [piece.data async for piece in pieces if piece.data] == [b"again\n"]


async def test_follow__come_back_after_another_provider_took_over__misses_nothing(
    written: Api,
) -> None:
    """The offset was one of the first provider's log; the second's is shorter."""
    written.jobs.put(a_job(provider=BOB))
    async with written.client(BOB) as client:
        await append(client, b"again\n", 0, end="true")
    answer = await get(written, Accept="text/event-stream", Last_Event_ID=str(len(LINES)))
    assert events(answer) == [("6", b"again\n"), ("end", b"")]


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "identity, br"])
async def test_append__compressed_body__is_refused_and_not_kept(
    written: Api, encoding: str
) -> None:
    async with written.client(PROVIDER) as client:
        answer = await client.post(
            PATH,
            params={"offset": len(LINES)},
            content=b"x",
            headers={"Content-Encoding": encoding},
        )
    assert answer.status_code == 400
    assert "send the body plain" in answer.json()["message"]
    assert (await get(written)).content == LINES


@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=0-3"}])
async def test_read__store_goes_away_after_the_size_was_read__is_503(
    written: Api, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    async def away(*_: object, **__: object) -> bytes:
        raise StoreUnavailable("the log store does not answer: it is away")

    monkeypatch.setattr(written.logs, "read", away)
    answer = await get(written, ALICE, **headers)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert answer.json()["code"] == "store_unavailable"


async def test_follow__accept_in_capitals__is_followed_too(written: Api) -> None:
    async with written.client(PROVIDER) as client:
        await append(client, b"", len(LINES), end="true")
    answer = await get(written, Accept="Text/Event-Stream")
    assert answer.headers["content-type"].startswith("text/event-stream")
