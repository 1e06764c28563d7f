"""Addresses with prefix lengths, parsed once: many steps share a few of them."""

import functools
import ipaddress

Interface = ipaddress.IPv4Interface | ipaddress.IPv6Interface


@functools.lru_cache(maxsize=4096)
def interface_of(text: str) -> Interface:
    """Return a valid ``address/prefix`` as an address with its network."""
    return ipaddress.ip_interface(text)


@functools.lru_cache(maxsize=4096)
def host_of(text: str) -> str:
    """Return the address of a valid ``address/prefix`` alone, in its one usual form."""
    return str(interface_of(text).ip)
