"""Networks of runs and of the job (workflow.md 3.13, 3.14)."""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from deepsquare.workflow import Bore, Job, StepRun, VNet, Wireguard
from deepsquare.workflow.model.walk import runs_of
from deepsquare_sbatch_api.domain.rendering.shell import (
    Command,
    Function,
    Node,
    Sequential,
    literal,
)

_ONE_LINE = re.compile(r"[A-Za-z0-9+/=.:,\[\]_ -]*")


@lru_cache(maxsize=4096)
def _parts(address: str) -> tuple[str, str]:
    """Return the address alone, as a gateway allows it, and its network."""
    interface = ipaddress.ip_interface(address)
    return f"{interface.ip}/{interface.max_prefixlen}", str(interface.network)


class UnsafeSetting(ValueError):
    """A value could add a line to a configuration file; validation must have refused it."""


class UsedNetwork(NamedTuple):
    """A virtual network that a run joins: its number, and the numbers of its peers by address."""

    number: int
    peers: dict[str, int]


@dataclass(slots=True)
class VirtualNetworks:
    """The used virtual networks of a job with their peers, in order of first use (W-VNET-3)."""

    gateways: dict[str, str]
    """Name to the gateway's address."""
    used: dict[str, UsedNetwork] = field(default_factory=dict)
    """Name to what of it is used."""

    @classmethod
    def of(cls, job: Job) -> "VirtualNetworks":
        """Collect the addresses of all interfaces of an expanded job."""
        networks = cls({net.name: net.gateway_address for net in job.virtual_networks})
        for vnet in _vnets(job):
            networks._add(vnet)
        return networks

    def _add(self, vnet: VNet) -> None:
        if vnet.name not in self.used:
            self.used[vnet.name] = UsedNetwork(len(self.used), {})
        peers = self.used[vnet.name].peers
        peers.setdefault(_parts(vnet.address)[0], len(peers))

    def option(self, vnet: VNet) -> str:
        """Return numbers, address and network of a peer, for the node's program."""
        number, peers = self.used[vnet.name]
        peer, network = _parts(vnet.address)
        return f"{number} {peers[peer]} {vnet.address} {network}"

    def start(self) -> Node:
        """Return the function that starts all gateways."""
        calls = [
            Command(
                "__ds_start_network",
                [literal(word) for word in (str(number), self.gateways[name], *peers)],
            )
            for name, (number, peers) in self.used.items()
        ]
        return Function("__ds_start_networks", [Sequential(calls)])


def _vnets(job: Job) -> Iterator[VNet]:
    for run in runs_of(job.steps):
        for interface in run.custom_network_interfaces:
            if interface.vnet is not None:
                yield interface.vnet


def network_options(run: StepRun, networks: VirtualNetworks) -> list[str]:
    """Return the ``key=value`` words of a run's network for the node's program."""
    if run.network in (None, "host"):
        return []
    words = [f"network={run.network}"]
    words += [f"dns{index}={server}" for index, server in enumerate(run.dns)]
    return words + list(_interfaces(run, networks))


def _interfaces(run: StepRun, networks: VirtualNetworks) -> Iterator[str]:
    wireguards = vnets = bores = 0
    for interface in run.custom_network_interfaces:
        if interface.wireguard is not None:
            yield f"interface{wireguards + vnets}=wg{wireguards}"
            yield f"wg{wireguards}={wireguard_file(interface.wireguard)}"
            wireguards += 1
        elif interface.vnet is not None:
            yield f"interface{wireguards + vnets}=vnet{vnets}"
            yield f"vnet{vnets}={networks.option(interface.vnet)}"
            vnets += 1
        elif interface.bore is not None:
            yield from _bore(interface.bore, bores)
            bores += 1


def _bore(bore: Bore, index: int) -> Iterator[str]:
    address = bore.bore_address or f"{bore.address}:{bore.port}"
    yield f"bore{index}={bore.target_port} {address}"
    if bore.secret is not None:
        yield f"bore_secret{index}={bore.secret}"


def wireguard_file(interface: Wireguard) -> str:
    """Return the configuration file of a WireGuard interface: the fields of 2.2 and no others."""
    lines = ["[Interface]", _line("PrivateKey", interface.private_key)]
    if interface.address:
        lines.append(_line("Address", ", ".join(interface.address)))
    for peer in interface.peers:
        lines += ["[Peer]", _line("PublicKey", peer.public_key)]
        optional = (
            ("PresharedKey", peer.pre_shared_key),
            ("AllowedIPs", ", ".join(peer.allowed_ips)),
            ("Endpoint", peer.endpoint),
            ("PersistentKeepalive", str(peer.persistent_keepalive or "")),
        )
        lines += [_line(key, value) for key, value in optional if value]
    return "\n".join(lines)


def _line(key: str, value: str) -> str:
    if not _ONE_LINE.fullmatch(value):
        raise UnsafeSetting(f"the value of {key} is not one plain line")
    return f"{key} = {value}"
