"""JSON-RPC over HTTP with several endpoints: the read path of the SDK.

Neither web3 nor eth-account is imported here or below (docs/adr/0002).
"""

import asyncio
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import httpx

from deepsquare.chain.blocks import At, BlockRef, block_parameter, parse_block
from deepsquare.chain.call import Call
from deepsquare.chain.endpoints import Endpoint, EndpointPool, HealthPolicy
from deepsquare.chain.errors import RpcUnavailable
from deepsquare.chain.jsonrpc import EndpointFailed, Json, Request, parse_answer
from deepsquare.chain.logs import LogFilter, RawLog, parse_log
from deepsquare.chain.retry import RetryPolicy
from deepsquare.errors import DeepSquareError
from deepsquare.identifiers import Address

BATCH_SIZE = 100
"""Requests in one HTTP body; public endpoints accept at least this many."""

HEAD_PATIENCE_S = 60.0
"""How long a head below one already seen counts as a lagging endpoint and not as the truth."""

_LATEST = Request("eth_getBlockByNumber", ["latest", False])


class Rpc:
    """A JSON-RPC client of one chain behind one or more endpoints.

    Each request goes to the best endpoint; if it does not answer in ``timeout_s`` or gives no
    usable answer, the next is asked, and after all of them another round is made as ``retry``
    says. Then `RpcUnavailable` is raised. Close it with ``aclose`` or ``async with``.
    """

    def __init__(
        self,
        urls: Sequence[str],
        *,
        timeout_s: float = 5,
        retry: RetryPolicy | None = None,
        health: HealthPolicy | None = None,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self.pool = EndpointPool(urls, health)
        self._timeout_s = timeout_s
        self._retry = retry or RetryPolicy()
        self._http = http or httpx.AsyncClient()
        self._head: BlockRef | None = None
        self._head_seen_s = 0.0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def request(self, method: str, *params: Json) -> Json:
        """Return the result of one request.

        Raises `RpcUnavailable`, `RpcRefused`, or the contract's own error for a revert.
        """
        return (await self.requests([Request(method, params)]))[0]

    async def requests(self, requests: Sequence[Request]) -> list[Any]:
        """Return the results of several requests, sent in as few HTTP bodies as possible.

        Raises the first error of any of them.
        """
        outcomes = await self.outcomes(requests)
        for outcome in outcomes:
            if isinstance(outcome, DeepSquareError):
                raise outcome
        return outcomes

    async def outcomes(self, requests: Sequence[Request]) -> list[Json | DeepSquareError]:
        """As `requests`, with the error in the place of a result that a node refused."""
        chunks = [requests[i : i + BATCH_SIZE] for i in range(0, len(requests), BATCH_SIZE)]
        answers = await asyncio.gather(*(self._ask_any(chunk) for chunk in chunks))
        return [result for chunk in answers for result in chunk]

    async def chain_id(self) -> int:
        """Return the chain's id."""
        return int(await self.request("eth_chainId"), 16)

    async def chain_ids(self) -> dict[str, int]:
        """Return the chain id that each endpoint serves, by its name; those away are left out.

        Raises `RpcUnavailable` if all are.
        """
        asked = self.pool.endpoints
        answers = await asyncio.gather(*(self._chain_id_of(endpoint) for endpoint in asked))
        found = {e.name: n for e, n in zip(asked, answers, strict=True) if n is not None}
        return found or {asked[0].name: await self.chain_id()}

    async def block(self, at: At = "latest") -> BlockRef:
        """Return a block; an endpoint that does not have it counts as lagging."""
        if isinstance(at, BlockRef):
            return at
        return parse_block(await self.request("eth_getBlockByNumber", block_parameter(at), False))

    async def head(self) -> BlockRef:
        """Return the newest block any healthy endpoint knows, and demote those that lag.

        Never goes below a head already returned, unless every endpoint insists for a minute
        (a chain that was reset): until then `RpcUnavailable` is raised.
        """
        for pause in self._retry.pauses():
            await asyncio.sleep(pause)
            head = await self._newest_head()
            if head and self._advance(head):
                return head
        raise RpcUnavailable(
            "no RPC endpoint gives the newest block: " + self._complaints(),
            details={"endpoints": [endpoint.name for endpoint in self.pool.endpoints]},
        )

    async def eth_call(
        self, call: Call, *, at: At = "latest", sender: Address | None = None
    ) -> bytes:
        """Run a call without a transaction and return its raw result.

        Raises the contract's own error if it reverts.
        """
        return (await self.eth_calls([call], at=at, sender=sender))[0]

    async def eth_calls(
        self, calls: Sequence[Call], *, at: At = "latest", sender: Address | None = None
    ) -> list[bytes]:
        """Run several calls on one block; the first revert is raised."""
        block = block_parameter(at)
        results = await self.requests(
            [Request("eth_call", [call_object(call, sender), block]) for call in calls]
        )
        return [bytes.fromhex(result[2:]) for result in results]

    async def get_logs(self, wanted: LogFilter) -> list[RawLog]:
        """Return the logs of a range of blocks, in their order on chain.

        An endpoint that does not know the last block of the range is not believed: it would
        answer an empty list without any error.
        """
        head = Request("eth_getBlockByNumber", [hex(wanted.to_block), False])
        _, logs = await self.requests([head, Request("eth_getLogs", [wanted.to_json()])])
        return [parse_log(log) for log in logs]

    async def _newest_head(self) -> BlockRef | None:
        endpoints = self.pool.healthy(time.monotonic())
        heads = await asyncio.gather(*(self._head_of(endpoint) for endpoint in endpoints))
        known = {e.url: head for e, head in zip(endpoints, heads, strict=True) if head}
        return self.pool.compare_heads(known, time.monotonic()) if known else None

    async def _chain_id_of(self, endpoint: Endpoint) -> int | None:
        try:
            [answer] = await self._ask(endpoint, [Request("eth_chainId")])
        except EndpointFailed:
            return None
        return None if isinstance(answer, DeepSquareError) else int(answer, 16)

    async def _head_of(self, endpoint: Endpoint) -> BlockRef | None:
        try:
            [block] = await self._ask(endpoint, [_LATEST])
        except EndpointFailed:
            return None
        return None if isinstance(block, DeepSquareError) else parse_block(block)

    def _advance(self, head: BlockRef) -> bool:
        now = time.monotonic()
        known = self._head
        went_back = known is not None and head.number < known.number
        if went_back and now - self._head_seen_s < HEAD_PATIENCE_S:
            return False
        self._head, self._head_seen_s = head, now
        return True

    async def _ask_any(self, requests: Sequence[Request]) -> list[Json | DeepSquareError]:
        for pause in self._retry.pauses():
            await asyncio.sleep(pause)
            for endpoint in self.pool.ranked(time.monotonic()):
                try:
                    return await self._ask(endpoint, requests)
                except EndpointFailed:
                    continue
        raise RpcUnavailable(
            f"no RPC endpoint answers {requests[0].method}: {self._complaints()}",
            details={"endpoints": [endpoint.name for endpoint in self.pool.endpoints]},
        )

    async def _ask(
        self, endpoint: Endpoint, requests: Sequence[Request]
    ) -> list[Json | DeepSquareError]:
        try:
            answers = await self._post(endpoint.url, requests)
            results = [_outcome(r, a) for r, a in zip(requests, answers, strict=True)]
        except EndpointFailed as failure:
            self.pool.failed(endpoint, time.monotonic(), str(failure))
            raise
        self.pool.answered(endpoint, time.monotonic())
        return results

    async def _post(self, url: str, requests: Sequence[Request]) -> list[Any]:
        body: Any = [request.to_json(number) for number, request in enumerate(requests)]
        try:
            async with asyncio.timeout(self._timeout_s):
                response = await self._http.post(url, json=body[0] if len(body) == 1 else body)
            response.raise_for_status()
            answer = response.json()
        except (httpx.HTTPError, TimeoutError, ValueError, RecursionError) as error:
            raise EndpointFailed(_describe(error)) from error
        return [answer] if len(body) == 1 else _in_order(answer, len(body))

    def _complaints(self) -> str:
        return "; ".join(f"{e.name}: {e.why or 'no answer'}" for e in self.pool.endpoints)


def call_object(call: Call, sender: Address | None = None) -> dict[str, str]:
    """Return the transaction object of ``eth_call`` and ``eth_estimateGas``."""
    fields = {"to": str(call.to), "data": "0x" + call.data.hex()}
    return fields | {"from": str(sender)} if sender else fields


def _outcome(request: Request, answer: Json) -> Json | DeepSquareError:
    try:
        return parse_answer(request, answer)
    except DeepSquareError as error:
        return error


def _in_order(answer: Json, count: int) -> list[Any]:
    """Sort a batch's answers by id: servers may answer in any order."""
    if not isinstance(answer, list):
        return [answer] * count
    by_id = {item.get("id"): item for item in answer if isinstance(item, dict)}
    return [by_id.get(number) for number in range(count)]


def _describe(error: Exception) -> str:
    if isinstance(error, httpx.HTTPStatusError):
        return f"HTTP status {error.response.status_code}"
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return "no answer in time"
    return "no JSON" if isinstance(error, ValueError | RecursionError) else "cannot be reached"
