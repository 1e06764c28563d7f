"""`python -m tools.devnet demo|up`: a grid on this machine; run it as root."""

import argparse
import logging
import signal
import sys

from deepsquare.errors import DeepSquareError
from tools.devnet import demo, up
from tools.devnet.errors import DevnetError
from tools.devnet.screen import Screen

_INTERRUPTED = 130


def main() -> int:
    """Run one of the two; an error is one line, and Ctrl-C stops all."""
    parser = argparse.ArgumentParser(prog="python -m tools.devnet", description=__doc__)
    parser.add_argument("what", choices=["demo", "up"])
    chosen = parser.parse_args().what
    logging.basicConfig(format="devnet: %(message)s", level=logging.WARNING)
    # TERM unwinds as Ctrl-C does; a shell starts what it puts into the background with INT ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    screen = Screen()
    try:
        {"demo": demo.run, "up": up.run}[chosen](screen)
    except (DevnetError, DeepSquareError) as error:
        screen.complain(f"devnet: {error}")
        return 1
    except KeyboardInterrupt:
        screen.complain("devnet: interrupted; everything is stopped")
        return _INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
