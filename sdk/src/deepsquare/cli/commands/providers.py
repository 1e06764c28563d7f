"""`deepsquare providers`."""

import click

from deepsquare.cli.invocation import Invocation, pass_invocation, shared_options
from deepsquare.cli.screen import Column

COLUMNS = [
    Column("PROVIDER", "short_address"),
    Column("NODES", "nodes", is_number=True),
    Column("CPUS", "cpus", is_number=True),
    Column("MB", "mem_mb", is_number=True),
    Column("GPUS", "gpus", is_number=True),
    Column("CPU/MIN", "cpu_price_per_minute", is_number=True),
    Column("MB/MIN", "mem_mb_price_per_minute", is_number=True),
    Column("GPU/MIN", "gpu_price_per_minute", is_number=True),
    Column("JOBS", "active_jobs", is_number=True),
    Column("LABELS", "labels"),
]


@click.command()
@shared_options
@pass_invocation
def providers(invocation: Invocation, /) -> None:
    """List the providers, each with its own prices in credits."""
    from deepsquare.cli.records import provider_record, provider_words  # noqa: PLC0415

    found = invocation.run(lambda grid: grid.providers())
    invocation.screen.records(
        [provider_record(info) for info in found],
        COLUMNS,
        shown=[provider_words(info) for info in found],
    )
    if not found:
        invocation.screen.say("the grid has no providers")
