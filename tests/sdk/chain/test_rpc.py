"""The JSON-RPC client over endpoints with vices (faults.md C1 to C4)."""

import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import pytest

from deepsquare.chain import BlockRef, Call, Rpc, RpcRefused, RpcUnavailable
from deepsquare.chain.errors import InsufficientFunds, Reverted
from deepsquare.chain.jsonrpc import Request
from deepsquare.chain.logs import LogFilter
from deepsquare.chain.retry import RetryPolicy
from deepsquare.testing import an_address
from deepsquare.testing.fake_rpc import (
    BrokenEndpoint,
    FakeEndpoint,
    RefusingEndpoint,
    RpcFault,
    SilentEndpoint,
    a_raw_block,
    fake_http,
)

CALL = Call(an_address(1), b"\x01\x02", "test")
BLOCK = BlockRef(7, "0xaa", 7)
QUICK = RetryPolicy(rounds=2, first_pause_s=0)


def rpc_over(*endpoints: FakeEndpoint, retry: RetryPolicy = QUICK) -> Rpc:
    hosts = {f"rpc{number}": endpoint for number, endpoint in enumerate(endpoints)}
    return Rpc([f"http://{host}" for host in hosts], http=fake_http(hosts), retry=retry)


def raises(code: int, message: str, data: str | None = None) -> Any:
    def handler(params: Sequence[Any]) -> None:
        raise RpcFault(code, message, data)

    return handler


@pytest.mark.parametrize(
    "bad", [RefusingEndpoint({}), SilentEndpoint({}), BrokenEndpoint(500), BrokenEndpoint(429)]
)
async def test_request__first_endpoint_fails__the_next_answers_c1(bad: FakeEndpoint) -> None:
    good = FakeEndpoint({"eth_chainId": "0x539"})
    rpc = rpc_over(bad, good)
    assert await rpc.chain_id() == 1337
    bad.asked.clear()
    assert await rpc.chain_id() == 1337
    assert bad.asked == [], "a failed endpoint is not asked again while it is demoted"


async def test_request__endpoint_hangs__the_next_answers_within_the_time_out_c1() -> None:
    async def hang(request: httpx.Request) -> httpx.Response:
        if request.url.host == "hangs":
            await asyncio.Event().wait()
        return httpx.Response(200, json={"jsonrpc": "2.0", "id": 0, "result": "0x1"})

    http = httpx.AsyncClient(transport=httpx.MockTransport(hang))
    rpc = Rpc(["http://hangs", "http://answers"], http=http, timeout_s=0.01)
    assert await rpc.chain_id() == 1


async def test_request__all_endpoints_away__says_which_and_why() -> None:
    rpc = rpc_over(RefusingEndpoint({}), BrokenEndpoint(503))
    with pytest.raises(
        RpcUnavailable, match="rpc0: cannot be reached; http://rpc1: HTTP status 503"
    ):
        await rpc.chain_id()


async def test_request__endpoint_recovers__a_later_round_succeeds() -> None:
    answers = iter([RpcFault(-32005, "limit exceeded"), "0x1"])

    def handler(params: Sequence[Any]) -> object:
        answer = next(answers)
        if isinstance(answer, RpcFault):
            raise answer
        return answer

    assert await rpc_over(FakeEndpoint({"eth_chainId": handler})).chain_id() == 1


async def test_request__refused_for_good__is_not_repeated() -> None:
    endpoint = FakeEndpoint({"eth_chainId": raises(-32602, "invalid params")})
    with pytest.raises(RpcRefused, match="invalid params"):
        await rpc_over(endpoint, endpoint).chain_id()
    assert len(endpoint.asked) == 1


async def test_eth_call__custom_error__is_raised_by_its_own_name() -> None:
    data = "0x03eb8b54" + f"{9:064x}" + f"{10:064x}"
    rpc = rpc_over(FakeEndpoint({"eth_call": raises(3, "execution reverted", data)}))
    with pytest.raises(InsufficientFunds) as caught:
        await rpc.eth_call(CALL)
    assert (caught.value.available, caught.value.required) == (9, 10)


async def test_eth_call__revert_without_data__is_a_revert() -> None:
    rpc = rpc_over(FakeEndpoint({"eth_call": raises(-32000, "execution reverted")}))
    with pytest.raises(Reverted, match="execution reverted"):
        await rpc.eth_call(CALL)


async def test_eth_call__code_there_is_invalid__is_refused_and_not_repeated() -> None:
    endpoint = FakeEndpoint({"eth_call": raises(-32603, "EVM error PrecompileError")})
    with pytest.raises(RpcRefused, match="PrecompileError"):
        await rpc_over(endpoint, endpoint).eth_call(CALL)
    assert len(endpoint.asked) == 1


async def test_eth_call__at_a_block__names_it_by_hash() -> None:
    seen: list[Any] = []

    def handler(params: Sequence[Any]) -> str:
        seen.extend(params)
        return "0x"

    assert await rpc_over(FakeEndpoint({"eth_call": handler})).eth_call(CALL, at=BLOCK) == b""
    assert seen == [
        {"to": CALL.to, "data": "0x0102"},
        {"blockHash": "0xaa", "requireCanonical": True},
    ]


async def test_eth_call__endpoint_lacks_the_block__the_next_is_asked_c2() -> None:
    lagging = FakeEndpoint({"eth_call": raises(-32000, "header not found")})
    good = FakeEndpoint({"eth_call": "0x01"})
    assert await rpc_over(lagging, good).eth_call(CALL, at=BLOCK) == b"\x01"


async def test_requests__more_than_a_batch__keep_their_order() -> None:
    endpoint = FakeEndpoint({"echo": lambda params: params[0]})
    numbers = list(range(250))
    answers = await rpc_over(endpoint).requests([Request("echo", [n]) for n in numbers])
    assert answers == numbers


