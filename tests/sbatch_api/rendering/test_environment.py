"""Environment files, system variables, the script's own files (conformance 9, 10, 13)."""

import os

import pytest
from tests.support.batch import BatchSite, a_job, a_run

from deepsquare.workflow import EnvVar, StepRunResources

pytestmark = pytest.mark.integration

FILE = r"""cat >>"$DEEPSQUARE_ENV" <<'END'
# a comment
GOOD=a=b<<c
BLOCK<<E
one
K=no<<X

E
1BAD=x
PATH=/evil
DEEPSQUARE_TMP=/evil
no form at all
GOOD=again
OPEN<<NEVER
LOST=1
END
"""


def test_file__with_every_form__gives_the_good_ones_and_warns(site: BatchSite) -> None:
    """W-ENV-4, W-ENV-5: warnings name line and key, never the value; each is said once."""
    show = 'echo "$GOOD|$BLOCK|${LOST-none}|${OPEN-none}|$PATH" | sed "s/evil/FAILED/"'
    result = site.run(a_job(a_run(FILE), a_run(show), a_run("true")))
    assert result.stdout.startswith("again|one\nK=no<<X\n|none|none|")
    assert "FAILED" not in result.stdout
    warnings = [line for line in result.stderr.splitlines() if "warning" in line]
    assert [warning.partition(": environment file env: ")[2] for warning in warnings] == [
        "line 8: the key is invalid, skipped",
        "line 9: PATH is reserved, skipped",
        "line 10: DEEPSQUARE_TMP is reserved, skipped",
        "line 11 is neither KEY=value nor KEY<<DELIM, skipped",
        "line 13: OPEN is not terminated, skipped",
    ]


def test_file__above_its_limits__is_cut_with_a_warning(site: BatchSite) -> None:
    """W-ENV-5."""
    write = (
        "{ printf 'BIG='; head -c 131100 /dev/zero | tr '\\0' x; echo; echo SMALL=1; "
        "for i in 1 2 3 4 5 6 7 8 9; do printf '#'; head -c 120000 /dev/zero | tr '\\0' x; echo; "
        'done; echo LATE=1; } >>"$DEEPSQUARE_ENV"'
    )
    result = site.run(a_job(a_run(write), a_run('echo "${BIG-none} $SMALL ${LATE-none}"')))
    assert result.lines == ["none 1 none"]
    assert "the value of BIG is above 131000 bytes" in result.stderr
    assert "only its first MiB is read" in result.stderr


def test_file__of_a_run_with_tasks__is_one_and_exists_from_the_start(site: BatchSite) -> None:
    """W-ENV-8."""
    command = 'test -e "$DEEPSQUARE_ENV" && echo "T$SLURM_PROCID=1" >>"$DEEPSQUARE_ENV"'
    step = a_run(command, resources=StepRunResources(tasks=2))
    assert site.run(a_job(step, a_run('echo "$T0$T1"'), tasks=2)).lines == ["11"]


def test_variables__named_like_the_scripts_own__change_nothing(site: BatchSite) -> None:
    """W-ENV-3."""
    names = (
        "__ds_code",
        "__ds_storage",
        "code",
        "path",
        "name",
        "__node_options",
        "TMPDIR",
        "HOME",
    )
    job = a_job(
        a_run('echo "$__ds_code $code $HOME"', step_if_='"$path" == "x y"'),
        env=tuple(EnvVar(key=name, value="x y") for name in names),
    )
    result = site.run(job)
    assert (result.code, result.lines) == (0, ["x y x y x y"])
    assert not site.storage.exists()


def test_resource_variables__describe_the_job_and_may_be_overridden(site: BatchSite) -> None:
    """W-STO-4, W-STO-1."""
    show = 'echo "$NTASKS $CPUS_PER_TASK $MEM_PER_CPU $GPUS $CPUS $MEM $GPUS_PER_TASK"'
    own = a_run(
        show,
        resources=StepRunResources(gpus_per_task=2),
        env=(EnvVar(key="CPUS", value="mine"),),
    )
    result = site.run(a_job(a_run(show), own, tasks=3, cpus=2, gpus=6))
    assert result.lines == ["3 2 100 6 6 600 0", "3 2 100 6 mine 600 2"]


def test_own_files__are_private_and_nothing_is_made_elsewhere(site: BatchSite) -> None:
    """W-LIFE-7, W-STO-5, W-LOG-1: no logger is started, nothing is written beside the storage."""
    before = sorted((site.root / "home").iterdir())
    command = """
      stat -c '%a %U' "$STORAGE_PATH" "$STORAGE_PATH/.deepsquare"
      find "$STORAGE_PATH/.deepsquare" -type f -perm /077
      umask
    """
    result = site.run(a_job(a_run(command)))
    user = os.environ.get("USER", "root")
    assert result.lines == [f"700 {user}", f"700 {user}", "0022"]
    assert sorted((site.root / "home").iterdir()) == before
    for name in ("shared", "world", "disk", "disk-world"):
        assert list((site.root / name).iterdir()) == []
