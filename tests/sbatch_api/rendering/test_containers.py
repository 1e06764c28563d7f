"""Containers against stubs of the runtimes (conformance 8, 9, 32 to 34)."""

import signal
from pathlib import Path
from typing import Any

import pytest
from tests.support.batch import STUB_TOOLS, BatchSite, a_job, a_run

from deepsquare.workflow import (
    ContainerRun,
    EnvVar,
    ForRange,
    Mount,
    Step,
    StepFor,
    StepRunResources,
)
from deepsquare_sbatch_api.domain.rendering import ImageFacts, image_references, render
from deepsquare_sbatch_api.domain.rendering.containers import (
    file_path,
    hosted_path,
    registry_address,
)
from deepsquare_sbatch_api.domain.rendering.images import reference_of

pytestmark = pytest.mark.integration

RUNTIMES = ["enroot", "apptainer"]
DIGEST = "sha256:" + "ab" * 32


def in_container(
    command: str,
    runtime: str = "enroot",
    *,
    container: dict[str, Any] | None = None,
    **run: Any,
) -> Step:
    box = ContainerRun(
        **{"image": "library/alpine:3", "apptainer": runtime == "apptainer", **(container or {})}
    )
    return a_run(command, container=box, **run)


# --- addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("registry", "image", "digest", "enroot", "apptainer", "hosted"),
    [
        (None, "a/b:1", None, "docker://a/b:1", "docker://a/b:1", "/a/b:1"),
        (None, "a", None, "docker://a:latest", "docker://a:latest", "/a"),
        ("x.docker.io", "a:1", None, "docker://x.docker.io#library/a:1",
         "docker://x.docker.io/library/a:1", "/x.docker.io/a:1"),
        ("q.io", "a:1", None, "docker://q.io#a:1", "docker://q.io/a:1", "/q.io/a:1"),
        ("q.io", "a:1", DIGEST, f"docker://q.io#a:{DIGEST}", f"docker://q.io/a@{DIGEST}",
         "/q.io/a:1"),
    ],
)  # fmt: skip
def test_address__by_runtime__follows_the_table(
    registry: str | None,
    image: str,
    digest: str | None,
    enroot: str,
    apptainer: str,
    hosted: str,
) -> None:
    """W-IMG-3 and the table of 3.12."""
    container = ContainerRun(image=image, registry=registry)
    reference = reference_of(container)
    assert registry_address("enroot", reference, digest) == enroot
    assert registry_address("apptainer", reference, digest) == apptainer
    assert hosted_path(container) == hosted


@pytest.mark.parametrize(
    ("image", "path"),
    [("/a/b.sqsh", "/a/b.sqsh"), ("/../../etc/x", "/etc/x"), ("//a/./b//c", "/a/b/c")],
)
def test_file_path__of_any_image__never_leaves_its_root(image: str, path: str) -> None:
    """3.12."""
    assert file_path(image) == path


