"""HTTP to hosts that customers name, by the outbound rules (W-LOOK-5).

A name is resolved once, every address checked, and the connection made to a checked address, so
that a second answer of the name server changes nothing.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from ssl import SSLContext

import httpx

from deepsquare_sbatch_api.domain.outbound import HTTPS_PORT, OutboundRule

Resolver = Callable[[str, int], Awaitable[list[str]]]
"""Gives all addresses of a name."""


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
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
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


class CheckedTransport(httpx.AsyncBaseTransport):
    """Connects each request to a checked address of its host; TLS still names the host.

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
        url = request.url
        is_plain = url.scheme == "http"
        port = url.port or (80 if is_plain else HTTPS_PORT)
        if url.scheme not in ("http", "https") or not url.host:
            raise HostNotAllowed(url.host)
        addresses = await self._outbound.addresses(url.host, port, is_plain=is_plain)
        failure: httpx.TransportError | None = None
        for address in addresses:
            try:
                return await self._inner.handle_async_request(_pinned(request, address))
            except httpx.ConnectError as error:
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
        extensions={**request.extensions, "sni_hostname": request.url.host},
    )
