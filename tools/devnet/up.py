"""A grid that stays up until Ctrl-C."""

import signal
import sys
from pathlib import Path

from deepsquare.amounts import parse_credits
from tools.devnet.customers import Customer
from tools.devnet.grid import Devnet
from tools.devnet.scratch import scratch_folder
from tools.devnet.screen import Screen

CREDITS = "100000"


def run(screen: Screen) -> None:
    """Start a grid, say how a second terminal uses it, and wait for Ctrl-C or TERM."""
    screen.say("A DeepSquare Grid on this machine, until you press Ctrl-C:")
    with scratch_folder() as folder, Devnet(folder, tell=screen.tell) as grid:
        customer = grid.new_customer(credits_wei=parse_credits(CREDITS))
        screen.tell("customer", f"{customer.address}, who has {CREDITS} credits")
        screen.tell("logs", f"{folder}/log")
        _explain(customer, screen)
        _wait_for_interrupt()
        screen.say("\nStopping.")
    screen.say("Everything is stopped and removed again.")


def _wait_for_interrupt() -> None:
    try:
        signal.pause()
    except KeyboardInterrupt:
        # A second Ctrl-C must not keep the grid from being taken down.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)


def _explain(customer: Customer, screen: Screen) -> None:
    screen.say("\nIn a second terminal:\n")
    for line in shell_lines(customer):
        screen.say(f"  {line}")
    screen.say(
        "\nand then, for example:\n\n"
        "  deepsquare providers\n"
        "  deepsquare submit examples/hello-world.yaml --minutes 10 --watch\n"
    )


def shell_lines(customer: Customer) -> list[str]:
    """Return the two lines that let a shell's `deepsquare` act for a customer."""
    programs = Path(sys.executable).parent
    [(name, value)] = customer.environment.items()
    return [f'export PATH="{programs}:$PATH"', f"export {name}={value}"]
