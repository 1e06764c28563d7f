"""What the provider offers, as it is registered on chain (protocol.md 3.7)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deepsquare.amounts import parse_credits
from deepsquare.chain import Label, ProviderHardware, ProviderPrices
from deepsquare.errors import Refused


class InvalidOffer(Refused):
    """The hardware file is no offer."""

    code = "invalid_offer"


@dataclass(frozen=True, slots=True)
class Offer:
    """Nodes, prices in credit-wei per minute, and labels."""

    hardware: ProviderHardware
    prices: ProviderPrices
    labels: tuple[Label, ...] = ()


def parse_offer(data: Mapping[str, Any]) -> Offer:
    """Convert the content of a hardware file; prices are credits, as text or integers.

    Raises `InvalidOffer` saying what is wrong.
    """
    try:
        return _offer(data["nodes"], data["prices"], data.get("labels", {}))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidOffer(f"this is no offer: {error!r}") from error


def _offer(
    nodes: Sequence[Mapping[str, Any]], prices: Mapping[str, Any], labels: Mapping[str, Any]
) -> Offer:
    return Offer(
        hardware=ProviderHardware(
            nodes=len(nodes),
            gpus_per_node=tuple(int(node.get("gpus", 0)) for node in nodes),
            cpus_per_node=tuple(int(node["cpus"]) for node in nodes),
            mem_per_node=tuple(int(node["mem_mb"]) for node in nodes),
        ),
        prices=ProviderPrices(
            gpu_price_per_min=parse_credits(prices.get("gpu", 0)),
            cpu_price_per_min=parse_credits(prices["cpu"]),
            mem_price_per_min=parse_credits(prices["mem_mb"]),
        ),
        labels=tuple(Label(key, str(value)) for key, value in labels.items()),
    )
