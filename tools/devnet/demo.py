"""One workflow through the whole grid, on one screen."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deepsquare.amounts import parse_credits
from tools.devnet.customers import CLI, Customer
from tools.devnet.errors import DevnetError
from tools.devnet.grid import Devnet
from tools.devnet.scratch import scratch_folder
from tools.devnet.screen import Screen

WORKFLOW = Path("examples/hello-world.yaml")
CREDITS = "1000"
MINUTES = 10
_TIMEOUT_S = 120


class DemoFailed(DevnetError):
    """The job did not do what it should; says what it did."""


def run(screen: Screen) -> None:
    """Start a grid, run the example on it as a customer would, show the bill, stop all."""
    screen.say("A DeepSquare Grid on this machine, until the job below has ended:")
    with scratch_folder() as folder, Devnet(folder, tell=screen.tell) as grid:
        customer = grid.new_customer(credits_wei=parse_credits(CREDITS))
        screen.tell("customer", f"{customer.address}, who has {CREDITS} credits")
        _submit(customer, screen)
        _show_bill(customer, screen)
    screen.say(
        f"\nEverything is stopped and removed again. FINISHED in {screen.elapsed_s():.0f} s."
    )


def _submit(customer: Customer, screen: Screen) -> None:
    arguments = ["submit", str(WORKFLOW), "--minutes", str(MINUTES), "--watch", "--yes"]
    screen.say(f"\n$ deepsquare {' '.join(arguments)}")
    done = subprocess.run(
        [str(CLI), *arguments],
        env={**os.environ, **customer.environment},
        timeout=_TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        raise DemoFailed(f"the job ended with exit code {done.returncode}")


def _show_bill(customer: Customer, screen: Screen) -> None:
    done = customer.run("bill", "@last", "--json")
    if done.returncode:
        raise DemoFailed(f"deepsquare bill: {done.stderr.strip()}")
    bill: dict[str, Any] = json.loads(done.stdout)
    screen.say("\nWhat became of the locked credits, to the wei:")
    for line in bill_lines(bill):
        screen.say(f"  {line}")


def bill_lines(bill: Mapping[str, Any]) -> list[str]:
    """Set out a bill as a sum; raises `DemoFailed` if the parts do not make the whole."""
    parts = {name: int(bill[f"{name}_wei"]) for name in ("provider", "fee", "refund")}
    locked = int(bill["locked_wei"])
    if sum(parts.values()) != locked:
        raise DemoFailed(f"the bill does not add up: {locked} wei locked, paid out {parts}")
    width = max(len(f"{amount:,}") for amount in (locked, *parts.values()))
    rows = [f"{amount:>{width},}  {name}" for name, amount in parts.items()]
    return [*rows, f"{'-' * width}", f"{locked:>{width},}  locked"]
