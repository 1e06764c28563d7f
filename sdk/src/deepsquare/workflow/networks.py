"""Rules of virtual networks (V-VNET)."""

import functools
import ipaddress

from deepsquare.workflow.addresses import interface_of
from deepsquare.workflow.document import Places
from deepsquare.workflow.errors import shown
from deepsquare.workflow.model import Job, Step, StepRun, VirtualNetwork, VNet
from deepsquare.workflow.model.walk import is_unexpanded

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Networks = dict[str, VirtualNetwork]
_Prefix = str
"""A network by IP version and the bits of its prefix: ``4:00001010`` is 10.0.0.0/8."""

NAMESPACE_NETWORK = "169.254.254.0/24"
"""What slirp4netns and pasta give the device of a namespace (workflow.md 3.13)."""


def check_networks(job: Job, steps: list[Step], places: Places) -> None:
    """Report broken rules of virtual networks, apart from addresses in use at the same time.

    A network that nobody uses can only be told once modules are expanded.
    """
    networks = _declared(job, places)
    used: set[str] = set()
    for step in steps:
        if step.run is not None and step.run.custom_network_interfaces:
            used |= _check_run(step.run, networks, places)
    if any(is_unexpanded(step) for step in steps):
        return
    for name, network in networks.items():
        if name not in used:
            message = f"no step uses the network {shown(name)}: it is not started"
            places.warning(network, "name", "vnet", message=message)


def _declared(job: Job, places: Places) -> Networks:
    networks: Networks = {}
    for network in job.virtual_networks:
        if network.name in networks:
            message = f"the network {shown(network.name)} is declared twice"
            places.error(network, "name", "vnet", message=message)
        networks.setdefault(network.name, network)
    return networks


def _check_run(run: StepRun, networks: Networks, places: Places) -> set[str]:
    joined = _Joined()
    joined.add(NAMESPACE_NETWORK)
    used = set()
    for interface in run.custom_network_interfaces:
        vnet = interface.vnet
        if vnet is None or places.is_ill(vnet, "name"):
            continue
        network = networks.get(vnet.name)
        if network is None:
            message = f"no network {shown(vnet.name)} is declared in virtualNetworks"
            places.error(vnet, "name", "vnet", message=message)
            continue
        used.add(vnet.name)
        if places.is_ill(network, "gateway_address"):
            continue
        if not places.is_ill(vnet, "address"):
            _check_address(vnet, network, places)
        _join(vnet, network, joined, places)
    return used


def _check_address(vnet: VNet, network: VirtualNetwork, places: Places) -> None:
    problem = _address_problem(vnet.address, network.gateway_address)
    if problem is not None:
        places.error(vnet, "address", "vnet", message=problem)


class _Joined:
    """Networks of one step. Two overlap when one holds the other, so that sets can tell."""

    def __init__(self) -> None:
        self._networks: set[_Prefix] = set()
        self._around: set[_Prefix] = set()

    def add(self, address: str) -> bool:
        """Add the network of an ``address/prefix``; False if it overlaps one that is there."""
        *around, own = _prefixes_of(address)
        is_new = own not in self._around and self._networks.isdisjoint((own, *around))
        self._networks.add(own)
        self._around.update(around)
        return is_new


@functools.lru_cache(maxsize=64)
def _prefixes_of(address: str) -> tuple[_Prefix, ...]:
    """Return the prefixes of all networks that hold an address's, the widest first, and its own."""
    network = interface_of(address).network
    bits = f"{int(network.network_address):0{network.max_prefixlen}b}"
    return tuple(f"{network.version}:{bits[:n]}" for n in range(network.prefixlen + 1))


def _join(vnet: VNet, network: VirtualNetwork, joined: _Joined, places: Places) -> None:
    if not joined.add(network.gateway_address):
        message = "overlaps another network of this step, or 169.254.254.0/24 of its namespace"
        places.error(vnet, "name", "vnet", message=message)


@functools.lru_cache(maxsize=4096)
def _address_problem(address: str, gateway_address: str) -> str | None:
    """Say what is wrong with an address in the network of a gateway."""
    own, gateway = interface_of(address).ip, interface_of(gateway_address)
    if own not in gateway.network:
        return f"does not lie in the network of the gateway, {gateway.network}"
    if own == gateway.ip:
        return "is the address of the gateway"
    if own in _kept_addresses(gateway.network):
        return f"is the network or broadcast address of {gateway.network}"
    return None


def _kept_addresses(network: Network) -> set[object]:
    if network.prefixlen >= network.max_prefixlen - 1:
        return set()
    if network.version == 6:
        return {network.network_address}
    return {network.network_address, network.broadcast_address}