# --- environment and programs --------------------------------------------------------------------


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_values__in_a_container__arrive_byte_for_byte(site: BatchSite, runtime: str) -> None:
    """W-ENV-1, W-ENV-2, W-RUN-2, W-ENR-4."""
    value = " a,b \"c\" 'd' $(x) `y` \\ \n\n lines \n"
    site.environment |= {"HOST_LINES": "1\n2", "BOTH_SAY": "host", "odd-name": "x"}
    step = in_container(
        'printf \'%s|\' "$JOB" "$STEP" "$HOST_LINES" "$BOTH_SAY" "$IMAGE_SAYS" "$UID_"; '
        'env | grep ^UID=; echo "$STORAGE_PATH $DEEPSQUARE_ENV $NTASKS"; '
        'echo K=v >>"$DEEPSQUARE_ENV"',
        runtime,
        env=(EnvVar(key="STEP", value=value), EnvVar(key="UID", value="77")),
    )
    job = a_job(
        step,
        in_container('echo "$K $IMAGE_SAYS"', runtime),
        env=(EnvVar(key="JOB", value=value), EnvVar(key="IMAGE_SAYS", value="job")),
    )
    result = site.run(job)
    assert result.code == 0, result.stderr
    expected = f"{value}|{value}|1\n2|image|job||UID=77\n/deepsquare /deepsquare/env 1\nv job\n"
    assert result.stdout == expected
    assert not any("lines" in word for call in result.calls for word in call)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize(
    ("shell", "command", "lines"),
    [
        (None, "echo $0", ["/bin/sh"]),
        ("/bin/bash", "echo $BASH", ["/bin/bash"]),
        ("ENTRYPOINT", "a 'b c' $HOME", ["entry:<a>", "entry:<b c>", "entry:<$HOME>"]),
        (None, "", ["entry:<default>"]),
        ("ENTRYPOINT", "", ["entry:<default>"]),
    ],
)
def test_program__for_each_shell__is_the_right_one(
    site: BatchSite, runtime: str, shell: str | None, command: str, lines: list[str]
) -> None:
    """W-RUN-7, W-APT-1, W-APT-2, W-ENR-1."""
    result = site.run(a_job(in_container(command, runtime, shell=shell)))
    assert (result.code, result.lines) == (0, lines), result.stderr


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_code__of_the_workload__is_the_steps(site: BatchSite, runtime: str) -> None:
    """W-APT-2, W-RUN-3."""
    assert site.run(a_job(in_container("exit 7", runtime))).code == 7


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("work_dir", [None, "/deepsquare/new dir"])
def test_directory__in_a_container__is_the_images_or_the_one_asked_for(
    site: BatchSite, runtime: str, work_dir: str | None
) -> None:
    """W-RUN-6."""
    job = a_job(in_container("pwd", runtime, work_dir=work_dir))
    facts = {image: ImageFacts(working_directory="/image-dir") for image in image_references(job)}
    result = site.run(job, images=facts)
    assert result.lines == [work_dir or "/image-dir"]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_binds__of_a_container__are_at_their_places(site: BatchSite, runtime: str) -> None:
    """W-STO-1, W-RUN-4 and the binds of 3.11."""
    source = site.root / "a b;c'd"
    source.mkdir()
    (source / "file").write_text("bound\n")
    step = in_container(
        "cat '/m x/file'; touch '/m x/y' 2>/dev/null || echo read-only; "
        'for d in "$DEEPSQUARE_TMP" "$DEEPSQUARE_SHARED_WORLD_TMP" "$DEEPSQUARE_DISK_TMP" '
        '"$DEEPSQUARE_DISK_WORLD_TMP"; do touch "$d/made"; done; touch "$HOME/homely"; '
        "ls -d /tmp/.X11-unix",
        runtime,
        container={
            "mounts": (Mount(host_dir=str(source), container_dir="/m x", options="ro"),),
            "mount_home": True,
            "x11": True,
        },
    )
    (site.root / "x11").mkdir()
    site.settings["X11"] = str(site.root / "x11")
    result = site.run(a_job(step))
    assert result.lines[:2] == ["bound", "read-only"], result.stderr
    assert "mounts of step 0 are deprecated" in result.stderr
    for name in ("shared", "world", "disk", "disk-world"):
        assert (site.root / name / "made").exists(), name


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("is_read_only", [False, True])
def test_root__of_a_container__is_writable_unless_asked_otherwise(
    site: BatchSite, runtime: str, is_read_only: bool
) -> None:
    """W-APT-1, W-ENR-1."""
    step = in_container(
        "touch /image-dir/x 2>/dev/null && echo writable || echo read-only",
        runtime,
        container={"read_only_root_fs": is_read_only},
    )
    assert site.run(a_job(step)).lines == ["read-only" if is_read_only else "writable"]


