"""The script signals its own living children only (workflow.md W-SIG-8).

A number that the kernel has given to another process after the child was reaped cannot be had at
will; a living process that is no child of the shell stands for it.
"""

import os
import subprocess
from collections.abc import Iterator

import pytest

from deepsquare_sbatch_api.domain.rendering.library import part

pytestmark = pytest.mark.integration

CORE = "\n".join(("set -euo pipefail", part("core"), part("scopes"), "exec 9<> <(:)"))


@pytest.fixture
def stranger() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(["sleep", "30"], start_new_session=True) as process:
        yield process
        process.kill()


def bash(program: str, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["bash", "-c", f"{CORE}\n{program}", "bash", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


@pytest.mark.parametrize(
    "call",
    [
        '__ds_kill "$1" KILL',
        '__ds_end "$1" ""',
        '__ds_signal_body "$1" "" KILL',
        '__ds_state=$2; __ds_ask_to_stop "$1" x 15',
    ],
)
def test_number__that_belongs_to_another_process__is_not_signalled(
    stranger: "subprocess.Popen[bytes]", call: str, tmp_path: os.PathLike[str]
) -> None:
    """W-SIG-8."""
    settings = "__ds_site[GRACE_SECONDS]=0; __ds_site[STOP_SECONDS]=5; "
    done = bash(settings + call, str(stranger.pid), str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert stranger.poll() is None


def test_child__that_lives__is_signalled_and_once_reaped_no_more() -> None:
    """W-SIG-8: the same call acts on a child, so the test above can fail."""
    program = """
      __ds_spawn sleep 30
      pid=$__ds_pid
      __ds_alive "$pid" && echo alive
      __ds_kill "$pid" KILL
      while [[ -e /proc/$pid ]]; do :; done
      kill() { echo "signalled $*"; }
      __ds_kill "$pid" TERM
      echo end
    """
    assert bash(program).stdout.split("\n") == ["alive", "end", ""]
