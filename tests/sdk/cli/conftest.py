"""The command line run in this process, against a real chain or none at all."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.sdk.client.conftest import built, world
from tests.sdk.client.world import HELLO, World

from deepsquare.cli.app import run
from deepsquare.cli.invocation import Invocation
from deepsquare.keys import Key
from deepsquare.profile import ENVIRONMENT

__all__ = ["built", "world"]


@dataclass(frozen=True)
class Ran:
    """What a run of the command line said, and how it ended."""

    exit_code: int
    out: str
    err: str

    @property
    def last_line(self) -> str:
        return self.err.splitlines()[-1]


Run = Callable[..., Ran]


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of this machine reaches a test."""
    for variable in (*ENVIRONMENT.values(), "DEEPSQUARE_PRIVATE_KEY", "NO_COLOR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("DEEPSQUARE_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def deepsquare(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `deepsquare` without a client of the test's own."""
    return lambda *arguments: run_it(capsys, arguments, Invocation())


def run_it(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], invocation: Invocation
) -> Ran:
    capsys.readouterr()
    exit_code = run(arguments, invocation=invocation)
    out, err = capsys.readouterr()
    return Ran(exit_code, out, err)


@dataclass(frozen=True)
class Customer:
    """A customer of the real chain at the command line."""

    world: World
    key: Key
    capsys: pytest.CaptureFixture[str]

    def run(self, *arguments: str) -> Ran:
        invocation = Invocation(open_client=lambda _: self.world.client(self.key))
        return run_it(self.capsys, arguments, invocation)

    def submitted(self, *options: str) -> str:
        """Submit the hello workflow and return the job's id."""
        Path("hello.yaml").write_text(HELLO)
        credits_ = () if "--credits" in options else ("--credits", "40")
        ran = self.run("submit", "hello.yaml", "--yes", "-o", "csv", *credits_, *options)
        assert ran.exit_code == 0, ran.err
        return ran.out.splitlines()[1].split(",")[0]


@pytest.fixture
def customer(world: World, capsys: pytest.CaptureFixture[str]) -> Customer:
    """A customer with 1000 credits."""
    return Customer(world, asyncio.run(world.customer()), capsys)


@pytest.fixture
def poor(world: World, capsys: pytest.CaptureFixture[str]) -> Customer:
    """A customer with 20 credits."""
    return Customer(world, asyncio.run(world.customer(credits_=20)), capsys)
