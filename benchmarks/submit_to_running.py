"""How long a customer waits: jobs one after the other on a devnet with blocks of one second.

Run as root: `python -m benchmarks.submit_to_running [JOBS]`.
"""

import statistics
import sys
import time
from dataclasses import dataclass

from tools.devnet.grid import Devnet
from tools.devnet.scratch import scratch_folder

from deepsquare import Client, Job, Workflow
from deepsquare.chain import JobStatus
from deepsquare.keys import Key

WORKFLOW = Workflow.from_file("examples/hello-world.yaml")
CREDITS_WEI = 10**21
POLL_S = 0.1


@dataclass(frozen=True)
class Times:
    """Seconds from the call of `submit`."""

    accepted: float
    """The transaction that locks the credits is mined."""
    running: float
    """The chain says RUNNING; a job that was faster is FINISHED by then."""
    settled: float
    """The chain has paid the provider and given back the rest."""


def measure(client: Client) -> Times:
    """Run one job and take the times."""
    started = time.monotonic()
    job = client.submit(WORKFLOW, minutes=10)
    accepted = time.monotonic() - started
    _wait(job, {JobStatus.RUNNING, JobStatus.FINISHED})
    running = time.monotonic() - started
    _wait(job, {JobStatus.FINISHED})
    return Times(accepted, running, time.monotonic() - started)


def _wait(job: Job, statuses: set[JobStatus]) -> None:
    while job.state().status not in statuses:
        time.sleep(POLL_S)


def table(times: list[Times]) -> str:
    """Set out median and worst of each time."""
    rows = ["| from submit to | median | worst |", "| --- | ---: | ---: |"]
    for name in ("accepted", "running", "settled"):
        values = [getattr(each, name) for each in times]
        rows.append(f"| {name} | {statistics.median(values):.1f} s | {max(values):.1f} s |")
    return "\n".join(rows)


def main() -> None:
    """Start a grid, measure, print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    started = time.monotonic()
    with scratch_folder() as folder, Devnet(folder) as grid:
        print(f"grid ready after {time.monotonic() - started:.1f} s")
        customer = grid.new_customer(credits_wei=CREDITS_WEI)
        key = Key(bytes(customer.account.key))
        with Client(grid.client_settings(), key=key) as client:
            print(table([measure(client) for _ in range(count)]))


if __name__ == "__main__":
    main()
