"""Fixtures that tests of more than one part share."""

pytest_plugins = ["tests.support.chain", "tests.support.slurm", "tests.support.redis"]
