"""The client of the sbatch API, for customers and for providers' supervisors."""

import asyncio
import base64
import binascii
import uuid
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self

import httpx

from deepsquare.api.answers import (
    LogChunk,
    LogSize,
    RenderedWorkflow,
    StoredWorkflow,
    Validation,
    parse_rendered,
    parse_stored,
    parse_validation,
)
from deepsquare.api.auth import MessageSigner, SignIn
from deepsquare.api.errors import (
    RequestRefused,
    SbatchApiBroken,
    SbatchApiUnavailable,
    SignInRefused,
    SignInRequired,
)
from deepsquare.api.events import ServerEvent, parse_events
from deepsquare.api.http import Connection, Request, Sleep, parse_json
from deepsquare.chain.retry import RetryPolicy
from deepsquare.identifiers import BatchLocationHash, JobId

_BEYOND_THE_END = 416

MAX_APPEND_BYTES = 256 * 1024
"""The largest body of one log append that the server takes (api.md 1)."""


class SbatchApi:
    """Everything the sbatch API offers; close it with ``aclose`` or ``async with``.

    Signing in happens by itself where a route needs it; without a ``signer`` those routes raise
    `SignInRequired`. All methods raise `SbatchApiUnavailable` when the server is away: what may be
    repeated has been repeated then.
    """

    def __init__(
        self,
        base_url: str,
        *,
        signer: MessageSigner | None = None,
        chain_id: int = 0,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout_s: float = 30,
        retry: RetryPolicy | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._connection = Connection(
            base_url, transport=transport, timeout_s=timeout_s, retry=retry, sleep=sleep
        )
        self._retry = retry or RetryPolicy()
        self._sign_in = SignIn(self._connection, signer, chain_id=chain_id) if signer else None

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
        await self._connection.aclose()

    async def submit(self, document: bytes, *, idempotency_key: str) -> StoredWorkflow:
        """Render and keep a workflow, a YAML or JSON text.

        The same key and document give the same answer, so a repeat after a time-out makes no
        second script (faults.md D7). Raises `WorkflowInvalid`, `IdempotencyConflict`.
        """
        request = _document("/v1/workflows", document)
        keyed = request.with_header("Idempotency-Key", idempotency_key)
        return parse_stored(parse_json(await self._authorised(keyed)))

    async def validate(self, document: bytes) -> Validation:
        """Check a workflow; nothing is kept. Raises `WorkflowInvalid` with all errors."""
        request = _document("/v1/workflows:validate", document)
        return parse_validation(parse_json(await self._connection.send(request)))

    async def render(self, document: bytes) -> RenderedWorkflow:
        """Return the script a workflow would become; nothing is kept. Raises `WorkflowInvalid`."""
        request = _document("/v1/workflows:render", document)
        return parse_rendered(parse_json(await self._authorised(request)))

    async def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of workflows that the server uses."""
        return parse_json(await self._connection.send(Request("GET", "/v1/schema")))

    async def fetch_script(
        self, script_hash: BatchLocationHash, *, job_id: JobId | None = None
    ) -> bytes:
        """Return a script as its bytes; the caller checks them against the hash.

        A provider names the job that it holds with this hash. Raises `NotFound`.
        """
        params = {"job": str(job_id)} if job_id else {}
        request = Request("GET", f"/v1/scripts/{script_hash}", params=params)
        return (await self._authorised(request)).content

    async def delete_script(self, script_hash: BatchLocationHash) -> None:
        """Drop a script of one's own; raises `NotFound`, `ScriptInUse`."""
        await self._authorised(Request("DELETE", f"/v1/scripts/{script_hash}"))

    async def append_log(
        self, job_id: JobId, offset: int, data: bytes, *, is_end: bool = False
    ) -> None:
        """Append bytes to the log of a job that the caller runs, at most `MAX_APPEND_BYTES`.

        Repeating an append changes nothing. Raises `LogOffsetConflict` with the log's size when
        the bytes neither follow nor repeat what is stored, `LogEnded` for new bytes after the end.
        """
        params = {"offset": str(offset), **({"end": "true"} if is_end else {})}
        request = Request(
            "POST",
            f"/v1/jobs/{job_id}/logs",
            params=params,
            headers={"Content-Type": "application/octet-stream"},
            content=data,
        )
        await self._authorised(request)

    async def log_size(self, job_id: JobId) -> LogSize:
        """Return how long a job's log is and whether it is complete; raises `NotFound`."""
        body = parse_json(await self._authorised(Request("GET", f"/v1/jobs/{job_id}/logs/size")))
        return LogSize(int(body.get("size", 0)), bool(body.get("ended")))

    async def read_log(self, job_id: JobId, *, start: int = 0) -> bytes:
        """Return a job's log from an offset to its present end; raises `NotFound`."""
        headers = {"Range": f"bytes={start}-"} if start else {}
        request = Request("GET", f"/v1/jobs/{job_id}/logs", headers=headers)
        try:
            return (await self._authorised(request)).content
        except RequestRefused as refusal:
            if refusal.details.get("status") == _BEYOND_THE_END:
                return b""
            raise

    async def tail_log(self, job_id: JobId, *, lines: int) -> LogChunk:
        """Return the last lines of a job's log, and where to go on; raises `NotFound`."""
        request = Request("GET", f"/v1/jobs/{job_id}/logs", params={"tail": str(lines)})
        response = await self._authorised(request)
        start = int(response.headers.get("Log-Offset", 0))
        size = int(response.headers.get("Log-Size", start + len(response.content)))
        return LogChunk(response.content, size)

    async def follow_log(self, job_id: JobId, *, start: int = 0) -> AsyncIterator[LogChunk]:
        """Yield a job's log from an offset as it grows, until it is complete.

        A broken connection is opened again where it broke, as often as needed while the server
        comes back within the retry policy: no byte is lost or doubled.
        """
        offset, failures, barren = start, 0, 0
        while True:
            try:
                async for event in self._log_events(job_id, offset):
                    failures = barren = 0
                    if event.event == "end":
                        return
                    chunk = _log_chunk(event)
                    offset = chunk.offset
                    yield chunk
            except SbatchApiUnavailable:
                failures += 1
                if failures >= self._retry.rounds:
                    raise
            barren += 1
            await self._connection.pause(self._reopening_pause_s(barren))

    def _reopening_pause_s(self, barren: int) -> float:
        """Return the pause after so many streams in a row that brought nothing."""
        pause = self._retry.first_pause_s * self._retry.factor ** min(barren, 16)
        return min(pause, self._retry.longest_pause_s)

    async def _log_events(self, job_id: JobId, offset: int) -> AsyncIterator[ServerEvent]:
        request = Request(
            "GET",
            f"/v1/jobs/{job_id}/logs",
            headers={"Accept": "text/event-stream", "Last-Event-ID": str(offset)},
        )
        signed, token = await self._signed(request)
        try:
            async with self._connection.stream(signed) as response:
                async for event in parse_events(response.aiter_bytes()):
                    yield event
        except SignInRefused:
            self._forget(token)
            raise SbatchApiUnavailable("the session of the log has ended") from None

    async def _authorised(self, request: Request) -> httpx.Response:
        """Send a request with a token; with a new one if the server does not take the first."""
        signed, token = await self._signed(request)
        try:
            return await self._connection.send(signed)
        except SignInRefused:
            self._forget(token)
        signed, _ = await self._signed(request)
        return await self._connection.send(signed)

    async def _signed(self, request: Request) -> tuple[Request, str]:
        if self._sign_in is None:
            raise SignInRequired
        token = await self._sign_in.token()
        return request.with_header("Authorization", f"Bearer {token}"), token

    def _forget(self, token: str) -> None:
        if self._sign_in is not None:
            self._sign_in.forget(token)


def new_idempotency_key() -> str:
    """Return a key for one submission; give the same one again to repeat it."""
    return str(uuid.uuid4())


def _document(path: str, document: bytes) -> Request:
    return Request("POST", path, headers={"Content-Type": "application/yaml"}, content=document)


def _log_chunk(event: ServerEvent) -> LogChunk:
    try:
        return LogChunk(base64.b64decode(event.data, validate=True), int(event.id))
    except (binascii.Error, ValueError) as error:
        raise SbatchApiBroken("the sbatch API sent a log event that is none") from error
