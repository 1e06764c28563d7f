"""The loop that keeps the stores tidy."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from deepsquare.errors import DeepSquareError
from deepsquare_sbatch_api.app.sweep import Sweep, Swept


@dataclass(frozen=True)
class Upkeep:
    """Sweeps every `period_s` seconds; the next pass makes up for one that fails."""

    sweep: Sweep
    period_s: float
    on_swept: Callable[[Swept], None]
    on_failure: Callable[[DeepSquareError], None]

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            try:
                self.on_swept(await self.sweep.run())
            except DeepSquareError as error:
                self.on_failure(error)
            await asyncio.sleep(self.period_s)
