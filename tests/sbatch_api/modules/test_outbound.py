"""Outbound rules: which hosts may be contacted for a customer (W-LOOK-5, F3)."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from ipaddress import ip_address

import httpx
import pytest

from deepsquare_sbatch_api.adapters.outbound import (
    CheckedTransport,
    HostNotAllowed,
    NameNotFound,
    Outbound,
    resolve,
)
from deepsquare_sbatch_api.domain.outbound import (
    OutboundRule,
    is_public,
    parse_outbound_rule,
)

PRIVATE = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "3fff::1",
    "2a00::5efe:10.0.0.1",
    "2a00::200:5efe:127.0.0.1",
    "4000::1",
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",
    "100.128.0.1",
    "172.15.0.1",
    "172.32.0.1",
    "192.169.0.1",
    "198.20.0.1",
    "223.255.255.255",
    "2606:4700::1111",
    "2a00:1450::1",
    "::ffff:1.1.1.1",
    "64:ff9b::1.1.1.1",
    "2002:101:101::1",
    "2a00::5efe:1.1.1.1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_address__not_public__is_told(address: str) -> None:
    """W-LOOK-5."""
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_address__public__is_told(address: str) -> None:
    """W-LOOK-5."""
    assert is_public(ip_address(address))


def resolving(*answers: Sequence[str]) -> Callable[[str, int], object]:
    """Give one answer after another, as a name server that rebinds does."""
    left = list(answers)

    async def resolver(host: str, port: int) -> list[str]:
        del host, port
        return list(left.pop(0) if len(left) > 1 else left[0])

    return resolver


def outbound(*answers: Sequence[str], allow: tuple[str, ...] = ()) -> Outbound:
    return Outbound(parse_outbound_rule(allow), resolver=resolving(*answers))  # type: ignore[arg-type]


@pytest.mark.parametrize("address", PRIVATE)
async def test_host__with_any_private_address__is_refused_without_a_word_on_why(
    address: str,
) -> None:
    """W-LOOK-5, F3."""
    with pytest.raises(HostNotAllowed) as caught:
        await outbound(["1.1.1.1", address]).addresses("example.org")
    assert str(caught.value) == 'the host "example.org" is not allowed'


@pytest.mark.integration
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0x7f.1",
        "017700000001",
        "0",
        "::1",
        "::ffff:127.0.0.1",
        "localhost",
        "169.254.169.254",
        "10.1",
    ],
)
async def test_host__that_the_system_reads_as_a_private_address__is_refused(host: str) -> None:
    """W-LOOK-5, F3: in any notation."""
    with pytest.raises((HostNotAllowed, NameNotFound)):
        await Outbound(OutboundRule(), resolver=resolve).addresses(host)


async def test_port__other_than_443__is_refused_unless_allowed() -> None:
    """W-LOOK-5."""
    for port in (80, 22, 8443):
        with pytest.raises(HostNotAllowed):
            await outbound(["1.1.1.1"]).addresses("example.org", port)
    allowed = outbound(["1.1.1.1"], allow=("example.org:8443",))
    assert await allowed.addresses("example.org", 8443) == ["1.1.1.1"]
    with pytest.raises(HostNotAllowed):
        await allowed.addresses("other.org", 8443)
    with pytest.raises(HostNotAllowed):
        await allowed.addresses("example.org", 8443, is_plain=True)


@pytest.mark.parametrize(
    ("allow", "host", "port", "is_plain", "is_allowed"),
    [
        ((), "intern.org", 443, False, False),
        (("intern.org",), "intern.org", 443, False, True),
        (("intern.org",), "INTERN.org", 443, False, True),
        (("intern.org",), "intern.org", 5000, False, False),
        (("intern.org:5000",), "intern.org", 5000, False, True),
        (("intern.org:5000",), "intern.org", 443, False, False),
        (("10.0.0.0/8",), "intern.org", 443, False, True),
        (("192.168.0.0/16",), "intern.org", 443, False, False),
        (("http://intern.org:5000",), "intern.org", 5000, True, True),
        (("http://intern.org:5000",), "intern.org", 80, True, False),
    ],
)
async def test_allow_list__admits_hosts_and_networks(
    allow: tuple[str, ...], host: str, port: int, is_plain: bool, is_allowed: bool
) -> None:
    """W-LOOK-5."""
    gate = outbound(["10.1.2.3"], allow=allow)
    if is_allowed:
        assert await gate.addresses(host, port, is_plain=is_plain) == ["10.1.2.3"]
    else:
        with pytest.raises(HostNotAllowed):
            await gate.addresses(host, port, is_plain=is_plain)


@pytest.mark.parametrize(
    "entry",
    [
        "https://a.org",
        "a.org/x",
        "10.0.0.1/8",
        "a/b/c",
        "http://a.org",
        "*.a.org",
        "a.org:https",
        "[::1]:5000",
        "http://a.org:80/",
    ],
)
def test_allow_list__with_another_entry__is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_outbound_rule((entry,))


class Recorder(httpx.AsyncBaseTransport):
    """Stands in for the network: records where a request would be sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, str]] = []
        self.cookies: list[str | None] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        sni = request.extensions["sni_hostname"]
        self.sent.append((request.url.host, request.headers["host"], sni))
        self.cookies.append(request.headers.get("cookie"))
        return httpx.Response(200, headers={"Set-Cookie": "session=of-one-customer; Path=/"})