# --- images --------------------------------------------------------------------------------------


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_image__used_by_many__is_fetched_once_by_digest(site: BatchSite, runtime: str) -> None:
    """W-IMG-1, W-IMG-2, W-IMG-3."""
    one = in_container("echo x", runtime)
    loop = Step(
        for_=StepFor(parallel=True, range=ForRange(begin=1, end=3), steps=(one,), max_parallel=3)
    )
    unused = in_container("echo never", runtime, container={"image": "no"}, step_if_="1 -eq 2")
    several = in_container("echo x", runtime, resources=StepRunResources(tasks=2))
    job = a_job(loop, one, unused, several, tasks=3)
    facts = {image: ImageFacts(digest=DIGEST) for image in image_references(job)}
    result = site.run(job, images=facts)
    assert result.lines == ["x"] * 6
    verb = "import" if runtime == "enroot" else "pull"
    fetches = [call for call in result.calls_of(runtime) if call[0] == verb]
    assert len(fetches) == 1
    assert DIGEST in fetches[0][-1]
    assert f"fetching image library/alpine:3 ({DIGEST})" in result.stderr


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_registry__that_fails_once__is_tried_again(site: BatchSite, runtime: str) -> None:
    """W-IMG-4; fault B12."""
    (site.root / "calls.fails").write_text("1")
    result = site.run(a_job(in_container("echo ran", runtime)))
    assert result.lines == ["ran"]
    assert "the next attempt follows in 1 s" in result.stderr


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_image__that_does_not_exist__fails_its_users_at_once(site: BatchSite, runtime: str) -> None:
    """W-IMG-2, W-IMG-4."""
    (site.root / "calls.fails").write_text("99")
    site.environment["STUB_FETCH_ERROR"] = "manifest unknown"
    one = in_container("echo never", runtime)
    loop = StepFor(parallel=True, items=("a", "b"), steps=(one,), max_parallel=2)
    result = site.run(a_job(Step(for_=loop), tasks=2))
    assert (result.code, result.lines) == (9, [])
    assert "manifest unknown" in result.stderr


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_credentials__of_an_image__reach_only_its_fetch(site: BatchSite, runtime: str) -> None:
    """W-IMG-6, W-LIFE-6."""
    container = {"registry": "q.io", "username": "me", "password": "hush hush"}
    step = in_container("env | grep -c hu[s]h; true", runtime, container=container)
    result = site.run(a_job(step))
    assert result.lines == ["0"]
    seen = (site.root / "calls.credentials").read_text()
    assert "me" in seen
    assert "hush hush" in seen
    assert "hush" not in result.stdout + result.stderr
    assert not any("hush" in word for call in result.calls for word in call)
    assert not any((site.root / "home").iterdir())


def test_image_cache__keeps_what_was_fetched_by_digest(site: BatchSite) -> None:
    """W-IMG-5."""
    site.settings["IMAGE_CACHE"] = str(site.root / "kept")
    job = a_job(in_container("echo ran"))
    facts = {image: ImageFacts(digest=DIGEST) for image in image_references(job)}
    site.run(job, images=facts)
    (site.root / "calls").unlink()
    result = site.run(job, images=facts)
    assert result.lines == ["ran"]
    assert not any(call[0] == "import" for call in result.calls_of("enroot"))


def test_creation__that_fails__fails_the_step_with_enroots_message(site: BatchSite) -> None:
    """W-ENR-2."""
    site.environment["STUB_CREATE_FAILS"] = "1"
    result = site.run(a_job(in_container("echo never")))
    assert (result.code, result.lines) == (3, [])
    assert "Invalid image format" in result.stderr


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_home__that_the_host_has_not__is_left_out(site: BatchSite, runtime: str) -> None:
    """W-LIFE-5: a variable of the host that is not set fails nothing."""
    site.launcher = ["env", "-u", "HOME"]
    step = in_container("echo ran", runtime, container={"mount_home": True})
    result = site.run(a_job(step))
    assert (result.code, result.lines) == (0, ["ran"]), result.stderr


