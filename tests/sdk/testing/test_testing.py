"""What ships for tests keeps its own promises."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import deepsquare.testing
from deepsquare.chain import JobStatus
from deepsquare.testing import (
    Anvil,
    AnvilFailed,
    AnvilNotFound,
    a_job,
    development_accounts,
    find_anvil,
    some_hardware,
)


def test_accounts__roles__are_different_and_well_known() -> None:
    accounts = development_accounts()
    addresses = [getattr(accounts, name).address for name in accounts.__dataclass_fields__]
    assert len(set(addresses)) == len(addresses)
    assert addresses[0] == "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


@pytest.mark.parametrize("status", list(JobStatus), ids=lambda status: status.name)
def test_a_job__any_status__has_times_and_provider_that_suit_it(status: JobStatus) -> None:
    job = a_job(status)
    assert (int(job.provider_addr, 16) == 0) == (status is JobStatus.PENDING)
    assert bool(job.time.end) == (status >= JobStatus.CANCELLED)
    assert bool(job.time.start) == (status >= JobStatus.RUNNING)


def test_some_hardware__nodes__are_columns_of_equal_length() -> None:
    hardware = some_hardware((1, 2, 3), (4, 5, 6))
    assert (hardware.nodes, hardware.cpus_per_node) == (2, (1, 4))
    assert (hardware.mem_per_node, hardware.gpus_per_node) == ((2, 5), (3, 6))


def test_exports__all_exist_and_are_sorted() -> None:
    assert sorted(deepsquare.testing.__all__) == deepsquare.testing.__all__
    for name in deepsquare.testing.__all__:
        assert hasattr(deepsquare.testing, name)


def test_find_anvil__named_by_the_environment__is_that(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    binary = tmp_path / "anvil"
    binary.write_text("#!/bin/sh\n")
    binary.chmod(0o755)
    monkeypatch.setenv("DEEPSQUARE_ANVIL", str(binary))
    assert find_anvil() == binary


def test_find_anvil__nowhere__says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deepsquare.testing.anvil._candidates", lambda: iter(()))
    with pytest.raises(AnvilNotFound, match="npm ci"):
        find_anvil()


@pytest.mark.integration
def test_anvil__cannot_start__says_what_it_said(tmp_path: Path) -> None:
    binary = tmp_path / "anvil"
    binary.write_text("#!/bin/sh\necho no room here\nexit 1\n")
    binary.chmod(0o755)
    with pytest.raises(AnvilFailed, match="no room here"):
        Anvil(binary=binary).start()


@pytest.mark.integration
def test_anvil__left__leaves_no_process() -> None:
    with Anvil() as chain:
        pid = chain.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.integration
def test_package__imported__does_not_need_pytest() -> None:
    probe = "import sys, deepsquare.testing; print('pytest' in sys.modules)"
    shown = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == "False"
