"""Registers the provider's offer on chain, if it is not what is there already."""

from deepsquare.chain import Grid, Provider
from deepsquare.chain.sender import Sender
from deepsquare_supervisor.domain.offer import Offer


async def register_offer(grid: Grid, sender: Sender, offer: Offer) -> bool:
    """Propose the offer unless it is approved, or waits for approval, as it is.

    Returns whether a transaction was sent. Raises the contract's own errors, such as `Banned` or
    `InvalidPrices`.
    """
    approved = await grid.providers.get_provider(sender.address)
    waiting = await grid.providers.get_waiting(sender.address)
    newest = waiting if waiting.addr == sender.address else approved
    if newest.addr == sender.address and offer_of(newest) == offer:
        return False
    call = grid.providers.register(offer.hardware, offer.prices, offer.labels)
    await sender.send(call)
    return True


def offer_of(provider: Provider) -> Offer:
    """Return what a registration offers."""
    return Offer(provider.provider_hardware, provider.provider_prices, tuple(provider.labels))
