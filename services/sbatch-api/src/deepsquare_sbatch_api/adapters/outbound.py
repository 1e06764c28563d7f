"""HTTP to hosts that customers name, by the outbound rules (W-LOOK-5).

A name is resolved once, every address checked, and the connection made to a checked address, so
that a second answer of the name server changes nothing.
"""

import asyncio
import functools
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from ssl import SSLContext

import httpx

from deepsquare_sbatch_api.domain.outbound import HTTPS_PORT, OutboundRule

Resolver = Callable[[str, int], Awaitable[list[str]]]
"""Gives all addresses of a name."""

_NAME_LOOK_UPS = ThreadPoolExecutor(max_workers=32, thread_name_prefix="names")
"""Customers choose the names, and thus how long an answer takes: nothing else waits for these."""


class HostNotAllowed(Exception):
    """The host may not be contacted. Deliberately no word on why."""

    def __init__(self, host: str) -> None:
        super().__init__(f'the host "{host[:64]}" is not allowed')


class NameNotFound(Exception):
    """The host has no address, or the name service does not answer."""


async def resolve(host: str, port: int) -> list[str]:
    """Ask the operating system for all addresses of a name; raises `NameNotFound`."""
    loop = asyncio.get_running_loop()
    try:
        look_up = functools.partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        found = await loop.run_in_executor(_NAME_LOOK_UPS, look_up)
    except (OSError, UnicodeError) as error:
        raise NameNotFound(f'the host "{host[:64]}" cannot be resolved') from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Outbound:
    """Decides which hosts may be contacted, and at which addresses."""

    def __init__(self, rule: OutboundRule, *, resolver: Resolver = resolve) -> None:
        self._rule = rule
        self._resolve = resolver

    async def addresses(
        self, host: str, port: int = HTTPS_PORT, *, is_plain: bool = False
    ) -> list[str]:
        """Return the checked addresses of a host; raises `HostNotAllowed` or `NameNotFound`."""
        if not self._rule.admits_port(host, port, is_plain=is_plain):
            raise HostNotAllowed(host)
        addresses = await self._resolve(host, port)
        if not all(self._rule.admits_address(host, port, each) for each in addresses):
            raise HostNotAllowed(host)
        if not addresses:
            raise NameNotFound(f'the host "{host[:64]}" has no address')
        return addresses

    def is_plain(self, host: str, port: int) -> bool:
        """Tell whether the operator lets this host be spoken to without TLS."""
        return self._rule.admits_port(host, port, is_plain=True)


def ascii_host(url: httpx.URL) -> str:
    """Return the host as it goes to the name service; httpx decodes it otherwise, if it can."""
    return url.raw_host.decode("ascii")


class CheckedTransport(httpx.AsyncBaseTransport):
    """Connects each request to a checked address of its host; TLS still names the host.

    No cookie comes through: one client serves many customers.
    ``inner`` takes requests whose URL holds an address; by default it speaks HTTP itself.
    """

    def __init__(
        self,
        outbound: Outbound,
        *,
        ssl_context: SSLContext,
        inner: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._outbound = outbound
        # A kept connection would be reused for another name at the same address, unverified.
        alone = httpx.Limits(max_keepalive_connections=0)
        self._inner = inner or httpx.AsyncHTTPTransport(verify=ssl_context, limits=alone)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; raises `HostNotAllowed`, `NameNotFound` or an `httpx.HTTPError`."""
        url, host = request.url, ascii_host(request.url)
        is_plain = url.scheme == "http"
        port = url.port or (80 if is_plain else HTTPS_PORT)
        if url.scheme not in ("http", "https") or not host:
            raise HostNotAllowed(host)
        addresses = await self._outbound.addresses(host, port, is_plain=is_plain)
        response = await self._from_first(addresses, request)
        response.headers.pop("set-cookie", None)
        return response

    async def _from_first(self, addresses: list[str], request: httpx.Request) -> httpx.Response:
        failure: httpx.TransportError | None = None
        for address in addresses:
            try:
                return await self._inner.handle_async_request(_pinned(request, address))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure or httpx.ConnectError("no address answers")

    async def aclose(self) -> None:
        """Close all connections."""
        await self._inner.aclose()


def _pinned(request: httpx.Request, address: str) -> httpx.Request:
    """Return the request directed at an address; the Host header and TLS keep the name."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": ascii_host(request.url)},
    )
