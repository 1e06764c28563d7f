"""The hardware file: what the provider offers, as JSON."""

import json
from pathlib import Path

from deepsquare_supervisor.domain.offer import InvalidOffer, Offer, parse_offer


def read_offer(path: Path) -> Offer:
    """Read a hardware file; raises `InvalidOffer`, naming the file."""
    try:
        return parse_offer(json.loads(path.read_text(), parse_float=str))
    except (OSError, ValueError) as error:
        raise InvalidOffer(f"{path} cannot be read: {error}") from error
    except InvalidOffer as error:
        raise InvalidOffer(f"{path}: {error.message}") from error
