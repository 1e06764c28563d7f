"""Which hosts the service may contact for a customer (W-LOOK-5); names are resolved elsewhere."""

import re
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

HTTPS_PORT = 443

_HOST = re.compile("[A-Za-z0-9_.-]+(?::[0-9]{1,5})?")
_PLAIN_HOST = re.compile("http://[A-Za-z0-9_.-]+:[0-9]{1,5}")

# IANA's special-purpose registries; what is not listed in IPv6 is refused unless it is global
# unicast (2000::/3).
_SPECIAL = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/3",
            "2001::/23",
            "2001:db8::/32",
            "3fff::/20",
        ),
    )
)
_GLOBAL_UNICAST = ip_network("2000::/3")
_TRANSLATED = ip_network("64:ff9b::/96")
_SIX_TO_FOUR = ip_network("2002::/16")
_INTERFACE_OF_ISATAP = (0x5EFE, 0x2005EFE)


def is_public(address: Address) -> bool:
    """Tell whether an address is on the public Internet, one embedded in it included."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _SPECIAL if network.version == 4)
    embedded = _embedded(address)
    if embedded is not None:
        return is_public(embedded)
    return address in _GLOBAL_UNICAST and not any(
        address in network for network in _SPECIAL if network.version == 6
    )


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 one stands for, if any."""
    number = int(address)
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _TRANSLATED or number >> 32 == 0:
        return IPv4Address(number & 0xFFFFFFFF)
    if address in _SIX_TO_FOUR:
        return IPv4Address(number >> 80 & 0xFFFFFFFF)
    if number >> 32 & 0xFFFFFFFF in _INTERFACE_OF_ISATAP:
        return IPv4Address(number & 0xFFFFFFFF)
    return None


@dataclass(frozen=True, slots=True)
class OutboundRule:
    """What an operator admits beyond public addresses on port 443.

    ``hosts`` are ``host`` or ``host:port``; ``plain_hosts`` may be spoken to without TLS.
    """

    hosts: frozenset[str] = frozenset()
    plain_hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    def admits_port(self, host: str, port: int, *, is_plain: bool) -> bool:
        """Tell whether a host may be contacted on a port, with TLS or without."""
        if is_plain:
            return self._names(host, port, self.plain_hosts)
        return port == HTTPS_PORT or self._names(host, port, self.hosts)

    def admits_address(self, host: str, port: int, address: str) -> bool:
        """Tell whether a host that was resolved to this address may be contacted."""
        try:
            number = ip_address(address.partition("%")[0])
        except ValueError:
            return False
        named = self._names(host, port, self.hosts | self.plain_hosts)
        return named or is_public(number) or any(number in each for each in self.networks)

    @staticmethod
    def _names(host: str, port: int, known: frozenset[str]) -> bool:
        name = host.lower()
        return f"{name}:{port}" in known or (port == HTTPS_PORT and name in known)


def parse_outbound_rule(entries: tuple[str, ...]) -> OutboundRule:
    """Read an allow-list of ``host``, ``host:port``, ``http://host:port`` and networks.

    Raises ValueError for an entry that is none of them: it would never admit anything.
    """
    hosts, plain, networks = [], [], []
    for entry in entries:
        if _HOST.fullmatch(entry):
            hosts.append(entry.lower())
        elif _PLAIN_HOST.fullmatch(entry):
            plain.append(entry.removeprefix("http://").lower())
        elif "/" in entry and "://" not in entry:
            networks.append(ip_network(entry))
        else:
            expected = "an entry is a host, host:port, http://host:port or a network"
            raise ValueError(f"{expected}, not {entry}")
    return OutboundRule(frozenset(hosts), frozenset(plain), tuple(networks))
