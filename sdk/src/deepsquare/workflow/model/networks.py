"""Network types of a run step (workflow.md 2.2)."""

from deepsquare.workflow.declare import optional, required, workflow_type
from deepsquare.workflow.rules import (
    CIDR,
    HOSTNAME_PORT,
    IP_OR_FQDN,
    KEY32,
    gte,
    lte,
)


@workflow_type
class WireguardPeer:
    """A peer of a WireGuard interface."""

    public_key: str = required("The peer's public key.", KEY32)
    pre_shared_key: str | None = optional(
        "Key shared with this peer, on top of the key pair.", KEY32, default=None, is_secret=True
    )
    allowed_ips: tuple[str, ...] = optional(
        "Networks reached through this peer.", CIDR, default=(), wire="allowedIPs"
    )
    endpoint: str | None = optional(
        "Where the peer listens, `host:port`.",
        HOSTNAME_PORT,
        default=None,
        default_note="the peer calls in",
    )
    persistent_keepalive: int | None = optional(
        "Seconds between keep-alive packets; 0 switches them off.",
        gte(0),
        lte(65535),
        default=None,
        default_note="off",
    )


@workflow_type
class Wireguard:
    """A WireGuard interface inside the step's network namespace."""

    address: tuple[str, ...] = optional("Addresses of the interface.", CIDR, default=())
    private_key: str = required("The interface's private key.", KEY32, is_secret=True)
    peers: tuple[WireguardPeer, ...] = optional("Peers of the interface.", default=())


@workflow_type
class Bore:
    """A tunnel that publishes a port of the step through a bore server."""

    bore_address: str | None = optional(
        "The bore server, `host:port`.",
        HOSTNAME_PORT,
        default=None,
        default_note="`address` and `port`",
    )
    address: str | None = optional(
        "Host of the bore server.", IP_OR_FQDN, default=None, deprecated="use `boreAddress`"
    )
    port: int | None = optional(
        "Port of the bore server.",
        gte(1),
        lte(65535),
        default=None,
        deprecated="use `boreAddress`",
    )
    target_port: int = required("Port of the step that is published.", gte(1), lte(65535))
    secret: str | None = optional(
        "Secret the bore server asks for.", default=None, is_secret=True, default_note="none"
    )


@workflow_type
class VNet:
    """An interface in a virtual network of the job."""

    name: str = required("A name of `Job.virtualNetworks`.")
    address: str = required("The step's address in that network.", CIDR)


@workflow_type
class NetworkInterface:
    """A further interface of a run step: exactly one kind."""

    wireguard: Wireguard | None = optional("A WireGuard interface.", default=None)
    bore: Bore | None = optional("A port published through a bore server.", default=None)
    vnet: VNet | None = optional("An interface in a virtual network of the job.", default=None)
