"""S3 input, output and continuous sync, by the real s5cmd and a real server (conformance 29 to 32).

The server checks every signature, so a transfer that succeeds had the right credentials.
"""

import dataclasses
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.batch import BatchResult, BatchSite, a_job, a_run
from tests.support.s3 import REGION, S5CMD, S3Server, s3_server

from deepsquare.workflow import Job, Step, TransportData

pytestmark = pytest.mark.integration

LIST = 'cd "$DEEPSQUARE_INPUT" && find . -type f | LC_ALL=C sort'
WRITE = 'cd "$DEEPSQUARE_OUTPUT"; echo 1 >one; mkdir -p d; echo 2 >d/two; '
ODD_NAMES = [
    "a b",
    'it\'s, "quoted"',
    "ünï/çø∂é",
    "star*x",
    "q?x",
    "br[1]",
    "back\\slash",
    "hash#x",
    "perc%41",
    "plus+x",
    "trail ",
    "semi;x",
    "amp&x",
    "$(touch pwned)",
    "-dash",
    "--delete",
    "a=b:c",
    "n/e/s/t",
]


@pytest.fixture
def s3(site: BatchSite) -> Iterator[S3Server]:
    site.environment["REAL_S5CMD"] = str(S5CMD)
    with s3_server() as server:
        yield server


def fetching(s3: S3Server, path: str, *steps: Step, **fields: Any) -> Job:
    steps = steps or (a_run(LIST),)
    return dataclasses.replace(
        a_job(*steps), input=TransportData(s3=s3.data(path, **fields)), enable_logging=True
    )


def uploading(s3: S3Server, command: str, *, is_synced: bool = False, **fields: Any) -> Job:
    return dataclasses.replace(
        a_job(a_run(command)),
        output=TransportData(s3=s3.data("/out", **fields)),
        continuous_output_sync=is_synced,
    )


def listed(result: BatchResult) -> list[str]:
    return [line for line in result.lines if line.startswith("./") and not line.endswith(":")]


# --- input ---------------------------------------------------------------------------------------


def test_input__of_a_directory__fetches_what_is_below_it_and_nothing_alike(
    site: BatchSite, s3: S3Server
) -> None:
    """W-IN-3, W-IN-4."""
    for key in ("test/a", "test/sub/b", "test2", "test2/no", "test.txt", "tes"):
        s3.put(f"prefix/{key}")
    s3.put("test/outside")
    result = site.run(fetching(s3, "/test"))
    assert (result.code, listed(result)) == (0, ["./a", "./sub/b"])
    assert {region for _, _, region in s3.requests} == {REGION}


def test_input__of_an_object__lands_under_its_base_name(site: BatchSite, s3: S3Server) -> None:
    """W-IN-3."""
    s3.put("prefix/deep/one", b"content")
    result = site.run(fetching(s3, "/deep/one", a_run(f'{LIST}; cat "$DEEPSQUARE_INPUT/one"')))
    assert listed(result) == ["./one"]
    assert result.stdout.endswith("content")


@pytest.mark.parametrize("prefix", ["", "/prefix"])
def test_input__of_the_root__fetches_all(site: BatchSite, s3: S3Server, prefix: str) -> None:
    """W-IN-3."""
    s3.put(f"{prefix}/a/b".lstrip("/"))
    s3.put(f"{prefix}/c".lstrip("/"))
    result = site.run(fetching(s3, "/", prefix=prefix))
    assert (result.code, listed(result)) == (0, ["./a/b", "./c"])


def test_input__of_odd_keys__keeps_names_and_content(site: BatchSite, s3: S3Server) -> None:
    """W-IN-3."""
    for name in ODD_NAMES:
        s3.put(f"prefix/test/{name}", name.encode())
    check = 'cd "$DEEPSQUARE_INPUT"; find . -type f -exec grep -cxF -f {} {} \\; | sort -u'
    result = site.run(fetching(s3, "/test", a_run(LIST), a_run(check)))
    assert result.code == 0
    assert listed(result) == sorted((f"./{name}" for name in ODD_NAMES), key=str.encode)


@pytest.mark.parametrize("path", ["/st*r", "/what?", "/br[1]", '/it\'s, "so" $x'])
def test_input__of_a_path_with_special_characters__is_no_pattern(
    site: BatchSite, s3: S3Server, path: str
) -> None:
    """W-IN-3."""
    for directory in (path, "/stXr", "/whatX", "/br1"):
        s3.put(f"prefix{directory}/in its own")
        s3.put(f"prefix{directory}/s*b/it's\u00e9")
    result = site.run(fetching(s3, path))
    assert (result.code, listed(result)) == (0, ["./in its own", "./s*b/it'sé"])


@pytest.mark.parametrize("key", ["../../evil", "a/../../evil", "..", "a/.."])
@pytest.mark.parametrize("path", ["/test", "/te*t"])
def test_input__with_a_key_that_leads_out__is_refused(
    site: BatchSite, s3: S3Server, key: str, path: str
) -> None:
    """W-IN-3: the relative path of such an object is not below the input directory."""
    s3.put(f"prefix{path}/fine..name")
    s3.put(f"prefix{path}/{key}", b"evil")
    result = site.run(fetching(s3, path, a_run("echo step")))
    assert (result.code, result.lines) == (1, [])
    assert "outside its directory, refused: s3://bucket/prefix/te" in result.stderr
    assert not list(site.root.rglob("evil"))