async def test_connection__goes_to_the_checked_address__with_one_resolution() -> None:
    """W-LOOK-5: a name that rebinds gains nothing."""
    network = Recorder()
    gate = outbound(["1.1.1.1"], ["127.0.0.1"])
    transport = CheckedTransport(gate, ssl_context=ssl.create_default_context(), inner=network)
    async with httpx.AsyncClient(transport=transport) as client:
        await client.get("https://example.org/x")
        assert network.sent == [("1.1.1.1", "example.org", "example.org")]
        with pytest.raises(HostNotAllowed):
            await client.get("https://example.org/x")
        for url in ("http://example.org/", "ftp://example.org/", "https://example.org:8080/"):
            with pytest.raises((HostNotAllowed, httpx.UnsupportedProtocol)):
                await client.get(url)
    assert len(network.sent) == 1


async def test_connection__to_ipv6__keeps_the_name() -> None:
    network = Recorder()
    gate = outbound(["2606:4700::1111"])
    transport = CheckedTransport(gate, ssl_context=ssl.create_default_context(), inner=network)
    async with httpx.AsyncClient(transport=transport) as client:
        await client.get("https://example.org/x")
    assert network.sent == [("2606:4700::1111", "example.org", "example.org")]


@pytest.mark.parametrize("failure", [httpx.ConnectError, httpx.ConnectTimeout])
async def test_connection__to_an_address_that_does_not_answer__goes_to_the_next(
    failure: type[httpx.TransportError],
) -> None:
    """W-LOOK-5: a host may have an IPv6 address that leads nowhere."""

    class HalfDead(Recorder):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.host == "2606:4700::1111":
                raise failure("no answer")
            return await super().handle_async_request(request)

    network = HalfDead()
    gate = outbound(["2606:4700::1111", "1.1.1.1"])
    transport = CheckedTransport(gate, ssl_context=ssl.create_default_context(), inner=network)
    async with httpx.AsyncClient(transport=transport) as client:
        await client.get("https://example.org/x")
    assert network.sent == [("1.1.1.1", "example.org", "example.org")]


async def test_connection__keeps_no_cookie() -> None:
    """W-LOOK-4: the next request may be of another customer."""
    network = Recorder()
    gate = outbound(["1.1.1.1"])
    transport = CheckedTransport(gate, ssl_context=ssl.create_default_context(), inner=network)
    async with httpx.AsyncClient(transport=transport) as client:
        for _ in range(2):
            await client.get("https://example.org/x")
        assert not client.cookies
    assert network.cookies == [None, None]


async def test_connection__to_an_international_name__asks_for_it_and_certifies_it_as_written() -> (
    None
):
    """W-LOOK-5: decoded and encoded again by older rules, it would be another host's."""
    asked: list[str] = []

    async def resolver(host: str, port: int) -> list[str]:
        del port
        asked.append(host)
        return ["1.1.1.1"]

    network = Recorder()
    gate = Outbound(OutboundRule(), resolver=resolver)
    transport = CheckedTransport(gate, ssl_context=ssl.create_default_context(), inner=network)
    async with httpx.AsyncClient(transport=transport) as client:
        await client.get("https://xn--fa-hia.example/x")
    assert asked == ["xn--fa-hia.example"]
    assert network.sent == [("1.1.1.1", "xn--fa-hia.example", "xn--fa-hia.example")]


async def test_names__that_take_long_to_resolve__hold_up_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """W-LOOK-5, F3: a customer chooses the name, and so the name server."""
    answered = threading.Event()

    def slow(*arguments: object, **options: object) -> list[object]:
        del arguments, options
        answered.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    waiting = [asyncio.create_task(resolve(f"h{number}.test", 443)) for number in range(40)]
    try:
        await asyncio.sleep(0)
        assert await asyncio.wait_for(asyncio.to_thread(lambda: "done"), 10) == "done"
    finally:
        answered.set()
        assert await asyncio.gather(*waiting) == [[]] * 40
