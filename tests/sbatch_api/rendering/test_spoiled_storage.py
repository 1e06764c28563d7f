"""Workloads that remove or close what the script keeps in their storage (conformance 26, 29)."""

import os

import pytest
from tests.support.batch import BatchSite, a_job, a_run, processes_left

from deepsquare.workflow import Step, StepAsyncLaunch, StepFor

pytestmark = pytest.mark.integration

REMOVED = 'rm "$DEEPSQUARE_ENV"'
A_FOLDER = f'{REMOVED}; mkdir "$DEEPSQUARE_ENV"'
A_PIPE = f'{REMOVED}; mkfifo "$DEEPSQUARE_ENV"'
A_HOLE = 'truncate -s 50G "$DEEPSQUARE_ENV"'
LARGE = 'head -c 200000000 /dev/zero | tr "\\0" x >"$DEEPSQUARE_ENV"'


@pytest.mark.parametrize("how", [REMOVED, A_FOLDER, A_PIPE, A_HOLE, LARGE])
def test_environment_file__when_a_step_spoils_it__counts_as_empty(
    site: BatchSite, how: str
) -> None:
    """W-ENV-5, W-ENV-7, W-LIFE-5."""
    loop = StepFor(parallel=True, items=("a",), steps=(a_run('echo "$item"'),))
    launch = StepAsyncLaunch(handle_name="h", steps=(a_run("echo launched"),))
    after = a_run("echo after", step_depends_on=("h",), step_if_="-z $KEY")
    job = a_job(a_run(how), Step(for_=loop), Step(launch=launch), after)
    result = site.run(job, timeout_s=30)
    assert (result.code, result.lines) == (0, ["a", "launched", "after"])
    assert "internal error" not in result.stderr


@pytest.mark.parametrize("how", ['cd /; rm -rf "$STORAGE_PATH"', 'chmod 0 "$STORAGE_PATH"'])
def test_finalisers__when_a_step_spoils_the_storage__run_all_the_same(
    site: BatchSite, how: str
) -> None:
    """W-LIFE-1, W-LIFE-2, W-LIFE-3, W-SITE-4."""
    if os.geteuid() == 0:
        caps = "--bounding-set=-dac_override,-dac_read_search"
        site.launcher = ["setpriv", caps]  # permissions hold for root as for customers
    hook = site.root / "hook"
    hook.write_text('#!/bin/sh\necho "hook $DEEPSQUARE_ERROR_CODE"\n')
    hook.chmod(0o755)
    site.settings["POST_HOOK"] = str(hook)
    waiting = StepAsyncLaunch(steps=(a_run("echo up; while :; do sleep 0.1; done"),))
    spoiling = a_run(f"sleep 0.5; {how}; exit 4")
    with site.start(a_job(Step(launch=waiting), spoiling, tasks=2)) as batch:
        result = batch.result()
        assert processes_left(batch.process.pid) == []
    assert (result.code, result.lines) == (4, ["up", "hook 4"])
    assert list((site.root / "storage").iterdir()) == []
