"""A sbatch API in memory behind `httpx.MockTransport`: the interface of api.md 1."""

import base64
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from eth_account import Account
from eth_account.messages import encode_defunct

from deepsquare.api import SbatchApi
from deepsquare.chain.retry import RetryPolicy
from deepsquare.hashing import batch_location_hash
from deepsquare.keys import Key, new_key
from deepsquare.siwe import parse_siwe

URL = "http://sbatch.test"
CHAIN_ID = 1337
NOW_S = 1_700_000_000.0
RESOURCES = {"tasks": 1, "cpusPerTask": 1, "memPerCpu": 1024, "gpus": 0}

Fault = Callable[[httpx.Request], httpx.Response]


@dataclass
class FakeSbatchApi:
    """Serves one customer; `faults` are what happens to the next requests instead."""

    now_s: float = NOW_S
    token_life_s: float = 900
    nonces: set[str] = field(default_factory=set)
    tokens: dict[str, str] = field(default_factory=dict)
    answers: dict[str, tuple[bytes, dict[str, Any]]] = field(default_factory=dict)
    scripts: dict[str, bytes] = field(default_factory=dict)
    logs: dict[str, bytes] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    stream_bytes: int | None = None
    """Bytes of the log after which a stream breaks off, once."""
    chain_id: int = CHAIN_ID
    resources_of: Callable[[bytes], dict[str, int]] = lambda _: RESOURCES

    def client(self, key: Key | None = None, **options: Any) -> SbatchApi:
        """Return a client that reaches only this server and waits for nothing."""
        options.setdefault("retry", RetryPolicy(rounds=3))
        api = SbatchApi(
            URL,
            signer=key or new_key(),
            chain_id=CHAIN_ID,
            transport=httpx.MockTransport(self.respond),
            sleep=self._sleep,
            **options,
        )
        assert api._sign_in is not None
        api._sign_in._now_s = lambda: self.now_s
        return api

    async def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def respond(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        self.asked.append(f"{request.method} {request.url.path}")
        if self.faults:
            return self.faults.pop(0)(request)
        if request.url.path.startswith("/v1/auth/"):
            return self._auth(request)
        if not self._account(request):
            return error(401, "not_signed_in", "sign in first")
        return self._route(request)

    def _route(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/v1/workflows":
            return self._store(request)
        if path.startswith("/v1/scripts/") and path.split("/")[3] in self.scripts:
            return httpx.Response(200, content=self.scripts[path.split("/")[3]])
        if path.endswith("/size"):
            job = path.split("/")[3]
            size = len(self.logs.get(job, b""))
            return httpx.Response(200, json={"size": size, "ended": job in self.ended})
        if path.endswith("/logs"):
            job = path.split("/")[3]
            return (
                self._append(request, job) if request.method == "POST" else self._log(request, job)
            )
        return error(404, "not_found", "no such page")

    def _account(self, request: httpx.Request) -> str | None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return self.tokens.get(token)

    def _auth(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("nonce"):
            nonce = secrets.token_hex(16)
            self.nonces.add(nonce)
            return httpx.Response(200, json={"nonce": nonce, "expiresAt": "2030-01-01T00:00:00Z"})
        body = json.loads(request.content)
        message = parse_siwe(body["message"])
        signer = Account.recover_message(
            encode_defunct(text=body["message"]), signature=body["signature"]
        )
        if message.nonce not in self.nonces or signer != message.address:
            return error(401, "sign_in_refused", "the signature is not by that address")
        self.nonces.remove(message.nonce)
        assert message.domain == "sbatch.test"
        assert message.uri == URL
        assert message.chain_id == self.chain_id
        token = a_token(self.now_s + self.token_life_s)
        self.tokens[token] = message.address
        return httpx.Response(200, json={"token": token, "address": message.address})

    def _store(self, request: httpx.Request) -> httpx.Response:
        key = request.headers["Idempotency-Key"]
        if key not in self.answers:
            script = request.content + secrets.token_bytes(16)
            self.scripts[batch_location_hash(script)] = script
            answer = stored(batch_location_hash(script), self.resources_of(request.content))
            self.answers[key] = (request.content, answer)
        document, answer = self.answers[key]
        if document != request.content:
            return error(409, "request_key_reused", "this key was used with another workflow")
        return httpx.Response(201, json=answer)

    def _append(self, request: httpx.Request, job: str) -> httpx.Response:
        offset, log = int(request.url.params["offset"]), self.logs.get(job, b"")
        end = offset + len(request.content)
        if offset > len(log) or (offset < len(log) and log[offset:end] != request.content):
            return error(409, "log_offset_conflict", "not here", {"size": len(log)})
        self.logs[job] = log[:offset] + request.content if end > len(log) else log
        if request.url.params.get("end") == "true":
            self.ended.add(job)
        return httpx.Response(200, json={"size": len(self.logs[job]), "ended": job in self.ended})

    def _log(self, request: httpx.Request, job: str) -> httpx.Response:
        log = self.logs.get(job)
        if log is None:
            return error(404, "not_found", "no such job, or it is not yours")
        if "text/event-stream" in request.headers.get("Accept", ""):
            return self._events(request, log)
        if "tail" in request.url.params:
            lines = log.splitlines(keepends=True)
            tail = b"".join(lines[len(lines) - int(request.url.params["tail"]) :])
            headers = {"Log-Offset": str(len(log) - len(tail)), "Log-Size": str(len(log))}
            return httpx.Response(200, content=tail, headers=headers)
        start = int(request.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        if start and start >= len(log):
            return error(416, "range_not_satisfiable", "beyond the end")
        return httpx.Response(206 if start else 200, content=log[start:])

    def _events(self, request: httpx.Request, log: bytes) -> httpx.Response:
        offset = int(request.headers["Last-Event-ID"])
        stop, self.stream_bytes = self.stream_bytes, None
        end = len(log) if stop is None else min(len(log), offset + stop)
        body = b""
        while offset < end:
            piece = log[offset : min(offset + 7, end)]
            offset += len(piece)
            body += b"id: %d\ndata: %s\n\n" % (offset, base64.b64encode(piece))
        if stop is None:
            body += b": still here\n\nevent: end\ndata:\n\n"
        return httpx.Response(200, content=body, headers={"Content-Type": "text/event-stream"})


def stored(script_hash: str, resources: dict[str, int]) -> dict[str, Any]:
    return {
        "batchLocationHash": script_hash,
        "resources": resources,
        "warnings": [],
        "images": [],
        "modules": [],
        "expiresAt": "2030-01-01T00:00:00Z",
    }


def error(
    status: int, code: str, message: str, details: Any = None, **headers: str
) -> httpx.Response:
    body = {"code": code, "message": message, "details": details or {}}
    return httpx.Response(status, json=body, headers=headers)


def a_token(expires_s: float) -> str:
    claims = json.dumps({"exp": expires_s, "jti": secrets.token_hex(4)}).encode()
    return f"x.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.y"


def times_out(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("too slow", request=request)


def refuses(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


def answers(status: int, code: str, message: str, **more: Any) -> Fault:
    return lambda request: error(status, code, message, **more)
