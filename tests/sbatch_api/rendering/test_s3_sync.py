"""Continuous sync to S3, by the real s5cmd and a real server (conformance 30)."""

import signal
import threading
import time
from pathlib import Path

import pytest
from tests.sbatch_api.rendering.s3_jobs import WRITE, uploading
from tests.support.batch import BatchSite
from tests.support.s3 import S3Server

pytestmark = pytest.mark.integration


class HeldTransfers:
    """Holds every upload on the server's side until released."""

    def __init__(self, s3: S3Server) -> None:
        self.began = threading.Event()
        self.may_go_on = threading.Event()
        s3.before = self._hold

    def _hold(self, method: str, path: str) -> None:
        if method == "PUT":
            self.began.set()
            assert self.may_go_on.wait(30)


@pytest.mark.parametrize("ending", ["success", "failure", "signal"])
def test_sync__on_every_path__uploads_meanwhile_and_stops_before_removal(
    site: BatchSite, s3: S3Server, ending: str
) -> None:
    """W-SYNC-1, W-SYNC-2, W-OUT-2."""
    site.settings["SYNC_SECONDS"] = "1"
    end = "exit 3" if ending == "failure" else "true"
    wait = f"until [ -e {site.root}/go ]; do sleep 0.05; done"
    job = uploading(s3, f"{WRITE} {wait}; echo 3 >late; {end}", is_synced=True, delete_sync=True)
    s3.put("prefix/out/old")
    with site.start(job) as batch:
        batch.wait_for(lambda: {"prefix/out/one", "prefix/out/d/two"} <= set(s3.objects()))
        assert "prefix/out/old" in s3.objects()
        if ending == "signal":
            batch.signal(signal.SIGTERM)
        else:
            (site.root / "go").touch()
        result = batch.result()
    sent = len(s3.requests)
    assert result.code == {"success": 0, "failure": 3, "signal": 143}[ending]
    assert ("prefix/out/late" in s3.objects()) == (ending != "signal")
    assert ("prefix/out/old" in s3.objects()) == (ending != "success")
    assert not site.storage.exists()
    assert len(s3.requests) == sent
    assert "command not found" not in result.stderr


@pytest.mark.parametrize("is_signalled", [False, True])
def test_sync__with_a_transfer_in_flight_at_the_end__is_awaited_before_removal(
    site: BatchSite, s3: S3Server, is_signalled: bool
) -> None:
    """W-SYNC-2: what was in flight is sent by the final upload."""
    held = HeldTransfers(s3)
    wait = f"until [ -e {site.root}/go ]; do sleep 0.05; done"
    with site.start(uploading(s3, f"{WRITE} {wait}", is_synced=True)) as batch:
        batch.wait_for(held.began.is_set)
        if is_signalled:
            batch.signal(signal.SIGTERM)
        (site.root / "go").touch()
        batch.wait_for_output("finished (code")
        assert site.storage.exists()
        held.may_go_on.set()
        result = batch.result()
    assert result.code == (143 if is_signalled else 0)
    assert s3.objects() == {"prefix/out/one": b"1\n", "prefix/out/d/two": b"2\n"}
    assert not site.storage.exists()


def test_sync__that_takes_longer_than_its_period__is_not_joined_by_another(
    site: BatchSite, s3: S3Server
) -> None:
    """W-SYNC-1: never two at a time."""
    site.settings["SYNC_SECONDS"] = "1"
    held = HeldTransfers(s3)
    wait = f"until [ -e {site.root}/go ]; do sleep 0.05; done"
    with site.start(uploading(s3, f"{WRITE} {wait}", is_synced=True)) as batch:
        batch.wait_for(held.began.is_set)
        until = time.monotonic() + 2.5
        batch.wait_for(lambda: time.monotonic() > until)
        listings = [path for verb, path, _ in s3.requests if verb == "GET"]
        held.may_go_on.set()
        (site.root / "go").touch()
        assert batch.result().code == 0
    assert len(listings) == 1


def test_sync__of_a_file_changed_while_it_was_sent__sends_it_again(
    site: BatchSite, s3: S3Server
) -> None:
    """W-SYNC-1, W-OUT-2: equal in size and older than its object, and yet not unchanged."""
    site.settings["SYNC_SECONDS"] = "1"
    wait = f"until [ -e {site.root}/go ]; do sleep 0.02; done"
    command = f'cd "$DEEPSQUARE_OUTPUT"; echo 1 >f; {wait}; echo 2 >f; touch {site.root}/changed'

    def change(method: str, path: str) -> None:
        if method == "PUT":
            (site.root / "go").touch()
            assert _appears(site.root / "changed")

    s3.before = change
    result = site.run(uploading(s3, f"{command}; sleep 1.5", is_synced=True))
    assert (result.code, s3.objects()) == (0, {"prefix/out/f": b"2\n"})


def _appears(path: Path) -> bool:
    tick = threading.Event()
    return any(path.exists() or tick.wait(0.02) for _ in range(500))


def test_sync__of_files_that_come_and_go__warns_at_most_and_sends_the_rest(
    site: BatchSite, s3: S3Server
) -> None:
    """W-SYNC-1."""
    site.settings["SYNC_SECONDS"] = "1"
    churn = "for i in $(seq 150); do echo $i >t$i; sleep 0.02; rm t$i; done"
    result = site.run(uploading(s3, WRITE + churn, is_synced=True))
    assert result.code == 0
    assert {"prefix/out/one", "prefix/out/d/two"} <= set(s3.objects())


def test_sync__with_a_pipe_in_the_output__does_not_send_files_again_and_again(
    site: BatchSite, s3: S3Server
) -> None:
    """W-SYNC-1, W-OUT-2: what s5cmd fails at is no reason to send what it did send."""
    site.settings["SYNC_SECONDS"] = "1"
    command = 'cd "$DEEPSQUARE_OUTPUT"; mkfifo p; echo 1 >f; sleep 1.5; echo 2 >f; sleep 3'
    result = site.run(uploading(s3, command, is_synced=True))
    assert (result.code, s3.objects()) == (0, {"prefix/out/f": b"2\n"})
    assert len(s3.calls("PUT")) <= 4
    assert "stopping on signal" not in result.stderr


def test_sync__that_the_server_refuses__warns_and_leaves_the_job_to_the_final_upload(
    site: BatchSite, s3: S3Server
) -> None:
    """W-SYNC-1, W-OUT-4."""
    site.settings["SYNC_SECONDS"] = "1"
    result = site.run(uploading(s3, f"{WRITE} sleep 2", is_synced=True, secret_access_key="wrong"))
    assert result.code == 1
    assert "warning: continuous sync failed (code 1)" in result.stderr
    assert "the output was not uploaded (code 1)" in result.stderr
