"""Unix accounts of customers, made for real."""

import grp
import json
import os
import pwd
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.supervisor.real_site import remove_account
from tests.supervisor.site import JOB
from tools.devnet.scratch import scratch_folder

from deepsquare.identifiers import Address, parse_address
from deepsquare_supervisor.adapters.accounts.local import COLLISION_EXIT, LocalAccounts
from deepsquare_supervisor.adapters.accounts.registry import AccountSite, ensure_account
from deepsquare_supervisor.adapters.accounts.single import SingleAccount
from deepsquare_supervisor.adapters.output_files import LocalOutputFiles
from deepsquare_supervisor.adapters.slurm.commands import log_path
from deepsquare_supervisor.domain.batch import SlurmId
from deepsquare_supervisor.domain.naming import unix_name
from deepsquare_supervisor.ports.accounts import AccountCollision, AccountsUnavailable

GROUP = "testaccounts"
FIRST = parse_address("0x" + "ab" * 16 + "00000001")
SAME_PREFIX = parse_address("0x" + "ab" * 16 + "00000002")
OTHER = parse_address("0x" + "cd" * 20)


def an_account_site(root: Path, *, first_uid: int = 20_000) -> AccountSite:
    return AccountSite(root, GROUP, first_uid, 59_999)


@pytest.fixture
def root() -> Iterator[Path]:
    with scratch_folder() as folder:
        yield folder / "data"
    for customer in (FIRST, OTHER):
        remove_account(customer)
    if any(group.gr_name == GROUP for group in grp.getgrall()):
        subprocess.run(["groupdel", GROUP], check=True)


def helper(root: Path) -> list[str]:
    module = "deepsquare_supervisor.entrypoints.accounts"
    return [sys.executable, "-m", module, f"--root={root}", f"--group={GROUP}"]


def run_as(uid: int, gid: int, *argv: str) -> subprocess.CompletedProcess[str]:
    ids = [f"--reuid={uid}", f"--regid={gid}", "--clear-groups"]
    command = ["setpriv", *ids, *argv]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@given(st.binary(min_size=20, max_size=20))
def test_name__of_any_address__is_a_unix_name_of_32_characters(raw: bytes) -> None:
    customer = parse_address("0x" + raw.hex())
    name = unix_name(customer)
    assert len(name) == 32
    assert name[0] == "w"
    assert set(name[1:]) <= set("0123456789abcdef")
    assert customer.lower().startswith("0x" + name[1:])


@pytest.mark.integration
async def test_helper__first_use__makes_user_group_and_private_folders(root: Path) -> None:
    account = await LocalAccounts(helper(root), os.environ).of(FIRST)
    entry = pwd.getpwnam(unix_name(FIRST))
    assert (entry.pw_uid, entry.pw_gid) == (account.uid, account.gid)
    assert 20_000 <= entry.pw_uid <= 59_999
    assert entry.pw_gecos == FIRST
    assert entry.pw_shell == "/usr/sbin/nologin"
    assert entry.pw_name in grp.getgrnam(GROUP).gr_mem
    assert grp.getgrgid(entry.pw_gid).gr_mem == []
    for folder in account.root.iterdir():
        status = folder.stat()
        assert (status.st_uid, status.st_mode & 0o7777) == (account.uid, 0o700), folder
    assert account.root.stat().st_uid == 0


@pytest.mark.integration
async def test_helper__again__gives_the_same_account_and_mends_folders(root: Path) -> None:
    first = await LocalAccounts(helper(root), os.environ).of(FIRST)
    first.logs.chmod(0o777)
    again = await LocalAccounts(helper(root), os.environ).of(FIRST)
    assert again == first
    assert first.logs.stat().st_mode & 0o777 == 0o700


@pytest.mark.integration
async def test_two_customers__neither_enters_the_others_folders(root: Path) -> None:
    accounts = LocalAccounts(helper(root), os.environ)
    one, two = await accounts.of(FIRST), await accounts.of(OTHER)
    (one.home / "secret").write_text("secret")
    for folder in (one.root, one.home, one.logs, one.root / "storage"):
        assert run_as(two.uid, two.gid, "ls", str(folder)).returncode != 0, folder
    assert run_as(two.uid, two.gid, "cat", str(one.home / "secret")).returncode != 0
    assert run_as(one.uid, one.gid, "ls", str(one.home)).returncode == 0
    assert run_as(one.uid, one.gid, "rm", "-rf", str(one.logs)).returncode != 0


