"""Modules at run time (conformance 25, 46)."""

from typing import Any

import pytest
from tests.support.batch import NONCE, BatchSite, a_job, a_run

from deepsquare.workflow import EnvVar, Job, Module, Step, StepAsyncLaunch, StepFor
from deepsquare.workflow.model.expansion import ExpandedUse, PlacedStep, ResolvedModule
from deepsquare_sbatch_api.domain.rendering import render

pytestmark = pytest.mark.integration

RESOLVED = ResolvedModule(
    source="github.com/o/r/m@v1", repository="https://github.com/o/r", path="m", commit="a" * 40
)


def a_use(
    *body: Step,
    bindings: dict[str, str] | None = None,
    outputs: tuple[str, ...] = (),
    export: str | None = None,
    **step: Any,
) -> Step:
    use = ExpandedUse(
        source=RESOLVED.source,
        export_env_as=export,
        resolved=RESOLVED,
        module=Module(steps=body),
        bindings=tuple(EnvVar(key=key, value=value) for key, value in (bindings or {}).items()),
        outputs=outputs,
        body=body,
    )
    return Step(use=use, **step)


def test_bindings__are_literal_and_stay_inside(site: BatchSite) -> None:
    """W-USE-1, W-ENV-1: bindings hide outer variables, those not bound stay visible."""
    module = a_use(
        a_run('echo "$A|$B|$OUTER"'), bindings={"A": "${STORAGE_PATH} $(x)", "B": "two\nlines"}
    )
    job = a_job(module, a_run('echo "${A-none} $B"'), env=_env(B="job", OUTER="seen"))
    assert site.run(job).stdout == "${STORAGE_PATH} $(x)|two\nlines|seen\nnone job\n"


def _env(**values: str) -> tuple[EnvVar, ...]:
    return tuple(EnvVar(key=key, value=value) for key, value in values.items())


def test_outputs__with_export__become_prefixed_variables(site: BatchSite) -> None:
    """W-USE-2, W-ENV-4: exact keys, any value; everything else stays inside."""
    write = (
        "printf 'RESULT<<E\\n1\\n2\\nE\\nRESULT2=no\\nRESULT_LONG=no\\n' >>\"$DEEPSQUARE_ENV\"; "
        'echo "inside $DEEPSQUARE_ENV" | sed "s/ .*storage/ storage/"'
    )
    module = a_use(a_run(write), a_run('echo "$RESULT2"'), outputs=("RESULT", "NONE"), export="P")
    later = a_run('env | grep -c ^RESULT; echo "$P_RESULT"', step_if_='"$P_RESULT" == 1?2')
    result = site.run(a_job(module, later))
    assert result.lines[1:] == ["no", "0", "1", "2"]
    assert ".deepsquare" in result.lines[0]


def test_outputs__without_export_or_after_a_failure__stay_inside(site: BatchSite) -> None:
    """W-USE-2."""
    write = 'echo K=v >>"$DEEPSQUARE_ENV"'
    silent = a_use(a_run(write), outputs=("K",))
    failed = a_use(
        a_run(f"{write}; exit 3"), outputs=("K",), export="P", catch=(a_run("echo caught"),)
    )
    result = site.run(a_job(silent, failed, a_run('echo "${K-none} ${P_K-none}"')))
    assert result.lines == ["caught", "none none"]


def test_children__see_the_module_and_write_to_the_using_scope(site: BatchSite) -> None:
    """W-USE-3."""
    child = a_run(
        'echo "child $A $IN"; echo FROM_CHILD=yes >>"$DEEPSQUARE_ENV"',
        step_finally_=(a_run('echo "finally $A"'),),
    )
    module = a_use(
        a_run('echo IN=inside >>"$DEEPSQUARE_ENV"'), PlacedStep.of(child), bindings={"A": "a"}
    )
    result = site.run(a_job(module, a_run('echo "$FROM_CHILD ${IN-none}"')))
    assert result.lines == ["child a inside", "finally a", "yes none"]


def test_children__handed_on_by_another_module__still_write_to_the_job(site: BatchSite) -> None:
    """W-USE-3."""
    child = PlacedStep.of(PlacedStep.of(a_run('echo C=job >>"$DEEPSQUARE_ENV"')))
    inner = a_use(child, a_run('echo "inner ${C-none}"'))
    result = site.run(a_job(a_use(inner), a_run('echo "$C"')))
    assert result.lines == ["inner job", "job"]


def test_launches__of_a_module__end_with_it_and_its_handles_are_its_own(site: BatchSite) -> None:
    """W-USE-4, W-LAUNCH-2."""
    noisy = "trap 'echo ended; exit 0' TERM; echo up; for i in $(seq 300); do sleep 0.1; done"
    inner = Step(launch=StepAsyncLaunch(handle_name="h", steps=(a_run(noisy),)))
    wait = a_run("sleep 0.5")
    outer = Step(launch=StepAsyncLaunch(handle_name="h", steps=(a_run("exit 5"),)))
    result = site.run(
        a_job(
            outer,
            a_use(inner, wait),
            a_run("echo never", step_depends_on=("h",), step_catch=(a_run("echo outer"),)),
            tasks=3,
        )
    )
    assert (result.code, result.lines) == (0, ["up", "ended", "outer"])


def test_child__that_launches_or_awaits__uses_the_callers_handles(site: BatchSite) -> None:
    """W-USE-3, V-HDL."""
    outer = Step(launch=StepAsyncLaunch(handle_name="h", steps=(a_run("exit 5"),)))
    child = a_run("echo never", step_depends_on=("h",), step_catch=(a_run("echo caught"),))
    module_own = Step(launch=StepAsyncLaunch(handle_name="h", steps=(a_run("true"),)))
    result = site.run(a_job(outer, a_use(module_own, PlacedStep.of(child)), tasks=3))
    assert (result.code, result.lines) == (0, ["caught"])


def test_parallel_modules__write_to_copies(site: BatchSite) -> None:
    """W-ENV-7, W-USE-2."""
    module = a_use(a_run('echo "R=$item" >>"$DEEPSQUARE_ENV"'), outputs=("R",), export="P")
    keep = a_run('echo "SEEN_$item=$P_R" >>"$DEEPSQUARE_ENV"')
    loop = Step(for_=StepFor(parallel=True, items=("a", "b"), steps=(module, keep)))
    result = site.run(a_job(loop, a_run('echo "$P_R $SEEN_a $SEEN_b"'), tasks=2))
    assert result.lines == ["b a b"]


def test_module__in_the_script__is_noted_by_source_and_commit() -> None:
    """W-MOD-3, W-REN-12."""
    job: Job = a_job(a_use(a_run("true")))
    rendering = render(job, nonce=NONCE)
    assert rendering.modules == (RESOLVED,)
    assert f"# {RESOLVED.file}\n" in rendering.script