async def test_requests__answers_in_another_order__are_sorted_by_id() -> None:
    def reverse(request: httpx.Request) -> httpx.Response:
        messages = json.loads(request.content)
        answers = [{"id": m["id"], "result": m["params"][0]} for m in messages]
        return httpx.Response(200, json=answers[::-1])

    rpc = Rpc(["http://rpc"], http=httpx.AsyncClient(transport=httpx.MockTransport(reverse)))
    assert await rpc.requests([Request("echo", [n]) for n in (5, 6, 7)]) == [5, 6, 7]


async def test_head__several_endpoints__is_the_newest() -> None:
    old = FakeEndpoint({"eth_getBlockByNumber": a_raw_block(90)})
    new = FakeEndpoint({"eth_getBlockByNumber": a_raw_block(100), "eth_chainId": "0x1"})
    rpc = rpc_over(old, new)
    assert (await rpc.head()).number == 100
    old.asked.clear()
    await rpc.chain_id()
    assert old.asked == [], "the lagging endpoint is demoted"


async def test_head__endpoint_alternates_old_states__never_goes_back_c2() -> None:
    numbers = iter([100, 90, 101, 95, 102])
    endpoint = FakeEndpoint({"eth_getBlockByNumber": lambda _: a_raw_block(next(numbers))})
    rpc = rpc_over(endpoint)
    assert [(await rpc.head()).number for _ in range(3)] == [100, 101, 102]


async def test_head__only_old_states__is_unavailable_for_a_while_then_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    endpoint = FakeEndpoint({"eth_getBlockByNumber": a_raw_block(100)})
    rpc = rpc_over(endpoint)
    await rpc.head()
    endpoint.handlers["eth_getBlockByNumber"] = a_raw_block(50)
    with pytest.raises(RpcUnavailable, match="newest block"):
        await rpc.head()
    monkeypatch.setattr("deepsquare.chain.rpc.HEAD_PATIENCE_S", 0.0)
    assert (await rpc.head()).number == 50


async def test_get_logs__lagging_node_answers_nothing__is_not_believed_c4() -> None:
    lagging = FakeEndpoint({"eth_getBlockByNumber": None, "eth_getLogs": []})
    log = {
        "address": an_address(1),
        "topics": ["0x" + "ab" * 32],
        "data": "0x",
        "blockNumber": "0x5",
        "blockHash": "0xcc",
        "transactionHash": "0xdd",
        "logIndex": "0x0",
    }
    good = FakeEndpoint({"eth_getBlockByNumber": a_raw_block(9), "eth_getLogs": [log]})
    logs = await rpc_over(lagging, good).get_logs(LogFilter([an_address(1)], 0, 9))
    assert [found.block_number for found in logs] == [5]


@pytest.fixture
def usual_recursion_limit() -> Iterator[None]:
    """Python's own: py_ecc, which eth-account imports, raises it beyond what the stack holds."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)
    yield
    sys.setrecursionlimit(limit)


@pytest.mark.usefixtures("usual_recursion_limit")
@pytest.mark.parametrize("text", ["<html>", "[" * 200_000], ids=["html", "deep"])
async def test_answer__no_json__counts_as_a_failed_endpoint(text: str) -> None:
    def other(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=text)

    http = httpx.AsyncClient(transport=httpx.MockTransport(other))
    with pytest.raises(RpcUnavailable, match="no JSON"):
        await Rpc(["http://rpc"], http=http, retry=QUICK).chain_id()


GARBAGE = [5, True, "", "0x", "0xzz", "0x1 ", [], [None], {}, {"number": 5, "hash": "0xaa"}]


@pytest.mark.parametrize("garbage", GARBAGE)
async def test_answer__of_another_form__counts_as_a_failed_endpoint_c1(garbage: object) -> None:
    """A node behind a broken proxy answers anything; the next one is asked, nothing breaks."""
    methods = ("eth_chainId", "eth_getBlockByNumber", "eth_getTransactionReceipt")
    good = FakeEndpoint({"eth_chainId": "0x539", "eth_getBlockByNumber": a_raw_block(7)})
    for method in methods[:2]:
        rpc = rpc_over(FakeEndpoint(dict.fromkeys(methods, garbage)), good)
        assert await rpc.request(method) == good.handlers[method]
    alone = rpc_over(FakeEndpoint(dict.fromkeys(methods, garbage)))
    with pytest.raises(RpcUnavailable, match="gives the newest block"):
        await alone.head()
    with pytest.raises(RpcUnavailable, match="another form"):
        await alone.outcomes([Request("eth_getTransactionReceipt", ["0x"], may_be_null=True)])


@pytest.mark.parametrize("garbage", [5, "", "0x1", "0xzz", [], {}])
async def test_call__answered_with_no_bytes__is_unavailable_c1(garbage: object) -> None:
    rpc = rpc_over(FakeEndpoint({"eth_call": garbage}))
    with pytest.raises(RpcUnavailable, match="eth_call: the answer has another form"):
        await rpc.eth_call(CALL)


@pytest.mark.parametrize("garbage", [5, "0x", {}, [5], [{}], [{"topics": None}]])
async def test_get_logs__answered_with_something_else__is_unavailable_c1(garbage: object) -> None:
    endpoint = FakeEndpoint({"eth_getLogs": garbage, "eth_getBlockByNumber": a_raw_block(7)})
    with pytest.raises(RpcUnavailable, match="eth_getLogs: the answer has another form"):
        await rpc_over(endpoint).get_logs(LogFilter([an_address(1)], 1, 7))


def test_urls__none__are_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Rpc([])
