"""Measure the gas of every call and write docs/gas.md: ``python -m tools.gas``."""

import asyncio
from pathlib import Path

from deepsquare.chain import Rpc
from deepsquare.testing import Anvil
from tools.gas.actors import GasGrid
from tools.gas.measure import measure
from tools.gas.table import BATCHES, MeasuredByBatch, life_line, write

ROOT = Path(__file__).parents[2]


async def measure_all() -> MeasuredByBatch:
    """Measure every batch size on a chain of its own."""
    measured: MeasuredByBatch = {}
    for size in BATCHES:
        with Anvil() as anvil:
            async with Rpc([anvil.http_url]) as rpc:
                measured[size] = await measure(await GasGrid.start(rpc, anvil.http_url), size)
    return measured


def main() -> None:
    """Measure, write, and print the life of a job."""
    measured = asyncio.run(measure_all())
    write(ROOT, measured)
    print(life_line(measured))


if __name__ == "__main__":
    main()