@pytest.mark.parametrize("ending", ["success", "failure", "signal", "timeout"])
def test_container__after_any_end__is_removed(site: BatchSite, ending: str) -> None:
    """W-ENR-3, W-SIG-5."""
    command = {"success": "true", "failure": "exit 3"}.get(
        ending, "trap 'echo ended; exit 0' TERM; echo up; for i in $(seq 300); do sleep 0.1; done"
    )
    step = in_container(command, step_timeout=5 if ending == "timeout" else None)
    with site.start(a_job(step)) as batch:
        if ending == "signal":
            batch.wait_for_output("up\n")
            batch.signal(signal.SIGTERM)
        result = batch.result()
    assert result.code == {"success": 0, "failure": 3, "signal": 143, "timeout": 124}[ending]
    if ending in ("signal", "timeout"):
        assert result.lines == ["up", "ended"]
    assert _left(site.root / "enroot-data") == []
    assert _left(site.root / "disk") == []


def test_containers__of_concurrent_steps__are_apart_without_slurms_number(site: BatchSite) -> None:
    """W-ENR-1, W-LIFE-7: names are of job, step and task, whatever `srun` tells of itself."""
    tools = site.root / "tools"
    tools.mkdir()
    (tools / "srun").write_text(
        '#!/bin/bash\nwhile [[ $1 == --* ]]; do shift; done\nunset SLURM_STEP_ID\nexec "$@"\n'
    )
    (tools / "srun").chmod(0o755)
    site.settings["PATH"] = f"{tools}:{STUB_TOOLS}"
    command = (
        'touch "$STORAGE_PATH/$index"; until [ -e "$STORAGE_PATH/$((3 - index))" ]; do :; done'
    )
    loop = StepFor(
        steps=(in_container(f"{command}; echo $index"),),
        parallel=True,
        range=ForRange(begin=1, end=2),
    )
    result = site.run(a_job(Step(for_=loop), tasks=2))
    assert (result.code, sorted(result.lines)) == (0, ["1", "2"]), result.stderr


def _left(path: Path) -> list[str]:
    return [entry.name for entry in path.iterdir()] if path.exists() else []


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("network", ["slirp4netns", "pasta"])
def test_container__in_a_network_namespace__has_device_user_and_servers(
    site: BatchSite, runtime: str, network: str
) -> None:
    """W-NET-1, W-NET-3, W-NET-5, W-RUN-5, W-ENR-3."""
    step = in_container(
        "grep -c net0 /proc/net/dev; id -u; exit 4",
        runtime,
        network=network,
        map_uid=0,
        dns=("1.1.1.1",),
    )
    result = site.run(a_job(step))
    assert (result.code, result.lines) == (4, ["1", "0"]), result.stderr
    assert _left(site.root / "disk") == []
    assert _left(site.root / "enroot-data") == []


def test_gpu_options__of_a_container__are_exact(site: BatchSite) -> None:
    """W-RUN-1."""
    steps = (
        in_container("true", resources=StepRunResources(tasks=2, gpus_per_task=1)),
        a_run("true", disable_cpu_binding=True, mpi="pmi2"),
    )
    result = site.run(a_job(*steps, tasks=2, gpus=2))
    runs = [call for call in result.calls_of("srun") if "--exact" in call]
    assert runs[0][5:8] == ["--gpu-bind=none", "--gpus-per-task=1", "--gpus=2"]
    assert runs[1][5:9] == ["--mpi=pmi2", "--cpu-bind=none", "--gpus-per-task=0", "--gpus=0"]


def test_rendering__of_images__tells_what_look_up_found() -> None:
    """W-REN-12."""
    job = a_job(in_container("true"), in_container("true"))
    (reference,) = image_references(job)
    facts = ImageFacts(digest=DIGEST)
    assert render(job, nonce="0" * 32, images={reference: facts}).images == ((reference, facts),)
