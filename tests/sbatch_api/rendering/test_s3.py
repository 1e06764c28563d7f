"""S3 in both directions, by the real s5cmd and a real server (conformance 32).

The server checks every signature, so a transfer that succeeds had the right credentials.
"""

import dataclasses
import signal
import time
from typing import Any

import pytest
from tests.sbatch_api.rendering.s3_jobs import WRITE, fetching, uploading
from tests.support.batch import BatchSite, a_job, a_run
from tests.support.s3 import S3Server

from deepsquare.workflow import TransportData

pytestmark = pytest.mark.integration


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
