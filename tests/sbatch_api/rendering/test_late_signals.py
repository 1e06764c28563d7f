"""A first signal that comes while something is being ended already (conformance 26, 28)."""

import signal
import time

import pytest
from tests.support.batch import BatchSite, a_job, a_run

from deepsquare.workflow import Step, StepAsyncLaunch, StepFor

pytestmark = pytest.mark.integration

LONG = "for i in $(seq 400); do sleep 0.1; done"
STUBBORN = f"trap 'echo told' TERM; echo up; {LONG}"


def a_launch(command: str) -> Step:
    return Step(launch=StepAsyncLaunch(steps=(a_run(command),)))


def test_signal__while_launches_are_ended__is_the_code_of_job_and_post_hook(
    site: BatchSite,
) -> None:
    """W-SIG-3, W-LIFE-3, W-SITE-4."""
    hook = site.root / "hook"
    hook.write_text('#!/bin/sh\necho "hook $DEEPSQUARE_ERROR_CODE"\n')
    hook.chmod(0o755)
    site.settings["POST_HOOK"] = str(hook)
    slow = f"trap 'echo ending; sleep 1; exit 0' TERM; touch \"$STORAGE_PATH/up\"; {LONG}"
    wait = a_run('until [ -e "$STORAGE_PATH/up" ]; do sleep 0.05; done')
    with site.start(a_job(a_launch(slow), wait, tasks=2)) as batch:
        batch.wait_for_output("ending\n")
        batch.signal(signal.SIGINT)
        result = batch.result()
    assert (result.code, result.lines[-1]) == (130, "hook 130")


@pytest.mark.parametrize("where", ["launch", "iteration"])
def test_signal__while_one_that_ignores_its_end_is_awaited__bounds_the_wait(
    site: BatchSite, where: str
) -> None:
    """W-SIG-2, W-SIG-7: the stop time counts from the signal, though the grace is longer."""
    site.settings.update(GRACE_SECONDS="15", STOP_SECONDS="8")
    failing = 'until [ -e "$STORAGE_PATH/up" ]; do sleep 0.05; done; exit 3'
    stubborn = f'touch "$STORAGE_PATH/up"; {STUBBORN}'
    if where == "launch":
        job = a_job(a_launch(stubborn), a_run(failing), tasks=2)
    else:
        command = f"if [ $item = a ]; then {failing}; fi; {stubborn}"
        loop = StepFor(steps=(a_run(command),), parallel=True, items=("a", "b"))
        job = a_job(Step(for_=loop), tasks=2)
    with site.start(job) as batch:
        batch.wait_for_output("told\n")
        begin = time.monotonic()
        batch.signal(signal.SIGTERM)
        result = batch.result()
        assert time.monotonic() - begin < 13
    assert "stopping on signal 15" in result.stderr
    assert not site.storage.exists()


def test_signal__during_the_storages_removal__is_the_code(site: BatchSite) -> None:
    """W-LIFE-3: from the first to the last act."""
    tools = site.root / "tools"
    tools.mkdir()
    (tools / "rm").write_text(
        '#!/bin/sh\ncase "$*" in *0xjob.7) echo removing; sleep 1 ;; esac\nexec /bin/rm "$@"\n'
    )
    (tools / "rm").chmod(0o755)
    site.settings["PATH"] = f"{tools}:{site.variables()['DEEPSQUARE_SITE_PATH']}"
    with site.start(a_job(a_run("true"))) as batch:
        batch.wait_for_output("removing\n")
        batch.signal(signal.SIGTERM)
        result = batch.result()
    assert result.code == 143
    assert not site.storage.exists()
