"""`make demo` and `make devnet` as a newcomer runs them, and what they leave: nothing."""

import os
import pwd
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tools.devnet import leftovers
from tools.devnet.cgroups import CGROUP_ROOT
from tools.devnet.scratch import scratch_folder
from tools.devnet.waiting import wait_until

DEVNET = [sys.executable, "-m", "tools.devnet"]


@pytest.fixture
def scratch() -> Iterator[Path]:
    """The only place where temporary folders are made."""
    with scratch_folder("e2e-") as folder:
        yield folder


def _is_nothing_left(scratch: Path, nodes: list[str]) -> None:
    assert list(scratch.glob("deepsquare-*")) == []
    assert [entry for entry in pwd.getpwall() if entry.pw_dir.startswith(str(scratch))] == []
    assert [group for node in nodes for group in CGROUP_ROOT.glob(f"*/slurm_{node}")] == []
    assert leftovers.processes_with(f"TMPDIR={scratch}") == []


def _nodes(output: str) -> list[str]:
    found = re.search(r"nodes (\w+) and (\w+)", output)
    assert found, output
    return list(found.groups())


def test_demo__on_this_machine__finishes_shows_the_bill_and_leaves_nothing(scratch: Path) -> None:
    done = subprocess.run(
        [*DEVNET, "demo"],
        env={**os.environ, "TMPDIR": str(scratch)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Hello from" in done.stdout
    assert "FINISHED with exit code 0" in done.stderr
    amounts = re.findall(r"^ *([\d,]+)  (provider|fee|refund|locked)$", done.stdout, re.MULTILINE)
    wei = {name: int(amount.replace(",", "")) for amount, name in amounts}
    assert wei["locked"] == wei["provider"] + wei["fee"] + wei["refund"] > 0
    assert "FINISHED in" in done.stdout.splitlines()[-1]
    _is_nothing_left(scratch, _nodes(done.stdout))


@pytest.fixture
def devnet(scratch: Path) -> Iterator["subprocess.Popen[str]"]:
    with (
        (scratch / "screen").open("w") as screen,
        subprocess.Popen(
            [*DEVNET, "up"],
            env={**os.environ, "TMPDIR": str(scratch)},
            stdout=screen,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process,
    ):
        yield process
        process.send_signal(signal.SIGTERM)


def test_devnet__two_lines_pasted__serves_a_second_terminal_until_ctrl_c(
    devnet: "subprocess.Popen[str]", scratch: Path
) -> None:
    screen = scratch / "screen"
    wait_until(
        lambda: "deepsquare submit" in screen.read_text() or devnet.poll() is not None,
        what="devnet up",
        timeout_s=180,
    )
    shown = screen.read_text()
    lines = [line.strip() for line in shown.splitlines() if line.strip().startswith("export ")]
    assert len(lines) == 2, shown
    second = subprocess.run(
        ["bash", "-c", "\n".join([*lines, "deepsquare providers && deepsquare balance"])],
        env={"HOME": str(scratch), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert second.returncode == 0, second.stderr
    assert "100000" in second.stdout.replace(",", "")

    devnet.send_signal(signal.SIGINT)
    assert devnet.wait(timeout=120) == 0
    assert "Everything is stopped and removed again." in screen.read_text()
    _is_nothing_left(scratch, _nodes(shown))
