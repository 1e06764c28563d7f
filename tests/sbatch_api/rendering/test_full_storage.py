"""A storage that fills up: what cannot be written whole is not used (workflow.md 3.1, 3.6)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.batch import BatchSite, a_job, a_run

from deepsquare.workflow import EnvVar, Step, StepAsyncLaunch, StepFor

pytestmark = pytest.mark.integration

FILL = 'dd if=/dev/zero of="$STORAGE_PATH/filling" bs=4k 2>/dev/null; true'
LARGE_BYTES = 100_000
LARGE_COMMAND = "true\n" * (LARGE_BYTES // 5) + "echo large\n"
IN_A_SMALL_FILE_SYSTEM = 'mount -t tmpfs -o size=1m none "$1" && shift && exec "$@"'


@pytest.fixture
def full_site(site: BatchSite) -> Iterator[BatchSite]:
    """A site whose storage is a file system of 1 MiB, in a mount namespace of the batch's own."""
    storage = str(site.root / "storage")
    site.launcher = ["unshare", "--user", "--map-root-user", "--mount", "bash", "-c"]
    site.launcher += [IN_A_SMALL_FILE_SYSTEM, "bash", storage]
    yield site
    assert list(Path(storage).iterdir()) == []


@pytest.mark.parametrize(
    "step",
    [
        a_run('echo "${#LARGE}"', env=(EnvVar(key="LARGE", value="x" * LARGE_BYTES),)),
        a_run(f"echo start; : {'x' * LARGE_BYTES}"),
        a_run(LARGE_COMMAND),
        a_run("echo run", step_if_=f"-n '{'x' * LARGE_BYTES}'"),
    ],
    ids=["values", "command", "document", "condition"],
)
def test_step__that_finds_no_room_for_its_files__fails_instead_of_running_a_part(
    full_site: BatchSite, step: Step
) -> None:
    """W-RUN-4, W-ENV-2, W-IF-3."""
    result = full_site.run(a_job(a_run(FILL), step, a_run("echo later")))
    assert result.code in (1, 2)
    assert result.lines == []
    assert "No space left on device" in result.stderr


def test_launch__that_fills_the_storage__still_tells_its_code(full_site: BatchSite) -> None:
    """W-STEP-2: whoever awaits it does not wait for ever."""
    launch = StepAsyncLaunch(handle_name="h", steps=(a_run(f"sleep 0.5; {FILL}; exit 6"),))
    after = a_run("echo never", step_depends_on=("h",))
    result = full_site.run(a_job(Step(launch=launch), after, tasks=2))
    assert (result.code, result.lines) == (6, [])


def test_environment_file__when_there_is_no_room_for_its_copy__fails_the_loop(
    full_site: BatchSite,
) -> None:
    """W-ENV-7: no iteration runs with a part of it."""
    entries = 'for i in $(seq 2000); do echo "K$i=some value"; done >>"$DEEPSQUARE_ENV"'
    loop = StepFor(parallel=True, items=("a",), steps=(a_run('echo "$K2000"'),))
    result = full_site.run(a_job(a_run(entries), a_run(FILL), Step(for_=loop)))
    assert (result.code, result.lines) == (1, [])
    assert "cannot write the files of i2-i1" in result.stderr
