"""Host steps, run by real bash with a stub srun (conformance 28, 33)."""

import pytest
from tests.support.batch import BatchSite, a_job, a_run

from deepsquare.workflow import EnvVar, Step

pytestmark = pytest.mark.integration


def test_batch__when_all_steps_succeed__prints_output_and_removes_storage(site: BatchSite) -> None:
    """W-LIFE-1, W-LIFE-2, W-LIFE-6, W-STO-2, W-RUN-1."""
    result = site.run(a_job(a_run("echo hello", step_name="greet")))
    assert result.code == 0
    assert result.stdout == "Running: greet\nhello\n"
    assert 'deepsquare: step 0 "greet" started\n' in result.stderr
    assert 'deepsquare: step 0 "greet" finished (code 0, 0 seconds)\n' in result.stderr
    assert not site.storage.exists()
    prepare, run = result.calls_of("srun")
    assert "--ntasks-per-node=1" in prepare
    assert run[:5] == [
        "--job-name=greet",
        "--exact",
        "--ntasks=1",
        "--cpus-per-task=1",
        "--mem-per-cpu=100M",
    ]


def test_batch__when_a_step_fails__has_its_code_and_starts_no_later_step(site: BatchSite) -> None:
    """W-STEP-1, W-LIFE-3, W-LIFE-4."""
    result = site.run(a_job(a_run("exit 3"), a_run("echo never")))
    assert result.code == 3
    assert "never" not in result.stdout
    assert not site.storage.exists()


def test_group__when_a_child_fails__fails_with_its_code(site: BatchSite) -> None:
    """W-STEP-6."""
    group = Step(name="group", steps=(a_run("echo one"), a_run("exit 4"), a_run("echo two")))
    result = site.run(a_job(group))
    assert (result.code, result.lines) == (4, ["one"])


def test_values__of_job_and_step__reach_the_program_and_no_argument(site: BatchSite) -> None:
    """W-ENV-1, W-ENV-2, W-RUN-2."""
    value = "a,b \"c\" 'd' $(x) `y` \\ \n\n lines \n"
    job = a_job(
        a_run(
            'printf \'%s|\' "$JOB_VALUE" "$STEP_VALUE" "$UID_IS"; printenv UID; printenv RANDOM',
            env=(EnvVar(key="STEP_VALUE", value=value), EnvVar(key="UID", value="7")),
        ),
        env=(
            EnvVar(key="JOB_VALUE", value=value),
            EnvVar(key="RANDOM", value="x"),
            EnvVar(key="STEP_VALUE", value="lower"),
        ),
    )
    result = site.run(job)
    assert result.stdout == f"{value}|{value}||7\nx\n"
    assert not any("lower" in word or "$(x)" in word for call in result.calls for word in call)


def test_environment_file__when_written__is_seen_by_later_steps(site: BatchSite) -> None:
    """W-ENV-4, W-ENV-6."""
    write = (
        'echo "A=b=c \\"d\\"" >>"$DEEPSQUARE_ENV"; printf "B<<E\\n1\\n2\\nE\\n" >>"$DEEPSQUARE_ENV"'
    )
    result = site.run(a_job(a_run(write), a_run('echo "$A"; echo "$B"')))
    assert result.stdout == 'b=c "d"\n1\n2\n'