@pytest.mark.parametrize("path", ["/none", "/none/", "/", "/no*e"])
def test_input__when_there_is_nothing__fails_and_says_so(
    site: BatchSite, s3: S3Server, path: str
) -> None:
    """W-IN-3, W-LIFE-3."""
    result = site.run(fetching(s3, path, a_run("echo step")))
    assert (result.code, result.lines) == (1, [])
    assert f"no input found at s3://bucket/prefix{path.rstrip('/')}\n" in result.stderr


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"secret_access_key": "wrong"}, "SignatureDoesNotMatch"),
        ({"access_key_id": "AKIAWRONG"}, "InvalidAccessKeyId"),
        ({"bucket_url": "s3://nobody"}, "NoSuchBucket"),
    ],
)
@pytest.mark.parametrize("direction", ["input", "output"])
def test_transfer__that_the_server_refuses__fails_with_its_message(
    site: BatchSite, s3: S3Server, wrong: dict[str, Any], message: str, direction: str
) -> None:
    """W-IN-3, W-IN-5, W-OUT-4."""
    s3.put("prefix/test/a")
    job = fetching(s3, "/test", **wrong) if direction == "input" else uploading(s3, WRITE, **wrong)
    result = site.run(job)
    assert result.code == 1
    assert message in result.stderr
    assert "no input found" not in result.stderr
    assert list(s3.objects()) == ["prefix/test/a"]
    assert not site.storage.exists()


def test_input__when_the_tool_dies_without_a_word__is_not_taken_for_empty(
    site: BatchSite, s3: S3Server
) -> None:
    """W-IN-3."""
    tool = site.root / "dies"
    tool.write_text("#!/bin/sh\nkill -KILL $$\n")
    tool.chmod(0o755)
    site.environment["REAL_S5CMD"] = str(tool)
    result = site.run(fetching(s3, "/test", a_run("echo step")))
    assert (result.code, result.lines) == (1, [])
    assert "no input found" not in result.stderr


def test_input__with_an_object_deleted_meanwhile__fails_and_names_it(
    site: BatchSite, s3: S3Server
) -> None:
    """W-IN-3: half an input is none."""
    for name in "abc":
        s3.put(f"prefix/test/{name}")

    def delete_when_asked(method: str, path: str) -> None:
        if (method, path) == ("GET", "/bucket/prefix/test/b"):
            s3.delete("prefix/test/b")

    s3.before = delete_when_asked
    result = site.run(fetching(s3, "/test", a_run("echo step")))
    assert (result.code, "step" in result.lines) == (1, False)
    assert "prefix/test/b" in result.stderr
    assert "NoSuchKey" in result.stderr


def test_input__above_the_sites_limit__is_not_even_begun(site: BatchSite, s3: S3Server) -> None:
    """W-IN-6."""
    for name in "abc":
        s3.put(f"prefix/test/{name}", b"x" * 40_000)
    site.settings["MAX_INPUT_BYTES"] = "100000"
    result = site.run(fetching(s3, "/test", a_run("echo step")))
    assert (result.code, result.lines) == (63, [])
    assert "larger than the 100000 bytes" in result.stderr
    assert not [path for path in s3.calls("GET") if path.startswith("/bucket/prefix")]


def test_credentials__are_with_the_tool_only(site: BatchSite, s3: S3Server) -> None:
    """W-IN-5, W-OUT-5, W-LIFE-6: in no argv, environment, log or file of a step."""
    s3.put("prefix/test/a")
    own = "env; cat /proc/*/cmdline 2>/dev/null | tr '\\0' ' '; cat ~/.aws/* 2>/dev/null; true"
    hook = site.root / "hook"
    hook.write_text("#!/bin/sh\nenv\n")
    hook.chmod(0o755)
    site.settings.update(PRE_HOOK=str(hook), POST_HOOK=str(hook))
    job = dataclasses.replace(
        fetching(s3, "/test", a_run(f"{WRITE}{own}")),
        output=TransportData(s3=s3.data("/out")),
        continuous_output_sync=True,
    )
    result = site.run(job)
    assert result.code == 0
    assert "prefix/out/one" in s3.objects()
    assert result.calls_of("s5cmd")
    seen = result.stdout + result.stderr + repr(result.calls)
    for secret in (s3.access_key_id, s3.secret_access_key):
        assert secret not in seen
    assert "AWS_REGION=" not in result.stdout


# --- output --------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("direction", ["input", "output"])
def test_transfer__with_a_server_that_is_away__ends_in_time_after_a_signal(
    site: BatchSite, s3: S3Server, direction: str
) -> None:
    """W-SIG-2, W-SIG-7: s5cmd itself would try for more than a minute."""
    data = TransportData(s3=s3.data("/out", endpoint_url="http://127.0.0.1:9"))
    job = a_job(a_run(f"{WRITE} echo up; sleep 50"))
    transports: dict[str, Any] = {direction: data}
    job = dataclasses.replace(job, **transports)
    with site.start(job) as batch:
        if direction == "output":
            batch.wait_for_output("up\n")
        else:
            batch.wait_for((site.storage / ".deepsquare" / "s3.errors").exists)
        signalled = time.monotonic()
        batch.signal(signal.SIGTERM)
        result = batch.result()
    assert result.code == 143
    assert time.monotonic() - signalled < 30
    assert not site.storage.exists()


# --- continuous sync -----------------------------------------------------------------------------


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


def test_sync__that_the_server_refuses__warns_and_leaves_the_job_to_the_final_upload(
    site: BatchSite, s3: S3Server
) -> None:
    """W-SYNC-1, W-OUT-4."""
    site.settings["SYNC_SECONDS"] = "1"
    result = site.run(uploading(s3, f"{WRITE} sleep 2", is_synced=True, secret_access_key="wrong"))
    assert result.code == 1
    assert "warning: continuous sync failed (code 1)" in result.stderr
    assert "the output was not uploaded (code 1)" in result.stderr
