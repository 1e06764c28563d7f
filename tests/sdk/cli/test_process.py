"""The command line as a process of its own: signals and pipes."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from tests.sdk.cli.conftest import Customer
from tests.sdk.client.world import World

pytestmark = pytest.mark.integration


def start(world: World, customer: Customer, *arguments: str) -> "subprocess.Popen[str]":
    environment = {
        **os.environ,
        "DEEPSQUARE_RPC_URL": world.rpc_url,
        "DEEPSQUARE_META_SCHEDULER_ADDRESS": world.meta_scheduler,
        "DEEPSQUARE_SBATCH_API_URL": "http://127.0.0.1:9",
        "DEEPSQUARE_PRIVATE_KEY": customer.key.secret.hex(),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "deepsquare.cli", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def count_sockets(pid: int) -> int:
    count = 0
    for opened in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            count += str(opened.readlink()).startswith("socket:")
    return count


def await_conversation(pid: int) -> None:
    """Wait until a process talks to the chain: its loop's pair of sockets and one more are open."""
    deadline = time.monotonic() + 60
    while count_sockets(pid) < 3:
        assert time.monotonic() < deadline, "the process opened no connection"
        time.sleep(0.05)


def test_wait__ctrl_c__detaches_with_130_and_the_job_goes_on(
    world: World, customer: Customer
) -> None:
    job_id = customer.submitted()
    process = start(world, customer, "wait", job_id)
    await_conversation(process.pid)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=90)
    assert process.returncode == 130
    assert out == ""
    assert f"detached from job {job_id[34:42]}, which goes on" in err
    assert f"deepsquare cancel {job_id[34:42]}" in err
    assert "Traceback" not in err


def test_output__reader_that_has_seen_enough__ends_quietly(
    world: World, customer: Customer
) -> None:
    customer.submitted()
    process = start(world, customer, "jobs", "--json")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    with process.stderr as err:
        assert err.read() == ""
    assert process.wait(timeout=90) == 0


def test_output__terminal_that_cannot_show_it__is_no_crash(
    world: World, customer: Customer
) -> None:
    customer.submitted("--name", "é→名")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    process = subprocess.run(
        [sys.executable, "-m", "deepsquare.cli", "jobs"],
        capture_output=True,
        text=True,
        check=False,
        env={
            **environment,
            "DEEPSQUARE_RPC_URL": world.rpc_url,
            "DEEPSQUARE_META_SCHEDULER_ADDRESS": world.meta_scheduler,
            "DEEPSQUARE_ADDRESS": customer.key.address,
        },
    )
    assert (process.returncode, process.stderr) == (0, "")
    assert "\\xe9" in process.stdout


def test_submit__sbatch_api_down_d1__as_a_process__is_7_and_locks_nothing(
    world: World, customer: Customer
) -> None:
    customer.submitted()
    before = world.locked_wei()
    process = start(world, customer, "submit", "hello.yaml", "--credits", "40", "--yes")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (7, "")
    assert err.count("\n") == 1
    assert "the sbatch API at http://127.0.0.1:9 cannot be reached" in err
    assert world.locked_wei() == before


def test_key__keystore_of_the_profile__signs_a_cancel(
    world: World, customer: Customer, tmp_path: Path
) -> None:
    """The way of a person: an encrypted key in the profile, its password from a file."""
    Path("key").write_text(customer.key.secret.hex())
    Path("password").write_text("p")
    job_id = customer.submitted()
    made = customer.run("wallet", "import", "--key-file", "key", "--password-file", "password")
    assert made.exit_code == 0
    environment = {
        **os.environ,
        "DEEPSQUARE_RPC_URL": world.rpc_url,
        "DEEPSQUARE_META_SCHEDULER_ADDRESS": world.meta_scheduler,
        "DEEPSQUARE_KEYSTORE_PASSWORD_FILE": str(tmp_path / "password"),
    }
    ran = subprocess.run(
        [sys.executable, "-m", "deepsquare.cli", "cancel", job_id, "--yes"],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert ran.returncode == 0, ran.stderr
    assert "CANCELLED" in ran.stdout
