"""The guide of the command line tells of everything there is."""

from pathlib import Path

import pytest

import deepsquare
from deepsquare.cli.app import COMMANDS
from deepsquare.cli.exit_codes import ExitCode
from deepsquare.profile import ENVIRONMENT

GUIDE = (Path(deepsquare.__file__).parents[3] / "docs" / "cli.md").read_text()


@pytest.mark.parametrize("name", COMMANDS)
def test_guide__every_command__is_in_it(name: str) -> None:
    assert f"`{name}" in GUIDE


@pytest.mark.parametrize("variable", [*ENVIRONMENT.values(), "DEEPSQUARE_PRIVATE_KEY"])
def test_guide__every_variable__is_in_it(variable: str) -> None:
    assert f"`{variable}`" in GUIDE


@pytest.mark.parametrize("code", ExitCode)
def test_guide__every_exit_code__is_in_it(code: ExitCode) -> None:
    assert f"| {code:d} |" in GUIDE
