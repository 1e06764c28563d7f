"""JSON-RPC endpoints without a network, one class per vice, for `httpx.MockTransport`."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx

Answer = Any
Handler = Callable[[list[Any]], Answer]
"""Takes the parameters of a request and returns its result; raise `RpcFault` for an error."""


class RpcFault(Exception):
    """The endpoint answers a JSON-RPC error."""

    def __init__(self, code: int, message: str, data: str | None = None) -> None:
        super().__init__(message)
        self.error = {"code": code, "message": message, "data": data}


class FakeEndpoint:
    """Answers each method by a handler or a fixed result, and counts what it was asked."""

    def __init__(self, handlers: Mapping[str, Handler | Answer]) -> None:
        self.handlers: dict[str, Handler | Answer] = dict(handlers)
        self.asked: list[str] = []

    def respond(self, request: httpx.Request) -> httpx.Response:
        """Answer one HTTP request, a single message or a batch."""
        body = json.loads(request.content)
        is_batch = isinstance(body, list)
        answers = [self._answer(message) for message in (body if is_batch else [body])]
        return httpx.Response(200, json=answers if is_batch else answers[0])

    def _answer(self, message: Mapping[str, Any]) -> dict[str, Any]:
        self.asked.append(message["method"])
        handler = self.handlers.get(message["method"])
        head = {"jsonrpc": "2.0", "id": message["id"]}
        try:
            result = handler(message["params"]) if callable(handler) else handler
        except RpcFault as fault:
            return {**head, "error": fault.error}
        return {**head, "result": result}


class RefusingEndpoint(FakeEndpoint):
    """Nothing listens there."""

    def respond(self, request: httpx.Request) -> httpx.Response:
        """Raise what httpx raises for a refused connection."""
        self.asked.append("refused")
        raise httpx.ConnectError("refused", request=request)


class SilentEndpoint(FakeEndpoint):
    """Takes the request and never answers."""

    def respond(self, request: httpx.Request) -> httpx.Response:
        """Raise what httpx raises when the time is over."""
        self.asked.append("silent")
        raise httpx.ReadTimeout("no answer", request=request)


class BrokenEndpoint(FakeEndpoint):
    """Answers every request with an HTTP status."""

    def __init__(self, status: int = 500) -> None:
        super().__init__({})
        self.status = status

    def respond(self, request: httpx.Request) -> httpx.Response:
        """Answer the status."""
        self.asked.append("broken")
        return httpx.Response(self.status, request=request)


def fake_http(endpoints: Mapping[str, FakeEndpoint]) -> httpx.AsyncClient:
    """Return an HTTP client that reaches these endpoints by their host name, and nothing else."""

    def handle(request: httpx.Request) -> httpx.Response:
        return endpoints[request.url.host].respond(request)

    return httpx.AsyncClient(transport=httpx.MockTransport(handle))


def a_raw_block(number: int, *, fork: str = "00", timestamp_s: int = 0) -> dict[str, str]:
    """Return a block as ``eth_getBlockByNumber`` answers it; ``fork`` varies its hash."""
    return {
        "number": hex(number),
        "hash": f"0x{fork}{number:062x}",
        "timestamp": hex(timestamp_s or 1_700_000_000 + number),
        "baseFeePerGas": hex(10**9),
    }
