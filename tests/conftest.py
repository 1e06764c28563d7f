"""Fixtures that tests of more than one part share."""

import signal

pytest_plugins = ["tests.support.chain", "tests.support.slurm", "tests.support.redis"]


def pytest_configure() -> None:
    """Let TERM end a run as Ctrl-C does, so that fixtures stop what they started."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
