"""S3 output, by the real s5cmd and a real server (conformance 29)."""

import dataclasses
import signal
import sys
import threading

import pytest
from tests.sbatch_api.rendering.s3_jobs import ODD_NAMES, WRITE, fetching, uploading
from tests.support.batch import AS_OWNER, BatchSite, a_run
from tests.support.s3 import S3Server

from deepsquare.workflow import TransportData

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("policy", ["always", "onSuccess"])
@pytest.mark.parametrize("code", [0, 3])
def test_output__by_policy__is_uploaded_to_its_path(
    site: BatchSite, s3: S3Server, policy: str, code: int
) -> None:
    """W-OUT-1, W-OUT-2, W-OUT-5."""
    job = uploading(s3, f"{WRITE} exit {code}")
    result = site.run(dataclasses.replace(job, output_policy=policy))
    assert result.code == code
    expected = {"prefix/out/one": b"1\n", "prefix/out/d/two": b"2\n"}
    assert s3.objects() == ({} if code and policy == "onSuccess" else expected)
    assert result.lines == []


@pytest.mark.parametrize("path", ["/out", "/o'ut *"])
def test_output__of_odd_names__keeps_names_and_content(
    site: BatchSite, s3: S3Server, path: str
) -> None:
    """W-OUT-2."""
    for name in ODD_NAMES:
        s3.put(f"prefix/test/{name}", name.encode())
    job = dataclasses.replace(
        fetching(s3, "/test", a_run('cp -r "$DEEPSQUARE_INPUT/." "$DEEPSQUARE_OUTPUT"')),
        output=TransportData(s3=s3.data(path)),
    )
    result = site.run(job)
    assert result.code == 0, result.stderr
    uploaded = {
        key.removeprefix(f"prefix{path}/"): content
        for key, content in s3.objects().items()
        if key.startswith(f"prefix{path}/")
    }
    assert uploaded == {name: name.encode() for name in ODD_NAMES}


def test_output__with_a_name_that_s5cmd_cannot_send__fails_after_sending_the_rest(
    site: BatchSite, s3: S3Server
) -> None:
    """W-OUT-2, W-OUT-4: control characters in names."""
    result = site.run(uploading(s3, f"{WRITE} touch \"$(printf 'new\\nline')\"", delete_sync=True))
    assert result.code == 1
    assert "line not found" in result.stderr
    assert set(s3.objects()) == {"prefix/out/one", "prefix/out/d/two"}


def test_output__closed_to_its_owner__is_sent_and_kept(site: BatchSite, s3: S3Server) -> None:
    """W-OUT-2: s5cmd says nothing of a directory that it cannot read, and deletes what is in it."""
    site.launcher = AS_OWNER
    s3.put("prefix/out/d/two", b"old")
    close = 'chmod 0 one d/two d; ls "$DEEPSQUARE_OUTPUT/d" || echo closed'
    result = site.run(uploading(s3, f"{WRITE} {close}", delete_sync=True))
    assert (result.code, result.lines) == (0, ["closed"]), result.stderr
    assert s3.objects() == {"prefix/out/one": b"1\n", "prefix/out/d/two": b"2\n"}


def test_output__with_sockets_and_pipes__is_sent_without_them(
    site: BatchSite, s3: S3Server
) -> None:
    """W-OUT-2."""
    bind = "import socket; socket.socket(socket.AF_UNIX).bind('s')"
    result = site.run(uploading(s3, f'{WRITE} mkfifo d/p; {sys.executable} -c "{bind}"'))
    assert result.code == 0, result.stderr
    assert set(s3.objects()) == {"prefix/out/one", "prefix/out/d/two"}


def test_output__that_is_a_link__is_what_it_leads_to(site: BatchSite, s3: S3Server) -> None:
    """W-OUT-2."""
    s3.put("prefix/out/old")
    link = 'mv "$DEEPSQUARE_OUTPUT" ../moved; ln -s moved "$DEEPSQUARE_OUTPUT"'
    result = site.run(uploading(s3, f"{WRITE} {link}", delete_sync=True))
    assert result.code == 0, result.stderr
    assert set(s3.objects()) == {"prefix/out/one", "prefix/out/d/two"}


@pytest.mark.parametrize("end", ["true", 'ln -s /nowhere "$DEEPSQUARE_OUTPUT"'])
def test_output__that_is_gone__fails_and_deletes_nothing(
    site: BatchSite, s3: S3Server, end: str
) -> None:
    """W-OUT-2, W-OUT-4: it is not an empty one."""
    s3.put("prefix/out/old")
    result = site.run(
        uploading(s3, f'rm -rf "$DEEPSQUARE_OUTPUT"; {end}', is_synced=True, delete_sync=True)
    )
    assert (result.code, set(s3.objects())) == (1, {"prefix/out/old"})


