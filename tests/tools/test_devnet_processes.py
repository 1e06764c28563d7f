"""A daemon starts when it is ready, says why when it is not, and ends when told."""

import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tools.devnet.ports import free_ports
from tools.devnet.processes import Daemon, StartFailed
from tools.devnet.waiting import NeverHappened, wait_until

pytestmark = pytest.mark.integration

SAYS_READY_AND_WAITS = "import time; print('ready', flush=True); time.sleep(60)"
IGNORES_TERM = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SAYS_READY_AND_WAITS
)


@pytest.fixture
def started() -> Iterator[list[Daemon]]:
    daemons: list[Daemon] = []
    yield daemons
    for daemon in daemons:
        daemon.kill()


def _daemon(tmp_path: Path, program: str, **env: str) -> Daemon:
    return Daemon("it", [sys.executable, "-c", program], log_file=tmp_path / "log", env=env)


def _start(daemon: Daemon, started: list[Daemon]) -> Daemon:
    started.append(daemon)
    daemon.start(is_ready=lambda: "ready" in daemon.log_file.read_text())
    return daemon


def test_daemon__when_ready__runs_with_its_environment(
    tmp_path: Path, started: list[Daemon]
) -> None:
    program = "import os; print(os.environ['COLOUR'], flush=True); " + SAYS_READY_AND_WAITS
    daemon = _start(_daemon(tmp_path, program, COLOUR="blue"), started)
    assert daemon.is_running()
    assert daemon.log_file.read_text().startswith("blue\n")


def test_daemon__that_ends_at_start__shows_the_end_of_its_log(tmp_path: Path) -> None:
    with pytest.raises(StartFailed, match=r"(?s)it ended at start.*no key at hand"):
        _daemon(tmp_path, "print('no key at hand')").start(is_ready=lambda: False)


def test_daemon__never_ready__is_stopped_and_says_so(tmp_path: Path) -> None:
    daemon = _daemon(tmp_path, SAYS_READY_AND_WAITS)
    with pytest.raises(StartFailed, match=r"it ready: not within 0\.3 s"):
        daemon.start(is_ready=lambda: False, timeout_s=0.3)
    assert not daemon.is_running()


def test_daemon__stopped__ends_by_term(tmp_path: Path, started: list[Daemon]) -> None:
    daemon = _start(_daemon(tmp_path, SAYS_READY_AND_WAITS), started)
    daemon.stop()
    assert not daemon.is_running()
    daemon.stop()


def test_daemon__that_ignores_term__is_killed(tmp_path: Path, started: list[Daemon]) -> None:
    daemon = _start(_daemon(tmp_path, IGNORES_TERM), started)
    daemon.stop(grace_s=0.2)
    assert not daemon.is_running()


def test_daemon__interrupted_at_the_terminal__goes_on(
    tmp_path: Path, started: list[Daemon]
) -> None:
    daemon = _start(_daemon(tmp_path, SAYS_READY_AND_WAITS), started)
    assert os.getpgid(daemon.pid) != os.getpgid(0)
    daemon.signal(signal.SIGCONT)
    assert daemon.is_running()


def test_daemon__started_again__appends_to_its_log(tmp_path: Path, started: list[Daemon]) -> None:
    daemon = _start(_daemon(tmp_path, SAYS_READY_AND_WAITS), started)
    daemon.kill()
    daemon.start(is_ready=lambda: daemon.log_file.read_text().count("ready") == 2)
    assert daemon.is_running()


def test_free_ports__several__are_distinct_and_can_be_bound() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    for port in ports:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", port))


def test_wait_until__condition_never_true__names_what_was_waited_for() -> None:
    with pytest.raises(NeverHappened, match=r"the moon is blue: not within 0\.1 s"):
        wait_until(lambda: False, what="the moon is blue", timeout_s=0.1)
