"""The command line `deepsquare`."""

import io
import sys


def main() -> None:
    """Run the command line and end the process with its exit code."""
    from deepsquare.cli.app import run  # noqa: PLC0415 - nothing is loaded before it is needed

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # whatever a job's log holds
    sys.exit(run())
