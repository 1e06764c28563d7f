"""The command line `deepsquare`."""

import sys


def main() -> None:
    """Run the command line and end the process with its exit code."""
    from deepsquare.cli.app import run  # noqa: PLC0415 - nothing is loaded before it is needed

    sys.exit(run())