def test_output__that_is_unchanged_or_a_link__is_not_sent(site: BatchSite, s3: S3Server) -> None:
    """W-OUT-2: files are sent, not what links lead to."""
    s3.put("prefix/out/one", b"1\n")
    link = "ln -s /etc/passwd link; touch -d '2000-01-01' one"
    result = site.run(uploading(s3, WRITE + link))
    assert (result.code, s3.calls("PUT")) == (0, ["/bucket/prefix/out/d/two"])


@pytest.mark.parametrize("code", [0, 3])
def test_output__with_delete_sync__deletes_below_its_path_after_success_only(
    site: BatchSite, s3: S3Server, code: int
) -> None:
    """W-OUT-2."""
    others = {"prefix/out2/kept", "prefix/outer", "prefix/kept"}
    for key in {"prefix/out/old", "prefix/out/d/old", *others}:
        s3.put(key)
    site.run(uploading(s3, f"{WRITE} exit {code}", delete_sync=True))
    old = {"prefix/out/old", "prefix/out/d/old"} if code else set()
    assert set(s3.objects()) == {"prefix/out/one", "prefix/out/d/two", *old, *others}


def test_output__with_delete_sync_and_no_file__empties_the_path(
    site: BatchSite, s3: S3Server
) -> None:
    """W-OUT-2."""
    s3.put("prefix/out/old")
    s3.put("prefix/out2/kept")
    result = site.run(uploading(s3, "true", delete_sync=True))
    assert (result.code, list(s3.objects())) == (0, ["prefix/out2/kept"])


def test_output__after_a_signal__is_uploaded_and_deletes_nothing(
    site: BatchSite, s3: S3Server
) -> None:
    """W-OUT-1, W-OUT-2, W-SIG-1."""
    s3.put("prefix/out/old")
    with site.start(uploading(s3, f"{WRITE} echo up; sleep 50", delete_sync=True)) as batch:
        batch.wait_for_output("up\n")
        batch.signal(signal.SIGTERM)
        result = batch.result()
    assert result.code == 143
    assert set(s3.objects()) == {"prefix/out/one", "prefix/out/d/two", "prefix/out/old"}


def test_output__with_a_signal_while_it_is_uploaded__is_sent_and_deletes_nothing(
    site: BatchSite, s3: S3Server
) -> None:
    """W-SIG-3, W-OUT-2."""
    s3.put("prefix/out/old")
    asked = threading.Event()
    told = threading.Event()

    def wait_for_signal(method: str, path: str) -> None:
        if method == "PUT":
            asked.set()
            told.wait(20)

    s3.before = wait_for_signal
    with site.start(uploading(s3, WRITE, delete_sync=True)) as batch:
        batch.wait_for(asked.is_set)
        batch.signal(signal.SIGTERM)
        batch.wait_for_output("stopping on signal 15")
        told.set()
        result = batch.result()
    assert result.code == 143
    assert set(s3.objects()) == {"prefix/out/one", "prefix/out/d/two", "prefix/out/old"}


def test_output__with_a_signal_while_old_objects_are_deleted__deletes_no_more(
    site: BatchSite, s3: S3Server
) -> None:
    """W-SIG-3, W-OUT-2: the second look at the bucket is that before deleting."""
    s3.put("prefix/out/old")
    sent = threading.Event()
    told = threading.Event()

    def wait_for_signal(method: str, path: str) -> None:
        if method == "PUT":
            s3.before = wait_at_next_list

    def wait_at_next_list(method: str, path: str) -> None:
        if method == "GET":
            sent.set()
            told.wait(20)

    s3.before = wait_for_signal
    with site.start(uploading(s3, "echo 1 >$DEEPSQUARE_OUTPUT/one", delete_sync=True)) as batch:
        batch.wait_for(sent.is_set)
        batch.signal(signal.SIGTERM)
        batch.wait_for_output("nothing is deleted remotely after a signal")
        told.set()
        result = batch.result()
    assert result.code == 143
    assert set(s3.objects()) == {"prefix/out/one", "prefix/out/old"}


def test_output__of_which_a_part_is_refused__deletes_nothing(site: BatchSite, s3: S3Server) -> None:
    """W-OUT-2, W-OUT-4: what cannot be sent again must not be lost there."""
    s3.put("prefix/out/old")
    result = site.run(uploading(s3, f"{WRITE} touch \"$(printf 'a\\nb')\"", delete_sync=True))
    assert result.code != 0
    assert "prefix/out/old" in s3.objects()


@pytest.mark.parametrize(("step", "code"), [(0, 1), (3, 3)])
def test_upload__when_it_fails__fails_only_a_job_that_had_succeeded(
    site: BatchSite, s3: S3Server, step: int, code: int
) -> None:
    """W-OUT-4, W-LIFE-3."""
    result = site.run(uploading(s3, f"{WRITE} exit {step}", secret_access_key="wrong"))
    assert result.code == code
    assert "the output was not uploaded (code 1)" in result.stderr
    assert not site.storage.exists()
