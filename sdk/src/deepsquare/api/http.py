"""One HTTP exchange with the sbatch API: repeating what may be repeated, and naming what failed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from deepsquare.api.errors import SbatchApiBroken, SbatchApiUnavailable, TooManyRequests
from deepsquare.api.failures import failure
from deepsquare.chain.retry import RetryPolicy
from deepsquare.errors import DeepSquareError

LONGEST_PAUSE_S = 10.0
"""A server that asks for a longer pause is not waited for."""

LONGEST_SILENCE_S = 60.0
"""A stream that brings nothing for this long is dead: the server sends something every 10 s."""

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Request:
    """A request; ``is_repeatable`` when sending it twice does no more than sending it once."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    is_repeatable: bool = True

    def with_header(self, name: str, value: str) -> "Request":
        """Return the same request with one more header."""
        return replace(self, headers={**self.headers, name: value})


class Connection:
    """Sends requests to one sbatch API.

    A repeatable request is repeated as ``retry`` says while the server is away or asks to wait.
    Statuses from 400 are raised as the errors of `deepsquare.api.errors`.
    """

    def __init__(
        self,
        base_url: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout_s: float = 30,
        retry: RetryPolicy | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._timeout = httpx.Timeout(timeout_s, connect=min(timeout_s, 5))
        self._http = httpx.AsyncClient(
            base_url=self.base_url, transport=transport, timeout=self._timeout
        )
        self._retry = retry or RetryPolicy()
        self._sleep = sleep

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def send(self, request: Request) -> httpx.Response:
        """Return the answer to a request; raises the error of a status from 400."""
        last: DeepSquareError | None = None
        for pause in self._pauses(request):
            await self._sleep(max(pause, _asked_pause(last)))
            try:
                return await self._send_once(request)
            except (SbatchApiUnavailable, TooManyRequests) as error:
                last = error
                if _asked_pause(error) > LONGEST_PAUSE_S:
                    break
        raise last or SbatchApiBroken("the retry policy allows no attempt")

    @asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[httpx.Response]:
        """Open a request whose answer arrives over time, with `LONGEST_SILENCE_S` at most between
        its parts: of a connection that broke silently nothing else would tell.
        """
        timeout = httpx.Timeout(self._timeout.connect, read=LONGEST_SILENCE_S)
        built = self._build(request, timeout=timeout)
        try:
            response = await self._http.send(built, stream=True)
        except httpx.HTTPError as error:
            raise self._away(error) from error
        try:
            if response.status_code >= 400:
                await response.aread()
                raise failure(response)
            yield response
        except httpx.HTTPError as error:
            raise self._away(error) from error
        finally:
            await response.aclose()

    async def pause(self, seconds: float) -> None:
        """Wait between two attempts."""
        await self._sleep(seconds)

    def _pauses(self, request: Request) -> list[float]:
        pauses = list(self._retry.pauses())
        return pauses if request.is_repeatable else pauses[:1]

    async def _send_once(self, request: Request) -> httpx.Response:
        try:
            response = await self._http.send(self._build(request))
        except httpx.HTTPError as error:
            raise self._away(error) from error
        if response.status_code >= 400:
            raise failure(response)
        return response

    def _build(self, request: Request, timeout: httpx.Timeout | None = None) -> httpx.Request:
        return self._http.build_request(
            request.method,
            request.path,
            params=dict(request.params),
            headers=dict(request.headers),
            content=request.content,
            timeout=timeout or self._timeout,
        )

    def _away(self, error: httpx.HTTPError) -> SbatchApiUnavailable:
        why = "did not answer in time" if isinstance(error, httpx.TimeoutException) else ""
        why = why or f"cannot be reached ({type(error).__name__})"
        return SbatchApiUnavailable(f"the sbatch API at {self.base_url} {why}; try again later")


def _asked_pause(error: DeepSquareError | None) -> float:
    return error.retry_after_s if isinstance(error, TooManyRequests) else 0


def parse_json(response: httpx.Response) -> dict[str, Any]:
    """Return the JSON object of an answer; raises `SbatchApiBroken`."""
    try:
        body = response.json()
    except ValueError as error:
        raise SbatchApiBroken("the sbatch API answered no JSON") from error
    if not isinstance(body, dict):
        raise SbatchApiBroken("the sbatch API answered JSON that is no object")
    return body