@pytest.mark.integration
async def test_collision__two_addresses_with_one_name__is_refused(root: Path) -> None:
    await LocalAccounts(helper(root), os.environ).of(FIRST)
    with pytest.raises(AccountCollision, match=f"belongs to {FIRST}"):
        await LocalAccounts(helper(root), os.environ).of(SAME_PREFIX)


@pytest.mark.integration
def test_collision__number_outside_the_range__is_refused(root: Path) -> None:
    ensure_account(FIRST, an_account_site(root))
    with pytest.raises(AccountCollision, match="outside 50000-59999"):
        ensure_account(FIRST, an_account_site(root, first_uid=50_000))


@pytest.mark.integration
def test_helper__link_in_place_of_a_folder__is_not_followed(root: Path) -> None:
    account = ensure_account(FIRST, an_account_site(root))
    victim = root.parent / "victim"
    victim.mkdir(mode=0o755)
    account.logs.rmdir()
    account.logs.symlink_to(victim)
    with pytest.raises(OSError, match="logs"):
        ensure_account(FIRST, an_account_site(root))
    assert victim.stat().st_uid == 0


@pytest.mark.integration
@pytest.mark.parametrize("address", ["root", "0x12", "-x", "0x" + "zz" * 20])
def test_helper__no_address__is_refused_with_one_line(root: Path, address: str) -> None:
    command = [*helper(root), "--", address]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


@pytest.mark.integration
def test_helper__prints_json_with_names_that_its_caller_reads(root: Path) -> None:
    done = subprocess.run([*helper(root), FIRST], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout).keys() == {"user", "uid", "gid", "root"}


@pytest.mark.parametrize("answer", ["", "[]", "{}", '{"user": "x", "uid": "y"}'])
async def test_local__helper_answers_nonsense__is_unavailable(answer: str, tmp_path: Path) -> None:
    program = tmp_path / "helper"
    program.write_text(f"#!/bin/sh\necho '{answer}'\n")
    program.chmod(0o755)
    with pytest.raises(AccountsUnavailable, match="helper answered"):
        await LocalAccounts([str(program)], os.environ).of(FIRST)


async def test_local__helper_refuses__says_why(tmp_path: Path) -> None:
    program = tmp_path / "helper"
    program.write_text(f"#!/bin/sh\necho 'taken' >&2\nexit {COLLISION_EXIT}\n")
    program.chmod(0o755)
    with pytest.raises(AccountCollision, match="taken"):
        await LocalAccounts([str(program)], os.environ).of(FIRST)


async def test_single__two_customers__have_folders_of_their_own(tmp_path: Path) -> None:
    """W-SUP-2."""
    accounts = SingleAccount(tmp_path)
    one, two = await accounts.of(FIRST), await accounts.of(OTHER)
    assert one.uid == two.uid == os.geteuid()
    assert one.root != two.root
    assert (one.logs.is_dir(), two.home.is_dir()) == (True, True)


@pytest.mark.parametrize("kind", ["link", "pipe", "directory", "absent"])
async def test_output__not_a_plain_file__is_not_read(tmp_path: Path, kind: str) -> None:
    account = await SingleAccount(tmp_path / "data").of(FIRST)
    path = log_path(account.logs, JOB, SlurmId(1))
    secret = tmp_path / "secret"
    secret.write_text("secret")
    if kind == "link":
        path.symlink_to(secret)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    read = LocalOutputFiles().read(account, JOB, SlurmId(1), offset=0, limit=100)
    assert read is None


@pytest.mark.integration
def test_output__file_of_somebody_else__is_not_read(root: Path) -> None:
    account = ensure_account(Address(FIRST), an_account_site(root))
    path = log_path(account.logs, JOB, SlurmId(1))
    path.write_text("written by root")
    assert LocalOutputFiles().read(account, JOB, SlurmId(1), offset=0, limit=9) is None
    os.chown(path, account.uid, account.gid)
    read = LocalOutputFiles().read(account, JOB, SlurmId(1), offset=8, limit=100)
    assert read == b"by root"
